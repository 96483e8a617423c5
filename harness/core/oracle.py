"""The messages between policies and oracles, and the oracle's contract.

A policy asks queries, an oracle answers them in order; neither holds the other. Truth (test accuracy) is not a
message: only the judge has it.
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

    ``batches`` asks for a quick look at the next so many validation batches (``None``: the whole split), which is what
    a controller's reward is; an oracle that knows figures of the whole split alone answers with those.
    """

    architecture: Architecture
    epochs: int | None = None
    batches: int | None = None


@dataclass(frozen=True, slots=True)
class Update:
    """One step of the shared weights, gradients summed over these points.

    An Architecture stands for its cell: however it is written, it uses the weights of its canonical form. A Mixture
    means what it says, decision by decision; the one-hot mixture of a canonical architecture is that architecture.
    """

    points: tuple[Mixture | Architecture, ...]


@dataclass(frozen=True, slots=True)
class Gradient:
    """The validation loss at ``mixture`` and its slope, weights held fixed (``unrolled``: after one virtual step).

    Until the next Update all are measured on the same batch, so that their differences are differences of mixtures.
    """

    mixture: Mixture
    unrolled: bool = False


Query: TypeAlias = Score | Update | Gradient
QueryKind: TypeAlias = type[Score] | type[Update] | type[Gradient]


@dataclass(frozen=True, slots=True)
class Scored:
    """The search metric of a Score: larger is better, inside the oracle's ``metric`` range."""

    value: float
    cost: Cost


@dataclass(frozen=True, slots=True)
class Updated:
    """The training loss of an Update, or ``None`` where there are no shared weights."""

    loss: float | None
    cost: Cost


@dataclass(frozen=True, slots=True)
class Slope:
    """The loss of a Gradient and its derivative, one row a decision."""

    loss: float
    gradient: Mixture
    cost: Cost


@dataclass(frozen=True, slots=True)
class Failed:
    """A query that has no value (diverged, not in the table): an answer, never an exception."""

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
    """What a Scored value means: its name, the data split it is measured on, and its range (larger is better)."""

    name: str
    split: str
    low: float
    high: float


@runtime_checkable
class Oracle(Protocol):
    """Answers queries about the architectures of one space.

    Constructors take ``(space, seed, *, settings)``, where ``seed`` is the run's integer. What an oracle may declare
    besides stands in ``harness.core.features``: ``shares_weights``, ``width``, ``repeated``, ``protocol``, ``space_of``
    and ``truth``.
    """

    space: SearchSpace
    metric: Metric
    supports: frozenset[QueryKind]
    independent: bool
    """A Score depends on the query and the seed alone, so answers may be computed in any order, split or joined."""

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        """One answer a query, in order.

        Raises IncompatibleError for an unsupported kind and SpaceError for a foreign cell; then nothing is charged
        and nothing has changed.
        """

    def state_dict(self) -> State:
        """All that the next answers depend on."""

    def load_state_dict(self, state: State) -> None:
        """Go back to where ``state_dict`` was taken."""


def require_answerable(oracle: Oracle, queries: Sequence[Query]) -> None:
    """Refuse a batch before anything is charged.

    Raises IncompatibleError for a kind that the oracle does not support and SpaceError for a foreign architecture.
    """
    for kind in {type(query) for query in queries} - oracle.supports:
        words = " and ".join(sorted(k.__name__ for k in oracle.supports)) or "nothing"
        raise IncompatibleError(f"{kind.__name__} queries are not answered here; this oracle answers {words}")
    architectures = [query.architecture for query in queries if isinstance(query, Score)]
    architectures += [p for q in queries if isinstance(q, Update) for p in q.points if isinstance(p, Architecture)]
    oracle.space.require(architectures)
