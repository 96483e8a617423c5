"""A small space with holes and twins, closed-form answers, and a driver that can split, cut and stop a search."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.core.budget import Cost
from harness.core.oracle import Answer, Failed, Query, Scored, Trial, Update, Updated
from harness.core.random import stream
from harness.core.space import Architecture, Choices, SearchSpace

Value = Callable[[tuple[int, ...]], float]


class Holes(SearchSpace):
    """Every row of the options except those whose choices sum to a multiple of 5; mirrored ends are the same cell."""

    scheme = "holes"

    def __init__(self, options: Sequence[int] = (2, 3, 2, 3)) -> None:
        self.options, self.name = tuple(options), "holes"
        self._base = np.cumprod([1, *self.options[:-1]], dtype=np.int64)

    @property
    def size(self) -> int:
        return len(self.enumerate_keys())

    def keys(self, choices: Choices) -> npt.NDArray[np.int64]:
        return np.where(choices.sum(1) % 5 > 0, choices @ self._base, -1)

    def canonical_keys(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        rows = self.from_keys(np.maximum(keys, 0))
        twins = rows.copy()
        twins[:, 0], twins[:, 2] = rows[:, 2] % self.options[0], rows[:, 0] % self.options[2]
        return np.where(keys < 0, keys, np.minimum(rows @ self._base, twins @ self._base))

    def from_keys(self, keys: npt.NDArray[np.int64]) -> Choices:
        return keys[:, None] // self._base % np.asarray(self.options)

    def everything(self) -> Choices:
        """All rows of choices, holes included."""
        return self.from_keys(np.arange(math.prod(self.options)))

    @cached_property
    def _cells(self) -> npt.NDArray[np.int64]:
        keys = self.keys(self.everything())
        return np.unique(self.canonical_keys(keys[keys >= 0]))

    def enumerate_keys(self) -> npt.NDArray[np.int64]:
        return self._cells

    def sample(self, rng: np.random.Generator) -> Architecture:
        return self.from_key(int(rng.choice(self.enumerate_keys())))

    def format(self, architecture: Architecture) -> str:
        return " ".join(map(str, architecture.choices))

    def parse(self, text: str) -> Architecture:
        return Architecture(tuple(map(int, text.split())))


def hill(choices: tuple[int, ...]) -> float:
    """A separable landscape in [0, 1]: the share of decisions that are at choice 1."""
    return sum(choice == 1 for choice in choices) / len(choices)


def answer(query: Query, value: Value | None) -> Answer:
    """The answer to one query; ``value=None`` lets every Score fail."""
    if isinstance(query, Update):
        return Updated(None, Cost())
    assert not hasattr(query, "mixture")
    return Failed("as told", Cost(1)) if value is None else Scored(value(query.architecture.choices), Cost(1))


def rounds(policy: Any, value: Value | None = hill, *, limit: int = 10**6) -> Iterator[list[Trial]]:
    """The rounds of a search, each told to the policy before it is yielded."""
    number = 0
    while queries := policy.ask(limit):
        trials = [Trial(number + i, query, answer(query, value)) for i, query in enumerate(queries)]
        number += len(trials)
        policy.tell(trials)
        yield trials


def finish(policy: Any, value: Value | None = hill, *, limit: int = 10**6) -> list[Trial]:
    """All trials of a search run to its end."""
    return [trial for trials in rounds(policy, value, limit=limit) for trial in trials]


def rng(seed: int = 1) -> np.random.Generator:
    return stream(seed, "policy")
