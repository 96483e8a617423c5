"""Regularised evolution (Real, Aggarwal, Huang, Le, "Regularized Evolution for Image Classifier Architecture Search",
AAAI 2019, Algorithm 1): tournaments choose the parents, and age alone removes from the population."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np

from harness.core.oracle import Score, State
from harness.core.space import Choices, SearchSpace
from policies.parts.ranges import require_at_least
from policies.parts.step import SearchStep, SteppedPolicy, draw


class Evolution(SteppedPolicy):
    """Evolves ``population`` members: each child is a mutation of the best of ``tournament`` random members.

    ``samples`` is the number of Scores, including the first population; ``None`` means the paper's 20,000, but no more
    than the space has cells. ``children`` are bred at a time from the same population: 1 is the serial algorithm,
    more keep as many workers busy. A mutation is drawn uniformly from the changes of one decision that stay in the
    space; the paper's two mutations (an operation, an input of a node) are such changes.
    """

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        samples: int | None = None,
        population: int = 100,  # Real et al. 2019, Sec. 4: P = 100
        tournament: int = 25,  # Real et al. 2019, Sec. 4: S = 25
        children: int = 1,
    ) -> None:
        require_at_least(1, samples=samples, population=population, tournament=tournament, children=children)
        self.samples = min(20_000, space.size) if samples is None else samples  # Real et al. 2019, Sec. 4: 20K models
        rows = draw(space, rng, min(population, self.samples))
        super().__init__(space, rng, rows[0])
        self.population, self.tournament, self.children = population, tournament, children
        self._members: deque[tuple[Choices, float]] = deque(maxlen=population)
        self._bred = len(rows)
        self._step = SearchStep(Score, rows)

    def _begin(self) -> SearchStep:
        count = min(self.children, self.samples - self._bred)
        if count <= 0:
            return self._nothing()
        self._bred += count
        return SearchStep(Score, np.stack([mutate(self.space, self.rng, self._parent()) for _ in range(count)]))

    def _parent(self) -> Choices:
        """The best of a random sample (with replacement, as in Algorithm 1); a failed member loses to any other."""
        drawn = self.rng.integers(len(self._members), size=self.tournament).tolist()
        return max((self._members[i] for i in drawn), key=lambda member: member[1])[0]

    def _finish(self, step: SearchStep) -> None:
        """Add the step's rows to the population; a full population drops as many of its oldest members."""
        self._members.extend(zip(step.rows, worst_if_failed(step.values), strict=True))

    def state_dict(self) -> dict[str, Any]:
        """Also the members, oldest first, and how many were bred."""
        rows = np.array([row for row, _ in self._members], np.int64).reshape(-1, len(self.space.options))
        values = np.array([value for _, value in self._members], np.float64)
        return super().state_dict() | {"rows": rows, "values": values, "bred": self._bred}

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        super().load_state_dict(state)
        rows, values = np.array(state["rows"], np.int64), np.asarray(state["values"]).tolist()
        self._members = deque(zip(rows, values, strict=True), maxlen=self.population)
        self._bred = int(state["bred"])


def mutate(space: SearchSpace, rng: np.random.Generator, row: Choices) -> Choices:
    """A uniform draw from the rows of the space that differ from ``row`` in one decision; ``row`` if there are none."""
    near = one_away(row, space.options)
    near = near[space.keys(near) >= 0]
    return near[rng.integers(len(near))] if len(near) else row.copy()


def one_away(row: Choices, options: Sequence[int]) -> Choices:
    """All rows that differ from ``row`` in exactly one decision, inside the space or not."""
    changes = [(i, choice) for i, n in enumerate(options) for choice in range(n) if choice != row[i]]
    near = np.tile(row, (len(changes), 1))
    if changes:
        decisions, choices = zip(*changes, strict=True)
        near[np.arange(len(changes)), decisions] = choices
    return near


def worst_if_failed(values: Sequence[float]) -> list[float]:
    """The values, with minus infinity in place of NaN (failed)."""
    return [-np.inf if value != value else value for value in values]
