"""Hyperband (Li, Jamieson, DeSalvo, Rostamizadeh, Talwalkar, "Hyperband: A Novel Bandit-Based Approach to
Hyperparameter Optimization", JMLR 2018, Algorithm 1) on the budgets of a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from harness.core.space import SearchSpace
from policies.parts.halving import HalvingPolicy
from policies.parts.ranges import require_at_least


class Hyperband(HalvingPolicy):
    """Runs the brackets of Algorithm 1 ``rounds`` times, from many cells on all budgets to few on the largest alone.

    ``rounds=None`` goes on until the budget is spent or 10,000 draws in a row were cells drawn before.

    A bracket that uses ``s + 1`` of the ``smax + 1`` budgets begins with ``ceil((smax + 1) / (s + 1) eta^s)`` cells.
    ``budgets`` are epochs of training, ideally each ``eta`` times the one before; a table provides its own.
    """

    until_spent: ClassVar[Mapping[str, Any]] = {"rounds": None}

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        budgets: tuple[int, ...] = (),
        eta: int = 3,  # Li et al. 2018, Sec. 2.6
        rounds: int | None = 10,
    ) -> None:
        require_at_least(1, rounds=rounds)
        self.rounds = rounds
        super().__init__(space, rng, budgets=budgets, eta=eta)

    @property
    def _endless(self) -> bool:
        return self.rounds is None

    def _bracket(self, number: int) -> tuple[int, int] | None:
        round_, place = divmod(number, len(self.budgets))
        left = len(self.budgets) - place  # s + 1
        cells = -(-len(self.budgets) * self.eta ** (left - 1) // left)
        return (place, cells) if self.rounds is None or round_ < self.rounds else None
