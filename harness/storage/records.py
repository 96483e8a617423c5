"""What the run store holds, as records that need no database: a search process makes them, the writer stores them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self, TypeAlias

from harness.core.budget import Cost
from harness.core.judgement import Correlation, Judgement
from harness.core.oracle import Failed, Score, Scored, State, Trial
from harness.core.runspec import RunSpec
from harness.core.space import Architecture
from harness.storage.state_codec import decode, encode

Status: TypeAlias = Literal["running", "finished", "failed"]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Where a run is: answered queries of any kind, their cost, how many repeated a cell, and both states as bytes."""

    trials: int
    spent: Cost
    repeated: int
    policy: bytes
    oracle: bytes

    @classmethod
    def of(cls, trials: int, spent: Cost, repeated: int, *, policy: State, oracle: State) -> Self:
        """Freeze the two ``state_dict`` of a search."""
        return cls(trials, spent, repeated, encode(policy), encode(oracle))

    @property
    def policy_state(self) -> State:
        """What the policy's ``load_state_dict`` takes; raises StoreError for damaged bytes."""
        return decode(self.policy)

    @property
    def oracle_state(self) -> State:
        """What the oracle's ``load_state_dict`` takes; raises StoreError for damaged bytes."""
        return decode(self.oracle)


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One answered Score: its number among all queries of its run, and a value or the reason why there is none."""

    number: int
    architecture: str
    epochs: int | None
    value: float | None
    reason: str | None
    cost_epochs: float
    cost_seconds: float


@dataclass(frozen=True, slots=True)
class Run:
    """A stored run: what it is (``spec``), how far it is, what it spent, and what it recommends once finished."""

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


@dataclass(frozen=True, slots=True)
class Result:
    """What the judge said of a run's recommendation, by which metric of which table (or of which recipe)."""

    architecture: str
    metric: str
    table_digest: str
    judgement: Judgement


@dataclass(frozen=True, slots=True)
class ProbeCorrelation:
    """How well the final shared weights of a run rank cells, by which metric of which table."""

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
