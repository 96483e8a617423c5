"""A space of ten cells, small enough to state its truth by hand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from harness.core.errors import SpaceError
from harness.core.space import Architecture, Choices, SearchSpace


class Pairs(SearchSpace):
    """Unordered pairs of numbers 0 to 3: (a, b) and (b, a) are one cell; the key of a labelling is 4a + b."""

    name = "pairs"
    scheme = "pairs"
    options = (4, 4)
    size = 10

    def keys(self, choices: Choices) -> npt.NDArray[np.int64]:
        return choices[:, 0] * 4 + choices[:, 1]

    def canonical_keys(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return np.where(keys < 0, -1, np.minimum(keys, keys % 4 * 4 + keys // 4))

    def from_keys(self, keys: npt.NDArray[np.int64]) -> Choices:
        return np.stack([keys // 4, keys % 4], axis=1)

    def owns(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        return (keys >= 0) & (keys < 16)

    def aliases(self, keys: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        every = np.arange(16)
        rows = np.searchsorted(keys, self.canonical_keys(every))
        found = np.isin(self.canonical_keys(every), keys)
        return every[found], rows[found]

    def format(self, architecture: Architecture) -> str:
        return "-".join(map(str, architecture.choices))

    def parse(self, text: str) -> Architecture:
        parts = text.split("-")
        if len(parts) != 2 or not all(part.isdigit() and int(part) < 4 for part in parts):
            raise SpaceError(f"{text!r} is no pair; expected two numbers from 0 to 3 like '1-2'")
        return Architecture(tuple(map(int, parts)))

    def sample(self, rng: np.random.Generator) -> Architecture:
        return Architecture(tuple(rng.integers(4, size=2).tolist()))

    def enumerate_keys(self) -> npt.NDArray[np.int64]:
        return np.unique(self.canonical_keys(np.arange(16)))
