"""Successive halving (Jamieson, Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter Optimization",
AISTATS 2016) on the budgets of a table: many cells for few epochs, the best of them for more."""

from __future__ import annotations

import numpy as np

from harness.core.errors import SettingError
from harness.core.space import SearchSpace
from policies.parts.halving import HalvingPolicy
from policies.parts.ranges import require_at_least


class SuccessiveHalving(HalvingPolicy):
    """Draws ``cells`` at random and keeps the best ``1 / eta`` after each budget; repeats this ``brackets`` times.

    ``budgets`` are epochs of training; a table provides its own.
    """

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        budgets: tuple[int, ...] = (),
        cells: int = 81,
        eta: int = 3,  # Li et al. 2018, Sec. 2.6
        brackets: int = 1,
    ) -> None:
        require_at_least(1, brackets=brackets)
        super().__init__(space, rng, budgets=budgets, eta=eta)
        if cells < (least := eta ** (len(budgets) - 1)):
            raise SettingError(
                f"setting 'cells' cannot be {cells!r}: with less than {least} none is left for {budgets[-1]} epochs"
            )
        self.cells, self.brackets = cells, brackets

    def _bracket(self, number: int) -> tuple[int, int] | None:
        return (0, self.cells) if number < self.brackets else None
