"""The records of the run store, which need no database: search processes make them, the writer stores them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, Self, TypeAlias

from harness.core.budget import Cost
from harness.core.driver import AnswerCounts, SearchProgress
from harness.core.judgement import Correlation, Judgement
from harness.core.oracle import Failed, Score, Scored, State, Trial
from harness.core.runspec import RunSpec
from harness.core.space import Architecture
from harness.storage.state_codec import decode, encode

Status: TypeAlias = Literal["running", "finished", "failed"]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The progress of a run: answered queries of any kind, their cost, repeated queries, and both encoded states."""

    trials: int
    spent: Cost
    repeated: int
    policy: bytes
    oracle: bytes
    answers: AnswerCounts = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        trials: int,
        spent: Cost,
        repeated: int,
        *,
        policy: State,
        oracle: State,
        answers: AnswerCounts = MappingProxyType({}),
    ) -> Self:
        """Encode the states of the policy and the oracle of a search."""
        return cls(trials, spent, repeated, encode(policy), encode(oracle), dict(answers))

    @property
    def progress(self) -> SearchProgress:
        """The progress of the search at the checkpoint."""
        return SearchProgress(self.trials, self.spent, self.answers)

    @property
    def policy_state(self) -> State:
        """The decoded state of the policy; raises StoreError for damaged bytes."""
        return decode(self.policy)

    @property
    def oracle_state(self) -> State:
        """The decoded state of the oracle; raises StoreError for damaged bytes."""
        return decode(self.oracle)


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """An answered Score: its number among all queries of its run, and its value or the reason why it has none."""

    number: int
    architecture: str
    epochs: int | None
    value: float | None
    reason: str | None
    cost_epochs: float
    cost_seconds: float


@dataclass(frozen=True, slots=True)
class Run:
    """A stored run: its specification, status, progress and cost, and its recommendation once it has finished."""

    id: str
    spec: RunSpec
    status: Status
    reason: str | None
    created: str
    finished: str | None
    recommendation: str | None
    trials: int
    scores: int
    repeated: int
    spent: Cost
    provenance: Mapping[str, Any]

    @property
    def repeats_free(self) -> bool:
        """Whether the cost leaves out queries that repeated a cell, as the run's settings say."""
        return bool(self.spec.settings.get("oracle", {}).get("duplicates") == "free")


@dataclass(frozen=True, slots=True)
class Result:
    """The judgement of a run's recommendation by a metric of a table (or of a recipe)."""

    architecture: str
    metric: str
    table_digest: str
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class ProbeCorrelation:
    """How well the final shared weights of a run rank cells, by a metric of a table."""

    metric: str
    table_digest: str
    correlation: Correlation


def score_rows(trials: Sequence[Trial], write: Callable[[Architecture], str]) -> list[ScoreRow]:
    """The rows of a batch's Scores; ``write`` is the space's ``format``. Updates and Gradients leave no row."""
    return [row for trial in trials if (row := _score_row(trial, write)) is not None]


def _score_row(trial: Trial, write: Callable[[Architecture], str]) -> ScoreRow | None:
    match trial.query, trial.answer:
        case Score(architecture, epochs), Scored(value, cost):
            return ScoreRow(trial.number, write(architecture), epochs, value, None, cost.epochs, cost.seconds)
        case Score(architecture, epochs), Failed(reason, cost):
            return ScoreRow(trial.number, write(architecture), epochs, None, reason, cost.epochs, cost.seconds)
    return None
