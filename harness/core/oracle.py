"""The messages between policies and oracles, and the oracle's contract.

A policy asks queries, and an oracle answers them in order; neither holds the other. Truth (test accuracy) is not a
message: only the judge reads it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

from harness.core.budget import Cost
from harness.core.errors import IncompatibleError
from harness.core.space import Architecture, Mixture, SearchSpace

State: TypeAlias = Mapping[str, Any]
"""A tree of dicts and lists with plain values and NumPy arrays at its leaves: what a checkpoint can hold."""


@dataclass(frozen=True, slots=True)
class Score:
    """How good is this architecture on validation data after ``epochs`` of training (``None``: the full budget)?

    ``batches`` limits the evaluation to the next so many validation batches (``None``: the whole split), as for a
    controller's reward; an oracle that knows only values of the whole split answers with those.
    """

    architecture: Architecture
    epochs: int | None = None
    batches: int | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """One training step of the shared weights, with gradients summed over these points.

    An Architecture uses the weights of its canonical form, whichever description of the cell it is. A Mixture is used
    as it is, decision by decision; the one-hot mixture of a canonical architecture is that architecture.
    """

    points: tuple[Mixture | Architecture, ...]


@dataclass(frozen=True, slots=True)
class Gradient:
    """The validation loss at ``mixture`` and its gradient, weights held fixed (``unrolled``: after one virtual step).

    All Gradients before the next Update are measured on the same batch, so they differ only by their mixtures.
    """

    mixture: Mixture
    unrolled: bool = False


Query: TypeAlias = Score | Update | Gradient
QueryKind: TypeAlias = type[Score] | type[Update] | type[Gradient]


@dataclass(frozen=True, slots=True)
class Scored:
    """The answer to a Score: the search metric, larger being better, inside the oracle's ``metric`` range."""

    value: float
    cost: Cost


@dataclass(frozen=True, slots=True)
class Updated:
    """The answer to an Update: the training loss, or ``None`` where no weights are shared."""

    loss: float | None
    cost: Cost


@dataclass(frozen=True, slots=True)
class Slope:
    """The answer to a Gradient: the loss, and its derivative with one row for each decision."""

    loss: float
    gradient: Mixture
    cost: Cost


@dataclass(frozen=True, slots=True)
class Failed:
    """The answer to a query that has no value (diverged, not in the table); oracles raise no exception for it."""

    reason: str
    cost: Cost


Answer: TypeAlias = Scored | Updated | Slope | Failed


@dataclass(frozen=True, slots=True)
class Trial:
    """A numbered query (from 0 in each run) with its answer."""

    number: int
    query: Query
    answer: Answer


@dataclass(frozen=True, slots=True)
class Metric:
    """The meaning of a Scored value: its name, its data split, and its range (larger is better)."""

    name: str
    split: str
    low: float
    high: float


@runtime_checkable
class Oracle(Protocol):
    """Answers queries about the architectures of one space.

    Constructors take ``(space, seed, *, settings)``, where ``seed`` is the run's integer. ``harness.core.features``
    lists the optional members: ``shares_weights``, ``width``, ``repeated``, ``protocol``, ``space_of`` and ``truth``.
    """

    space: SearchSpace
    metric: Metric
    supports: frozenset[QueryKind]
    independent: bool
    """Whether a Score depends on the query and the seed alone, so that batches may be split, joined or reordered."""

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        """Return one answer for each query, in order.

        Raises IncompatibleError for an unsupported kind and SpaceError for an architecture outside the space, before
        anything is charged or changed.
        """

    def state_dict(self) -> State:
        """The state that the next answers depend on."""

    def load_state_dict(self, state: State) -> None:
        """Restore a state that ``state_dict`` returned."""


def require_answerable(oracle: Oracle, queries: Sequence[Query]) -> None:
    """Check a batch before anything is charged.

    Raises IncompatibleError for a kind that the oracle does not support and SpaceError for a foreign architecture.
    """
    for kind in {type(query) for query in queries} - oracle.supports:
        words = " and ".join(sorted(k.__name__ for k in oracle.supports)) or "nothing"
        raise IncompatibleError(f"{kind.__name__} queries are not answered here; this oracle answers {words}")
    architectures = [query.architecture for query in queries if isinstance(query, Score)]
    architectures += [p for q in queries if isinstance(q, Update) for p in q.points if isinstance(p, Architecture)]
    oracle.space.require(architectures)
