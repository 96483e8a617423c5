"""The adapter that turns any ask-and-tell optimiser into a policy."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from harness.core.oracle import Query, QueryKind, Score, Scored, State, Trial
from harness.core.random import stream
from harness.core.space import Architecture, SearchSpace
from policies.parts.ranges import require_at_least
from policies.parts.repeats import RepeatCounter
from policies.parts.step import FAILED, BestArchitecture

TRIES = 100
"""After this many consecutive suggestions outside the space, the space's sampler draws a cell."""

MOST_REPEATS = 1_000
"""Consecutive suggestions without a new cell after which a search without ``samples`` ends."""

ChoiceRow = tuple[int, ...]


class AdaptedPolicy(ABC):
    """Scores ``samples`` suggestions of an optimiser, one at a time, and recommends the best.

    ``samples=None`` goes on until the budget is spent or 1,000 suggestions in a row were cells suggested before.

    A subclass defines how to create the optimiser (``_restart``), how it suggests a point (``_suggest``), and how it
    receives a value (``_observe``). A suggestion may depend only on its seed and on the values received so far. So a
    resumed run creates a new optimiser and repeats its suggestions and values: the optimiser's own state is never
    stored, and resuming takes as long as all its suggestions so far.

    A suggestion outside the space is not scored: the optimiser receives it as failed, and suggests another.
    """

    needs: ClassVar[frozenset[QueryKind]] = frozenset({Score})
    until_spent: ClassVar[Mapping[str, Any]] = {"samples": "queries"}  # an optimiser's time grows with its suggestions

    def __init__(self, space: SearchSpace, rng: np.random.Generator, *, samples: int | None = 100) -> None:
        require_at_least(1, samples=samples)
        self.space, self.samples = space, samples
        self._seed = int(rng.integers(2**32))
        self._best = BestArchitecture(np.array(space.sample(rng).choices, np.int64))
        self._told: list[tuple[ChoiceRow, float]] = []
        self._scored, self._asked = 0, ()
        self._repeats = RepeatCounter(space, MOST_REPEATS)
        self._restart()

    _asked: ChoiceRow
    """The suggestion that waits for its answer, if any."""

    @abstractmethod
    def _restart(self) -> None:
        """Create a new optimiser, which has received no values."""

    @abstractmethod
    def _suggest(self, seed: int) -> Sequence[int]:
        """Let the optimiser suggest one choice for each decision of the space, with this seed."""

    @abstractmethod
    def _observe(self, row: ChoiceRow, value: float) -> None:
        """Give the optimiser the value of a suggestion; larger is better, NaN means that it failed or is no cell."""

    def ask(self, limit: int) -> list[Query]:
        """The next suggestion; [] when finished."""
        if self._scored == self.samples or self._repeats.ended:
            return []
        self._asked = self._asked or self._next()
        return [Score(Architecture(self._asked))]

    def _next(self) -> ChoiceRow:
        for _ in range(TRIES):
            row = self._suggestion()
            if self.space.contains(Architecture(row)):
                return row
            self._tell(row, FAILED)
        self._suggestion()
        return self.space.sample(stream(self._draw("sample"))).choices

    def _suggestion(self) -> ChoiceRow:
        return tuple(int(choice) for choice in self._suggest(self._draw("suggestion")))

    def _draw(self, name: str) -> int:
        """A seed that depends on the run and on the number of values that the optimiser has received."""
        return int(stream(self._seed, name, len(self._told)).integers(2**32))

    def tell(self, trials: Sequence[Trial]) -> None:
        """Pass the answer on to the optimiser."""
        for trial in trials:
            row, self._asked = self._asked, ()
            value = trial.answer.value if isinstance(trial.answer, Scored) else FAILED
            self._best.offer(np.array([row], np.int64), [value])
            self._scored += 1
            if self.samples is None:
                self._repeats.add(np.array([row], np.int64))
            self._tell(row, value)

    def _tell(self, row: ChoiceRow, value: float) -> None:
        self._told.append((row, value))
        self._observe(row, value)

    def recommend(self) -> Architecture:
        """The architecture of the best answer so far."""
        return self._best.architecture

    def state_dict(self) -> dict[str, Any]:
        """All values that the optimiser has received, and the suggestion that waits for its answer."""
        rows = np.array([row for row, _ in self._told], np.int64).reshape(-1, len(self.space.options))
        told = {"rows": rows, "values": np.array([value for _, value in self._told], np.float64)}
        place = {"seed": self._seed, "scored": self._scored, "asked": list(self._asked)}
        repeats = {"repeats": self._repeats.state_dict()} if self.samples is None else {}
        return {"best": self._best.state_dict(), **told, **place, **repeats}

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        self._seed, self._scored, self._asked = int(state["seed"]), int(state["scored"]), tuple(state["asked"])
        self._best = BestArchitecture.from_state(state["best"])
        if self.samples is None:
            self._repeats.load_state_dict(state["repeats"])
        rows, values = (np.asarray(state[name]).tolist() for name in ("rows", "values"))
        self._told = []
        self._restart()
        for row, value in zip(map(tuple, rows), values, strict=True):
            self._suggestion()
            self._tell(row, value)
        if self._asked:
            self._suggestion()
