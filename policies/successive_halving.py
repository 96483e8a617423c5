"""Successive halving (Jamieson, Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter Optimization",
AISTATS 2016) on the budgets of a table: many cells for few epochs, the best of them for more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from harness.core.errors import SettingError
from harness.core.space import SearchSpace
from policies.parts.halving import HalvingPolicy
from policies.parts.ranges import require_at_least


class SuccessiveHalving(HalvingPolicy):
    """Draws ``cells`` at random and keeps the best ``1 / eta`` after each budget; repeats this ``brackets`` times.

    ``brackets=None`` goes on until the budget is spent or 10,000 draws in a row were cells drawn before.

    ``budgets`` are epochs of training; a table provides its own.
    """

    until_spent: ClassVar[Mapping[str, Any]] = {"brackets": None}

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        budgets: tuple[int, ...] = (),
        cells: int = 81,
        eta: int = 3,  # Li et al. 2018, Sec. 2.6
        brackets: int | None = 1,
    ) -> None:
        require_at_least(1, brackets=brackets)
        self.brackets = brackets
        super().__init__(space, rng, budgets=budgets, eta=eta)
        if cells < (least := eta ** (len(budgets) - 1)):
            raise SettingError(
                f"setting 'cells' cannot be {cells!r}: with less than {least} none is left for {budgets[-1]} epochs"
            )
        self.cells = cells

    @property
    def _endless(self) -> bool:
        return self.brackets is None

    def _bracket(self, number: int) -> tuple[int, int] | None:
        return (0, self.cells) if self.brackets is None or number < self.brackets else None
