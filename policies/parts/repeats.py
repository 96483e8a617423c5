"""Ends a search without a number of samples of its own once its samples are cells that it asked for before."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.core.oracle import State
from harness.core.space import Choices, SearchSpace
from policies.parts.cells import canonical


class RepeatCounter:
    """Counts the samples since the last one of a new cell; ``ended`` after ``most`` of them.

    Where repeated cells are free, a search that goes on until its budget is spent would never end without it once it
    has asked for all the cells that it finds.
    """

    def __init__(self, space: SearchSpace, most: int) -> None:
        self.space, self.most = space, most
        self._seen = np.empty(0, np.int64)
        self._repeats = 0

    @property
    def ended(self) -> bool:
        """Whether the last ``most`` samples were all of cells that had been seen."""
        return self._repeats >= self.most

    def add(self, rows: Choices) -> None:
        """Count these samples, shape (rows, decisions), in order."""
        keys = canonical(self.space, rows)
        first = np.zeros(len(keys), bool)
        first[np.unique(keys, return_index=True)[1]] = True
        new = np.flatnonzero(first & ~np.isin(keys, self._seen))
        self._repeats = self._repeats + len(keys) if not len(new) else len(keys) - 1 - int(new[-1])
        self._seen = np.union1d(self._seen, keys)

    def state_dict(self) -> dict[str, Any]:
        """The canonical keys of the cells seen, and the count."""
        return {"seen": self._seen.copy(), "repeats": self._repeats}

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        self._seen, self._repeats = np.array(state["seen"], np.int64), int(state["repeats"])
