"""Brackets of successive halving: many cells are trained for few epochs, the best of them for more, and so on."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from harness.core.errors import IncompatibleError
from harness.core.oracle import Score, State
from harness.core.space import Choices, SearchSpace
from policies.parts.ranges import require_at_least
from policies.parts.repeats import RepeatCounter
from policies.parts.step import BestArchitecture, SearchStep, SteppedPolicy, draw

MOST_REPEATS = 10_000
"""Consecutive draws without a new cell after which a search whose end is left to the budget ends."""


class HalvingPolicy(SteppedPolicy):
    """Scores the cells of a bracket at each of its ``budgets`` in turn, and keeps the best ``1 / eta`` each time.

    ``budgets`` are epochs of training, ascending. Values at different budgets are never compared: the policy recommends
    the best cell at the largest budget that was reached. Raises IncompatibleError for fewer than two budgets.
    """

    kept: ClassVar[tuple[str, ...]] = ("_rows", "_begun", "_rung", "_trusted")

    def __init__(self, space: SearchSpace, rng: np.random.Generator, *, budgets: Sequence[int], eta: int) -> None:
        require_at_least(2, eta=eta)
        if len(budgets) < 2 or sorted({*budgets}) != list(budgets):
            raise IncompatibleError(
                f"budgets {tuple(budgets)!r}: halving needs at least two ascending numbers of epochs; choose a table "
                "with several budgets (`harness table list`), or set `budgets`"
            )
        self.budgets, self.eta = tuple(budgets), eta
        self._begun = self._rung = self._trusted = 0
        self._repeats = RepeatCounter(space, MOST_REPEATS)
        super().__init__(space, rng, draw(space, rng, 1)[0])
        self._rows = self._nothing().rows

    @property
    @abstractmethod
    def _endless(self) -> bool:
        """Whether the policy's settings leave the end to the budget."""

    @abstractmethod
    def _bracket(self, number: int) -> tuple[int, int] | None:
        """The index of the first budget and the number of cells of bracket ``number`` (from 0); None after the last."""

    def _begin(self) -> SearchStep:
        if not len(self._rows):
            bracket = self._bracket(self._begun)
            if bracket is None or self._repeats.ended:
                return self._nothing()
            self._rung, cells = bracket
            self._rows, self._begun = draw(self.space, self.rng, cells), self._begun + 1
            if self._endless:
                self._repeats.add(self._rows)
        return SearchStep(Score, self._rows, epochs=self.budgets[self._rung])

    def _offer(self, rows: Choices, values: Sequence[float]) -> None:
        epochs = self._step.epochs or 0
        if epochs > self._trusted and not np.isnan(values).all():
            self._best, self._trusted = BestArchitecture(rows[0]), epochs
        if epochs == self._trusted:
            self._best.offer(rows, values)

    def state_dict(self) -> dict[str, Any]:
        """Also the cells drawn, if the end is left to the budget."""
        return super().state_dict() | ({"repeats": self._repeats.state_dict()} if self._endless else {})

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        super().load_state_dict(state)
        if self._endless:
            self._repeats.load_state_dict(state["repeats"])

    def _finish(self, step: SearchStep) -> None:
        """Keep the best ``1 / eta`` of the step's rows, the earlier of equals; failed rows are dropped."""
        kept = len(step.rows) // self.eta if step.epochs != self.budgets[-1] else 0
        values = np.asarray(step.values)
        order = np.argsort(-values, kind="stable")
        self._rows = step.rows[[place for place in order.tolist() if values[place] == values[place]][:kept]]
        self._rung += 1
