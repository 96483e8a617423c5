"""Random: one architecture drawn by the space's sampler, without a search; the baseline that every search must beat."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from harness.core.oracle import Query, QueryKind, State, Trial
from harness.core.space import Architecture, SearchSpace


class Random:
    """One draw a seed (Yu et al., "Evaluating the Search Phase of Neural Architecture Search", ICLR 2020, Sec. 3.1)."""

    needs: ClassVar[frozenset[QueryKind]] = frozenset()
    recommends_unscored = True

    def __init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        self._draw = space.sample(rng)

    def ask(self, limit: int) -> list[Query]:
        """Nothing: a random architecture costs no search."""
        return []

    def tell(self, trials: Sequence[Trial]) -> None:
        """Do nothing: no query was asked."""

    def recommend(self) -> Architecture:
        """The one draw."""
        return self._draw

    def state_dict(self) -> dict[str, Any]:
        """The one draw."""
        return {"choices": list(self._draw.choices)}

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        self._draw = Architecture(tuple(state["choices"]))
