"""Local search: move to the best neighbour until there is none better, then start again elsewhere (White, Nolen,
Savani, "Exploring the Loss Landscape in Neural Architecture Search", UAI 2021, Algorithm 1)."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from harness.core.oracle import Score, State
from harness.core.space import Choices, SearchSpace
from policies.evolution import one_away, worst_if_failed
from policies.parts.cells import canonical, draw_unseen, unseen
from policies.parts.ranges import require_at_least
from policies.parts.step import SearchStep, SteppedPolicy


class LocalSearch(SteppedPolicy):
    """Starts from the best of ``initial`` random cells, and scores all cells one decision away before each move.

    A descent ends where no neighbour is better. Then another starts, ``restarts`` times. ``restarts=None`` goes on
    until ``samples`` cells (by default 20,000, but no more than the space has) or all cells were scored. No cell is
    scored twice, in any labelling: a neighbour's known score is used again.
    """

    kept: ClassVar[tuple[str, ...]] = ("_here", "_descending", "_descents")

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        samples: int | None = None,
        initial: int = 10,  # naszilla/naszilla, naszilla/nas_algorithms.py: num_init
        restarts: int | None = None,
    ) -> None:
        require_at_least(1, samples=samples, initial=initial)
        require_at_least(0, restarts=restarts)
        self.samples = min(20_000, space.size) if samples is None else samples
        self.initial, self.restarts = initial, restarts
        rows = draw_unseen(space, rng, min(initial, self.samples), np.empty(0, np.int64))
        super().__init__(space, rng, rows[0])
        self._known: dict[int, float] = {}
        self._here, self._descending, self._descents = rows[0], False, 0
        self._step = SearchStep(Score, rows)

    def _begin(self) -> SearchStep:
        while len(self._known) < self.samples:
            near = one_away(self._here, self.space.options)
            rows = near[unseen(self.space, near, self._seen())] if self._descending else self._starts()
            if len(rows):
                return SearchStep(Score, rows[: self.samples - len(self._known)])
            if not self._descending:
                break
            self._move(near)
        return self._nothing()

    def _seen(self) -> Choices:
        return np.fromiter(self._known, np.int64, len(self._known))

    def _starts(self) -> Choices:
        """Random cells to start a descent from; none if all restarts are used up or all cells are known."""
        if self.restarts is not None and self._descents > self.restarts:
            return self._nothing().rows
        return draw_unseen(self.space, self.rng, self.initial, self._seen())

    def _finish(self, step: SearchStep) -> None:
        self._known |= zip(canonical(self.space, step.rows).tolist(), worst_if_failed(step.values), strict=True)
        if self._descending:
            return self._move(one_away(self._here, self.space.options))
        self._here, self._descending = step.rows[int(np.argmax(worst_if_failed(step.values)))], True
        return None

    def _move(self, near: Choices) -> None:
        """Move to the best of these rows (the first of equals) if it beats the current cell; else end the descent."""
        keys = canonical(self.space, near).tolist()
        values = [self._known.get(key, -np.inf) for key in keys]
        here = self._known[int(canonical(self.space, self._here[None])[0])]
        if values and max(values) > here:
            self._here = near[int(np.argmax(values))]
        else:
            self._descending, self._descents = False, self._descents + 1

    def state_dict(self) -> dict[str, Any]:
        """Also the canonical key and value of every scored cell."""
        values = np.array([*self._known.values()], np.float64)
        return super().state_dict() | {"keys": self._seen(), "values": values}

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        super().load_state_dict(state)
        keys, values = (np.asarray(state[name]).tolist() for name in ("keys", "values"))
        self._known = dict(zip(keys, values, strict=True))
