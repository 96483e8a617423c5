"""The relaxed space of differentiable policies: a row of weights for each decision, and the most probable architecture.

One matrix holds the rows of all decisions, shape (decisions, largest number of options), padded with zeros.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, reduce
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.core.errors import SpaceError
from harness.core.random import stream
from harness.core.space import Architecture, Choices, Mixture, SearchSpace
from policies.parts.step import Floats

CODES = 2**16
"""The largest number of combinations of choices that one code represents."""

CHUNK = 2**16
"""The number of keys that are converted to choices at once."""

SAMPLES = 10_000
"""The number of sampled cells that represent a space too large to enumerate."""

LEAST = np.finfo(np.float64).tiny
"""The lower bound of weights, so that of two architectures of weight 0 the one with fewer impossible choices wins."""


class RelaxedSpace:
    """Converts between the mixtures of messages (tuples) and a policy's matrices, for decisions with these options."""

    def __init__(self, options: Sequence[int]) -> None:
        self.options = tuple(options)
        self.inside: npt.NDArray[np.bool_] = np.arange(max(options)) < np.array(options)[:, None]
        """Marks the entries of a matrix that are choices, not padding."""

    def mixture(self, rows: Floats) -> Mixture:
        """A matrix as a mixture."""
        return tuple(tuple(row[:n]) for row, n in zip(rows.tolist(), self.options, strict=True))

    def rows(self, mixture: Mixture) -> Floats:
        """A mixture, or a slope in one, as a matrix."""
        rows = np.zeros(self.inside.shape)
        rows[self.inside] = list(chain.from_iterable(mixture))
        return rows

    def softmax(self, logits: Floats) -> Floats:
        """The softmax of each row over its own options."""
        shifted = np.where(self.inside, logits, -np.inf)
        odds = np.exp(shifted - shifted.max(axis=1, keepdims=True))
        weights: Floats = odds / odds.sum(axis=1, keepdims=True)
        return weights


def centred(rows: Floats, slope: Floats) -> Floats:
    """The slope minus its mean weighted by each row: the slope along changes that keep the sum of a row."""
    means: Floats = (rows * slope).sum(axis=1, keepdims=True)
    return slope - means


def softmax_slope(rows: Floats, slope: Floats) -> Floats:
    """The slope in the logits, from the slope in ``rows``, which are the softmax of the logits."""
    return rows * centred(rows, slope)


def most_probable(space: SearchSpace, rows: Floats) -> Architecture:
    """The architecture of the space with the largest product of its choices' weights, shape (decisions, options).

    Where the space's encoding has a rule of its own (``read_off``), that rule decides.

    Where the choices with the largest weights form a cell, that cell is returned, with the lowest of equal choices.
    Otherwise it is the best of all cells in all their labellings, as ``from_keys`` writes them; the lowest of equal
    keys wins. 10,000 fixed samples represent a space that is too large to enumerate.
    """
    if (found := space.read_off(rows)) is not None:
        return found
    inside = RelaxedSpace(space.options).inside
    first = Architecture(tuple(np.where(inside, rows, -np.inf).argmax(axis=1).tolist()))
    if space.contains(first):
        return first
    return candidates(space).best(np.log(np.maximum(rows, LEAST)))


@dataclass(frozen=True, slots=True)
class CandidateBlock:
    """Consecutive decisions from ``start`` on with ``options``, and the code of their choices in each candidate."""

    start: int
    options: tuple[int, ...]
    codes: npt.NDArray[np.integer[Any]]

    def sums(self, logs: Floats) -> Floats:
        """The sum of each candidate's log weights in this block, shape (candidates,)."""
        rows = [logs[self.start + i, :n] for i, n in enumerate(self.options)]
        table: Floats = np.ravel(reduce(np.add.outer, rows))
        sums: Floats = table[self.codes]
        return sums

    def choices(self, candidate: int) -> list[int]:
        """The choices of one candidate in this block."""
        return [int(choice) for choice in np.unravel_index(int(self.codes[candidate]), self.options)]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Architectures packed by blocks of decisions: 5 MB for the 1.3 million labelled cells of NAS-Bench-101."""

    blocks: tuple[CandidateBlock, ...]

    def best(self, logs: Floats) -> Architecture:
        """The first candidate with the largest sum of ``logs``, shape (decisions, options)."""
        sums = self.blocks[0].sums(logs)
        for block in self.blocks[1:]:
            sums += block.sums(logs)
        top = int(sums.argmax())
        return Architecture(tuple(choice for block in self.blocks for choice in block.choices(top)))


@lru_cache(maxsize=4)
def candidates(space: SearchSpace) -> Candidates:
    """All labelled cells of a space in the order of their keys; a fixed sample if there are too many."""
    starts = [0]
    for end in range(1, len(space.options)):
        if math.prod(space.options[starts[-1] : end + 1]) > CODES:
            starts.append(end)
    parts = [space.options[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True)]
    packed = [[_codes(rows[:, a : a + len(n)], n) for a, n in zip(starts, parts, strict=True)] for rows in _rows(space)]
    codes = [np.concatenate(pieces) for pieces in zip(*packed, strict=True)]
    return Candidates(tuple(CandidateBlock(*block) for block in zip(starts, parts, codes, strict=True)))


def _codes(choices: Choices, options: Sequence[int]) -> npt.NDArray[np.integer[Any]]:
    """Choices as mixed-radix numbers with the last decision as the lowest digit, in the smallest integer type."""
    numbers = np.ravel_multi_index(tuple(choices.T), tuple(options))
    return np.asarray(numbers).astype(np.min_scalar_type(math.prod(options) - 1))


def _rows(space: SearchSpace) -> Iterator[Choices]:
    """The choices of all labelled cells, in chunks; those of the fixed sample if there are too many cells."""
    try:
        cells = space.enumerate_keys()
    except SpaceError:
        yield space.sample_many(stream(0, "most probable"), SAMPLES)
        return
    keys, _ = space.aliases(cells)
    for start in range(0, len(keys), CHUNK):
        yield space.from_keys(keys[start : start + CHUNK])
