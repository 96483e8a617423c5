"""The relaxed space of differentiable policies: one row of weights a decision, and the way back to an architecture.

Rows of all decisions lie in one matrix, shape (decisions, most options of any), zero beyond a decision's options.
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
"""The most combinations of choices that one code numbers."""

CHUNK = 2**16
"""So many keys are turned into choices at once."""

SAMPLES = 10_000
"""So many cells stand for a space that is too large to enumerate."""

LEAST = np.finfo(np.float64).tiny
"""Weights below count as this much, so that an architecture with fewer impossible choices is still the better one."""


class RelaxedSpace:
    """The rows of the decisions with these options, as tuples in messages and as a matrix in a policy."""

    def __init__(self, options: Sequence[int]) -> None:
        self.options = tuple(options)
        self.inside: npt.NDArray[np.bool_] = np.arange(max(options)) < np.array(options)[:, None]
        """Which entries of a matrix are choices."""

    def mixture(self, rows: Floats) -> Mixture:
        """The mixture of a matrix."""
        return tuple(tuple(row[:n]) for row, n in zip(rows.tolist(), self.options, strict=True))

    def rows(self, mixture: Mixture) -> Floats:
        """The matrix of a mixture, or of a slope, which has its shape."""
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
    """The slope less its mean under each row: what of it is left where a row keeps its sum."""
    means: Floats = (rows * slope).sum(axis=1, keepdims=True)
    return slope - means


def softmax_slope(rows: Floats, slope: Floats) -> Floats:
    """The slope in the logits of which ``rows`` are the softmax, from the slope in the rows."""
    return rows * centred(rows, slope)


def most_probable(space: SearchSpace, rows: Floats) -> Architecture:
    """The architecture of the space with the largest product of its choices' weights, shape (decisions, options).

    It is the row of the largest weights where that is a cell, the lowest choice first among equals; else the best of
    all cells as the space writes them (``from_keys``), in each of their labellings, the lowest key first among equals.
    A space that is too large to enumerate is stood for by 10,000 fixed samples.
    """
    inside = RelaxedSpace(space.options).inside
    first = Architecture(tuple(np.where(inside, rows, -np.inf).argmax(axis=1).tolist()))
    if space.contains(first):
        return first
    return candidates(space).best(np.log(np.maximum(rows, LEAST)))


@dataclass(frozen=True, slots=True)
class CandidateBlock:
    """Neighbouring decisions from ``start`` on with ``options``, and the numbers of their choices in each candidate."""

    start: int
    options: tuple[int, ...]
    codes: npt.NDArray[np.integer[Any]]

    def sums(self, logs: Floats) -> Floats:
        """The sums of logarithms, shape (candidates,)."""
        rows = [logs[self.start + i, :n] for i, n in enumerate(self.options)]
        table: Floats = np.ravel(reduce(np.add.outer, rows))
        sums: Floats = table[self.codes]
        return sums

    def choices(self, candidate: int) -> list[int]:
        """The choices of one candidate."""
        return [int(choice) for choice in np.unravel_index(int(self.codes[candidate]), self.options)]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Architectures packed by blocks of decisions: 5 MB for the 1.3 million labelled cells of NAS-Bench-101."""

    blocks: tuple[CandidateBlock, ...]

    def best(self, logs: Floats) -> Architecture:
        """The first of those with the largest sum of ``logs``, shape (decisions, options)."""
        sums = self.blocks[0].sums(logs)
        for block in self.blocks[1:]:
            sums += block.sums(logs)
        top = int(sums.argmax())
        return Architecture(tuple(choice for block in self.blocks for choice in block.choices(top)))


@lru_cache(maxsize=4)
def candidates(space: SearchSpace) -> Candidates:
    """All labelled cells of a space in the order of their keys, or a fixed sample where they are too many."""
    starts = [0]
    for end in range(1, len(space.options)):
        if math.prod(space.options[starts[-1] : end + 1]) > CODES:
            starts.append(end)
    parts = [space.options[a:b] for a, b in zip(starts, [*starts[1:], None], strict=True)]
    packed = [[_codes(rows[:, a : a + len(n)], n) for a, n in zip(starts, parts, strict=True)] for rows in _rows(space)]
    codes = [np.concatenate(pieces) for pieces in zip(*packed, strict=True)]
    return Candidates(tuple(CandidateBlock(*block) for block in zip(starts, parts, codes, strict=True)))


def _codes(choices: Choices, options: Sequence[int]) -> npt.NDArray[np.integer[Any]]:
    """The mixed-radix numbers of choices, the last decision counting single, in the smallest type that holds them."""
    numbers = np.ravel_multi_index(tuple(choices.T), tuple(options))
    return np.asarray(numbers).astype(np.min_scalar_type(math.prod(options) - 1))


def _rows(space: SearchSpace) -> Iterator[Choices]:
    """The choices of all labelled cells in pieces, or those of the fixed sample."""
    try:
        cells = space.enumerate_keys()
    except SpaceError:
        yield space.sample_many(stream(0, "most probable"), SAMPLES)
        return
    keys, _ = space.aliases(cells)
    for start in range(0, len(keys), CHUNK):
        yield space.from_keys(keys[start : start + CHUNK])
