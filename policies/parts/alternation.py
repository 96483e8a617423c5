"""The loop of differentiable policies: parameters of the mixture and shared weights learn in turn (Liu et al. 2019).

A step asks for the slope of the validation loss at a mixture (``Gradient``), moves the policy's own parameters by it,
and lets the shared weights take a step at the new mixture (``Update``). Since the next Gradient depends on that Update
only through the oracle, the two are asked together: one round a step.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import torch
from torch.optim import Optimizer

from harness.core.oracle import Gradient, Query, QueryKind, Slope, State, Trial, Update
from harness.core.space import Architecture, SearchSpace
from policies.networks.arrays import to_arrays, to_tensors
from policies.parts.ranges import require_at_least
from policies.parts.relaxed import RelaxedSpace, most_probable
from policies.parts.step import Floats


class QueryGroup:
    """Queries that wait for no answer of each other, about ``rows`` of shape (queries, decisions, options).

    The first ``updates`` are Updates, the others Gradients. ``slopes`` are those of the Gradients ``answered`` so far,
    NaN where one failed or is not finite.
    """

    def __init__(self, rows: Sequence[Floats], updates: int, slopes: Sequence[Floats] = (), answered: int = 0) -> None:
        self.rows = list(rows)
        self.updates = updates
        self.slopes = list(slopes)
        self.answered = answered

    @property
    def complete(self) -> bool:
        """Whether every query has its answer."""
        return self.answered == len(self.rows)

    def state_dict(self, shape: tuple[int, ...]) -> dict[str, Any]:
        """The group as plain values; ``shape`` is that of the matrix of one query."""
        rows, slopes = (np.array(part, np.float64).reshape(-1, *shape) for part in (self.rows, self.slopes))
        return {"rows": rows, "slopes": slopes, "updates": self.updates, "answered": self.answered}

    @classmethod
    def from_state(cls, state: State) -> QueryGroup:
        """The group of a ``state_dict``."""
        rows, slopes = (np.array(state[name], np.float64) for name in ("rows", "slopes"))
        return cls(list(rows), state["updates"], list(slopes), state["answered"])


class AlternatingPolicy(ABC):
    """``warmup`` epochs of Updates alone, then ``epochs`` in which parameters learn as well, of ``updates`` steps each.

    Subclasses say which mixture the parameters stand for and how its slope reaches them. ``start`` holds their first
    values, one for each choice, shape (decisions, options). A step whose Gradient failed leaves them as they are.
    """

    needs: ClassVar[frozenset[QueryKind]] = frozenset({Gradient, Update})
    recipe: ClassVar[str]
    """The published training protocol of the shared weights that this policy was used with."""

    unrolled = False
    """Whether slopes are taken after one virtual step of the shared weights (Liu et al. 2019, Eq. 6)."""

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        start: Floats,
        optimiser: Callable[[list[torch.Tensor]], Optimizer],
        *,
        epochs: int,
        updates: int,
        warmup: int = 0,
    ) -> None:
        require_at_least(1, epochs=epochs, updates=updates)
        require_at_least(0, warmup=warmup)
        self.space, self.rng = space, rng
        self.epochs, self.updates, self.warmup = epochs, updates, warmup
        self.relaxation = RelaxedSpace(space.options)
        self._tensor = torch.nn.Parameter(torch.tensor(np.where(self.relaxation.inside, start, 0.0)))
        self._optimiser = optimiser([self._tensor])
        self._warmed = self._learned = self._updated = 0
        self._group = QueryGroup((), 0)

    @property
    def parameters(self) -> Floats:
        """The parameters, shape (decisions, options): a view, which ``_move`` changes."""
        values: Floats = self._tensor.detach().numpy()
        return values

    @property
    def epoch(self) -> int:
        """The number of complete epochs in which the parameters learned."""
        return self._learned // self.updates

    @abstractmethod
    def _relax(self, epoch: int) -> Floats:
        """The rows to ask about next, in this epoch of learning."""

    @abstractmethod
    def _slope(self, rows: Floats, slope: Floats) -> Floats:
        """The slope in the parameters, from the slope in the rows that were asked about."""

    @abstractmethod
    def _preferences(self) -> Floats:
        """Rows of which the most probable architecture is recommended."""

    def ask(self, limit: int) -> list[Query]:
        """What is left of the present group, at most ``limit`` queries; [] when finished."""
        if self._group.complete:
            self._group = self._begin()
        start = self._group.answered
        mixtures = [self.relaxation.mixture(rows) for rows in self._group.rows[start : start + limit]]
        trained = max(self._group.updates - start, 0)
        updates: list[Query] = [Update((mixture,)) for mixture in mixtures[:trained]]
        return updates + [Gradient(mixture, self.unrolled) for mixture in mixtures[trained:]]

    def tell(self, trials: Sequence[Trial]) -> None:
        """Note the slopes, and learn from them once the group is complete."""
        if not trials:
            return
        group = self._group
        group.slopes += [self._read(trial) for trial in trials if isinstance(trial.query, Gradient)]
        group.answered += len(trials)
        if group.complete:
            self._finish(group)

    def _read(self, trial: Trial) -> Floats:
        answer = trial.answer
        rows = self.relaxation.rows(answer.gradient) if isinstance(answer, Slope) else np.array(np.nan)
        return rows if np.isfinite(rows).all() else np.full(self.relaxation.inside.shape, np.nan)

    def _begin(self) -> QueryGroup:
        """The next group with at least one query, or one without any when the search is finished."""
        if self._warmed < self.warmup:
            self._warmed += 1
            return QueryGroup([self._relax(0) for _ in range(self.updates)], self.updates)
        trained = self._pending_updates()
        asked = [self._relax(self.epoch)] if self.epoch < self.epochs else []
        return QueryGroup([*trained, *asked], len(trained))

    def _pending_updates(self) -> list[Floats]:
        """The rows of the Update that the latest step of the parameters is owed, if any."""
        if self._updated == self._learned:
            return []
        self._updated += 1
        return [self._relax((self._learned - 1) // self.updates)]

    def _finish(self, group: QueryGroup) -> None:
        """Learn from a group whose queries are all answered."""
        for rows, slope in zip(group.rows[group.updates :], group.slopes, strict=True):
            if np.isfinite(slope).all():
                self._move(self._slope(rows, slope))
            self._learned += 1

    def _move(self, slope: Floats) -> None:
        """One step of the optimiser."""
        self._tensor.grad = torch.from_numpy(slope)
        self._optimiser.step()

    def recommend(self) -> Architecture:
        """The most probable architecture of the space."""
        return most_probable(self.space, self._preferences())

    def state_dict(self) -> dict[str, Any]:
        """The generator's state, the parameters, their optimiser, the present group, and how far the search is."""
        return {
            "rng": self.rng.bit_generator.state,
            "parameters": self.parameters.copy(),
            "optimiser": to_arrays(self._optimiser.state_dict()["state"]),
            "group": self._group.state_dict(self.relaxation.inside.shape),
            "steps": [self._warmed, self._learned, self._updated],
        }

    def load_state_dict(self, state: State) -> None:
        """Go back to where ``state_dict`` was taken."""
        self.rng.bit_generator.state = state["rng"]
        self.parameters[:] = state["parameters"]
        groups = self._optimiser.state_dict()["param_groups"]
        self._optimiser.load_state_dict({"state": to_tensors(state["optimiser"]), "param_groups": groups})
        self._group = QueryGroup.from_state(state["group"])
        self._warmed, self._learned, self._updated = state["steps"]
