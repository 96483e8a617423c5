"""Random search: the best of several random architectures, by validation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from harness.core.oracle import Score, State
from harness.core.space import Choices, SearchSpace
from policies.parts.cells import draw_by
from policies.parts.ranges import require_at_least
from policies.parts.repeats import RepeatCounter
from policies.parts.step import SearchStep, SteppedPolicy, draw

MOST_REPEATS = 10_000
"""Consecutive draws without a new cell after which a search without ``samples`` ends."""


class RandomSearch(SteppedPolicy):
    """Scores ``samples`` independent draws, ``batch`` at a time, and recommends the best.

    ``samples=None`` goes on until the budget is spent or 10,000 draws in a row were cells drawn before. ``sampler`` is
    ``cells``, uniform over the cells that the encoding reaches, or ``decisions``, uniform choices until they are a
    cell, as a policy begins that knows nothing of its decisions. By default the space's sampler draws.
    """

    kept: ClassVar[tuple[str, ...]] = ("_drawn",)
    implied: ClassVar[Mapping[str, Any]] = {"sampler": None}
    until_spent: ClassVar[Mapping[str, Any]] = {"samples": None}

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        samples: int | None = 100,
        batch: int = 100,
        sampler: Literal["cells", "decisions"] | None = None,
    ) -> None:
        require_at_least(1, samples=samples, batch=batch)
        self.space, self.rng, self.sampler = space, rng, sampler
        self.samples, self.batch, self._drawn = samples, batch, 0
        self._repeats = RepeatCounter(space, MOST_REPEATS)
        rows = self._draw()
        super().__init__(space, rng, rows[0])
        self._step = SearchStep(Score, rows)

    def _begin(self) -> SearchStep:
        return self._nothing() if self._repeats.ended else SearchStep(Score, self._draw())

    def _draw(self) -> Choices:
        """The draws of the next batch, shape (draws, decisions)."""
        count = self.batch if self.samples is None else min(self.batch, self.samples - self._drawn)
        rows = draw_by(self.space, self.rng, count, self.sampler) if self.sampler else draw(self.space, self.rng, count)
        self._drawn += len(rows)
        if self.samples is None:
            self._repeats.add(rows)
        return rows

    def _finish(self, step: SearchStep) -> None:
        """Nothing to learn: every draw is independent of the others."""

    def state_dict(self) -> dict[str, Any]:
        """Also the cells drawn, in a search without a number of samples."""
        return super().state_dict() | ({"repeats": self._repeats.state_dict()} if self.samples is None else {})

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        super().load_state_dict(state)
        if self.samples is None:
            self._repeats.load_state_dict(state["repeats"])
