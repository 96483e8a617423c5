"""Searches in steps: the queries of a step are asked in pieces of any size; the policy learns after the last answer.

So neither the limit of an ``ask`` nor a checkpoint between two pieces changes a policy's search.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from harness.core.oracle import Query, QueryKind, Score, Scored, State, Trial, Update
from harness.core.space import Architecture, Choices, SearchSpace
from policies.parts.kept import kept_state, restore_kept

Floats = npt.NDArray[np.float64]

FAILED = float("nan")
"""The value of an answer without a value: a failure, or the answer to an Update."""


@dataclass(slots=True, eq=False)
class SearchStep:
    """Queries of one kind about ``rows``, shape (queries, decisions), and the ``values`` of the answers so far.

    ``epochs`` and ``batches`` are those of each Score.
    """

    kind: type[Score] | type[Update]
    rows: Choices
    values: list[float] = field(default_factory=list)
    epochs: int | None = field(default=None, kw_only=True)
    batches: int | None = field(default=None, kw_only=True)

    @property
    def complete(self) -> bool:
        """Whether every query has its answer."""
        return len(self.values) == len(self.rows)

    def take(self, limit: int) -> list[Query]:
        """The next queries without an answer, at most ``limit``."""
        rows = self.rows[len(self.values) :][:limit].tolist()
        architectures = [Architecture(tuple(row)) for row in rows]
        if self.kind is Score:
            return [Score(architecture, self.epochs, self.batches) for architecture in architectures]
        return [Update((architecture,)) for architecture in architectures]

    def add(self, trials: Sequence[Trial]) -> tuple[Choices, list[float]]:
        """Record the answers to the next queries; returns the rows and values of these queries."""
        new = [trial.answer.value if isinstance(trial.answer, Scored) else FAILED for trial in trials]
        start = len(self.values)
        self.values += new
        return self.rows[start : len(self.values)], new

    def state_dict(self) -> dict[str, Any]:
        """The step as plain values."""
        plain = {"kind": self.kind.__name__, "epochs": self.epochs, "batches": self.batches}
        return plain | {"rows": self.rows.copy(), "values": np.asarray(self.values, np.float64)}

    @classmethod
    def from_state(cls, state: State) -> SearchStep:
        """The step of a ``state_dict``."""
        kind = Score if state["kind"] == Score.__name__ else Update
        values = np.asarray(state["values"]).tolist()
        rows = np.array(state["rows"], np.int64)
        return cls(kind, rows, values, epochs=state.get("epochs"), batches=state["batches"])


@dataclass(slots=True, eq=False)
class BestArchitecture:
    """The best architecture offered so far, the earliest of equals; NaN never wins."""

    row: Choices
    value: float = -np.inf

    @classmethod
    def of(cls, rows: Choices, values: Sequence[float]) -> BestArchitecture | None:
        """The best of these rows, shape (rows, decisions); ``None`` if each value is NaN."""
        best = cls(rows[0])
        best.offer(rows, values)
        return best if best.value > -np.inf else None

    @property
    def architecture(self) -> Architecture:
        """The best row as an architecture."""
        return Architecture(tuple(self.row.tolist()))

    def offer(self, rows: Choices, values: Sequence[float]) -> None:
        """Consider these rows, shape (rows, decisions), with one value each."""
        for row, value in zip(rows, values, strict=True):
            if value > self.value:
                self.row, self.value = row.copy(), value

    def state_dict(self) -> dict[str, Any]:
        """The best row and its value."""
        return {"row": self.row.copy(), "value": self.value}

    @classmethod
    def from_state(cls, state: State) -> BestArchitecture:
        """The best of a ``state_dict``."""
        return cls(np.array(state["row"], np.int64), float(state["value"]))


class SteppedPolicy(ABC):
    """A policy that searches in steps; subclasses define the next step (``_begin``) and learn from it (``_finish``).

    It recommends the best Score so far, and ``first``, shape (decisions,), before the first Score.
    """

    needs: ClassVar[frozenset[QueryKind]] = frozenset({Score})
    kept: ClassVar[tuple[str, ...]] = ()
    """The attributes of a subclass, plain values or arrays, that are part of the state."""

    def __init__(self, space: SearchSpace, rng: np.random.Generator, first: Choices) -> None:
        self.space = space
        self.rng = rng
        self._best = BestArchitecture(first)
        self._step = self._nothing()

    @abstractmethod
    def _begin(self) -> SearchStep:
        """The next step; a step without queries when the search is finished."""

    @abstractmethod
    def _finish(self, step: SearchStep) -> None:
        """Learn from a step with all its answers."""

    def ask(self, limit: int) -> list[Query]:
        """The remaining queries of the current step, at most ``limit``; [] when the search is finished."""
        if self._step.complete:
            self._step = self._begin()
        return self._step.take(limit)

    def tell(self, trials: Sequence[Trial]) -> None:
        """Record the answers, and learn from them once the step is complete."""
        if not trials:
            return
        self._offer(*self._step.add(trials))
        if self._step.complete:
            self._finish(self._step)

    def _offer(self, rows: Choices, values: Sequence[float]) -> None:
        """Consider these rows and values for the recommendation."""
        self._best.offer(rows, values)

    def recommend(self) -> Architecture:
        """The architecture of the best answer so far."""
        return self._best.architecture

    def state_dict(self) -> dict[str, Any]:
        """The generator's state, the current step, the best so far, and what is ``kept``; subclasses add their own."""
        step, best = self._step.state_dict(), self._best.state_dict()
        return {"rng": self.rng.bit_generator.state, "step": step, "best": best} | kept_state(self, self.kept)

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        self.rng.bit_generator.state = state["rng"]
        self._step = SearchStep.from_state(state["step"])
        self._best = BestArchitecture.from_state(state["best"])
        restore_kept(self, self.kept, state)

    def _nothing(self) -> SearchStep:
        return SearchStep(Score, np.empty((0, len(self.space.options)), np.int64))


def draw(space: SearchSpace, rng: np.random.Generator, count: int) -> Choices:
    """``count`` draws of the space's sampler, shape (count, decisions)."""
    rows = [space.sample(rng).choices for _ in range(count)]
    return np.array(rows, np.int64).reshape(count, len(space.options))
