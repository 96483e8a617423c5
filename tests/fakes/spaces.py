"""Spaces of a few cells, small enough to state their truth by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from harness.core.errors import SpaceError
from harness.core.space import Architecture, Choices, SearchSpace

Keys = npt.NDArray[np.int64]


class Pairs(SearchSpace):
    """Unordered pairs of the numbers below ``top``: (1, 3) and (3, 1) are one cell; a labelling has key 10a + b."""

    scheme = "pairs"

    def __init__(self, top: int = 4) -> None:
        self.name, self.top, self.options = f"pairs{top}", top, (top, top)

    @property
    def size(self) -> int:
        return self.top * (self.top + 1) // 2

    @property
    def labellings(self) -> Keys:
        """The keys of all ordered pairs, ascending."""
        return np.array([10 * a + b for a in range(self.top) for b in range(self.top)])

    def keys(self, choices: Choices) -> Keys:
        return choices[:, 0] * 10 + choices[:, 1]

    def canonical_keys(self, keys: Keys) -> Keys:
        return np.where(keys < 0, -1, np.minimum(keys, keys % 10 * 10 + keys // 10))

    def from_keys(self, keys: Keys) -> Choices:
        return np.stack([keys // 10, keys % 10], axis=1)

    def owns(self, keys: Keys) -> npt.NDArray[np.bool_]:
        return (keys >= 0) & (keys // 10 < self.top) & (keys % 10 < self.top)

    def aliases(self, keys: Keys) -> tuple[Keys, Keys]:
        every = self.labellings
        found = np.isin(self.canonical_keys(every), keys)
        return every[found], np.searchsorted(keys, self.canonical_keys(every[found]))

    def format(self, architecture: Architecture) -> str:
        return "+".join(map(str, architecture.choices))

    def parse(self, text: str) -> Architecture:
        parts = text.split("+")
        if len(parts) != 2 or not all(part.isdigit() and int(part) < self.top for part in parts):
            raise SpaceError(f"{text!r} is no pair; expected two numbers from 0 to {self.top - 1} like '1+2'")
        return Architecture(tuple(map(int, parts)))

    def sample(self, rng: np.random.Generator) -> Architecture:
        return Architecture(tuple(rng.integers(self.top, size=2).tolist()))

    def enumerate_keys(self) -> Keys:
        return np.unique(self.canonical_keys(self.labellings))


class OrderedPairs(Pairs):
    """Ordered pairs of the numbers below 4: every labelling is a cell of its own."""

    scheme = "ordered"
    size = 16  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.name = "ordered"

    def canonical_keys(self, keys: Keys) -> Keys:
        return keys

    def aliases(self, keys: Keys) -> tuple[Keys, Keys]:
        return SearchSpace.aliases(self, keys)


class Holes(SearchSpace):
    """Every row of the options except those whose choices sum to a multiple of 5; mirrored ends are the same cell."""

    scheme = "holes"

    def __init__(self, options: Sequence[int] = (2, 3, 2, 3)) -> None:
        self.options, self.name = tuple(options), "holes"
        self._base = np.cumprod([1, *self.options[:-1]], dtype=np.int64)

    @property
    def size(self) -> int:
        return len(self.enumerate_keys())

    def keys(self, choices: Choices) -> Keys:
        return np.where(choices.sum(1) % 5 > 0, choices @ self._base, -1)

    def canonical_keys(self, keys: Keys) -> Keys:
        rows = self.from_keys(np.maximum(keys, 0))
        twins = rows.copy()
        twins[:, 0], twins[:, 2] = rows[:, 2] % self.options[0], rows[:, 0] % self.options[2]
        return np.where(keys < 0, keys, np.minimum(rows @ self._base, twins @ self._base))

    def from_keys(self, keys: Keys) -> Choices:
        return keys[:, None] // self._base % np.asarray(self.options)

    def everything(self) -> Choices:
        """All rows of choices, holes included."""
        return self.from_keys(np.arange(math.prod(self.options)))

    @cached_property
    def _cells(self) -> Keys:
        keys = self.keys(self.everything())
        return np.unique(self.canonical_keys(keys[keys >= 0]))

    def enumerate_keys(self) -> Keys:
        return self._cells

    def sample(self, rng: np.random.Generator) -> Architecture:
        return self.from_key(int(rng.choice(self.enumerate_keys())))

    def format(self, architecture: Architecture) -> str:
        return " ".join(map(str, architecture.choices))

    def parse(self, text: str) -> Architecture:
        return Architecture(tuple(map(int, text.split())))
