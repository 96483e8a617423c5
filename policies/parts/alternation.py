"""The loop of differentiable policies: architecture parameters and shared weights learn in turn (Liu et al. 2019).

A step asks for the slope of the validation loss at a mixture (``Gradient``), moves the architecture parameters along
it, and asks for a step of the shared weights at the new mixture (``Update``). The policy does not need the Update's
answer for the next Gradient, so it asks both together: one round of messages for each step.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import torch
from torch.optim import Optimizer

from harness.core.oracle import Gradient, Query, QueryKind, Slope, State, Trial, Update
from harness.core.space import Architecture, SearchSpace
from policies.networks.arrays import to_arrays, to_tensors
from policies.parts.kept import kept_state, restore_kept
from policies.parts.ranges import require_at_least
from policies.parts.relaxed import RelaxedSpace, most_probable
from policies.parts.step import Floats


@dataclass(slots=True, eq=False)
class QueryGroup:
    """Queries that do not depend on each other's answers, about ``rows`` of shape (queries, decisions, options).

    The first ``updates`` queries are Updates, the others Gradients. ``answered`` counts the answers so far. ``slopes``
    holds those of the answered Gradients, NaN where a Gradient failed or is not finite.
    """

    rows: list[Floats]
    updates: int
    slopes: list[Floats] = field(default_factory=list)
    answered: int = 0

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
    """Takes ``warmup`` epochs of Updates alone, then ``epochs`` of Gradients and Updates, of ``updates`` steps each.

    ``warmup_updates`` is the number of steps of a warm-up epoch, ``None`` for ``updates``.
    Subclasses define the mixture of given parameters (``_relax``) and the slope in the parameters (``_slope``).
    ``start`` holds the initial parameters, one for each choice, shape (decisions, options). A step whose Gradient
    failed does not change them.
    """

    needs: ClassVar[frozenset[QueryKind]] = frozenset({Gradient, Update})
    recommends_unscored = True
    recipe: ClassVar[str]
    """The name of the published training protocol of this policy's shared weights."""

    kept: ClassVar[tuple[str, ...]] = ()
    """The attributes of a subclass, plain values or arrays, that are part of the state."""

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
        warmup_updates: int | None = None,
    ) -> None:
        require_at_least(1, epochs=epochs, updates=updates)
        require_at_least(0, warmup=warmup, warmup_updates=warmup_updates)
        self.space, self.rng = space, rng
        self.epochs, self.updates, self.warmup = epochs, updates, warmup
        self.warmup_updates = updates if warmup_updates is None else warmup_updates
        self.relaxation = RelaxedSpace(space.options)
        self._tensor = torch.nn.Parameter(torch.tensor(np.where(self.relaxation.inside, start, 0.0)))
        self._optimiser = optimiser([self._tensor])
        self._warmed = self._learned = self._updated = 0
        self._group = QueryGroup([], 0)

    @property
    def parameters(self) -> Floats:
        """The parameters, shape (decisions, options), as a view that ``_move`` changes."""
        return self._tensor.detach().numpy()

    @property
    def epoch(self) -> int:
        """The number of complete epochs in which the parameters learned."""
        return self._learned // self.updates

    @abstractmethod
    def _relax(self, epoch: int) -> Floats:
        """The rows of the next query in this epoch of learning."""

    @abstractmethod
    def _slope(self, rows: Floats, slope: Floats) -> Floats:
        """The slope in the parameters, from the slope in the rows of a query."""

    def _preferences(self) -> Floats:
        """The rows whose most probable architecture is recommended; by default the softmax of the parameters."""
        return self.relaxation.softmax(self.parameters)

    def ask(self, limit: int) -> list[Query]:
        """The remaining queries of the current group, at most ``limit``; [] when the search is finished."""
        if self._group.complete:
            self._group = self._begin()
        start = self._group.answered
        mixtures = [self.relaxation.mixture(rows) for rows in self._group.rows[start : start + limit]]
        trained = max(self._group.updates - start, 0)
        updates: list[Query] = [Update((mixture,)) for mixture in mixtures[:trained]]
        return updates + [Gradient(mixture, self.unrolled) for mixture in mixtures[trained:]]

    def tell(self, trials: Sequence[Trial]) -> None:
        """Record the slopes, and learn from them once the group is complete."""
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
        """The next group of queries; an empty group when the search is finished."""
        if self._warmed < self.warmup:
            self._warmed += 1
            return QueryGroup([self._relax(0) for _ in range(self.warmup_updates)], self.warmup_updates)
        trained = self._pending_updates()
        asked = [self._relax(self.epoch)] if self.epoch < self.epochs else []
        return QueryGroup([*trained, *asked], len(trained))

    def _pending_updates(self) -> list[Floats]:
        """The rows of the Update that follows the latest step of the parameters, unless it was asked already."""
        if self._updated == self._learned:
            return []
        self._updated += 1
        return [self._relax((self._learned - 1) // self.updates)]

    def _finish(self, group: QueryGroup) -> None:
        """Learn from a group with all its answers."""
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
        """The generator's state, parameters, their optimiser, the current group, counts of steps, what is ``kept``."""
        return kept_state(self, self.kept) | {
            "rng": self.rng.bit_generator.state,
            "parameters": self.parameters.copy(),
            "optimiser": to_arrays(self._optimiser.state_dict()["state"]),
            "group": self._group.state_dict(self.relaxation.inside.shape),
            "steps": [self._warmed, self._learned, self._updated],
        }

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        self.rng.bit_generator.state = state["rng"]
        self.parameters[:] = state["parameters"]
        groups = self._optimiser.state_dict()["param_groups"]
        self._optimiser.load_state_dict({"state": to_tensors(state["optimiser"]), "param_groups": groups})
        self._group = QueryGroup.from_state(state["group"])
        self._warmed, self._learned, self._updated = state["steps"]
        restore_kept(self, self.kept, state)
