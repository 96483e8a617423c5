"""Converts rows of the run store's tables to records, and truths to rows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row

from harness.core.budget import Cost
from harness.core.driver import AnswerCount
from harness.core.judgement import Correlation, Judgement, NoVerdict, Ranking, Truth, UnrankedVerdict, Verdict
from harness.core.numbers import Undefined
from harness.core.runspec import RunSpec
from harness.storage.records import ProbeCorrelation, Result, Run


def run_of(row: Row[Any]) -> Run:
    """The record of a row of ``runs``."""
    return Run(
        id=row.id,
        spec=RunSpec.from_json(row.spec),
        status=row.status,
        reason=row.reason,
        created=row.created,
        finished=row.finished,
        recommendation=row.recommendation,
        trials=row.trials,
        scores=row.scores,
        repeated=row.repeated,
        spent=spent_of(row),
        provenance=json.loads(row.provenance),
    )


def spent_of(row: Row[Any]) -> Cost:
    """The cost in a row of ``runs``."""
    return Cost(row.queries, row.epochs, row.seconds)


def answers_of(rows: Sequence[Row[Any]]) -> dict[str, AnswerCount]:
    """The counts in a run's rows of ``answers``."""
    return {row.kind: AnswerCount(row.answered, row.failed, row.reason) for row in rows}


def result_of(row: Row[Any]) -> Result:
    """The record of a row of ``results``."""
    return Result(row.architecture, row.metric, row.table_digest, _judgement(row))


def _judgement(row: Row[Any]) -> Judgement:
    if row.reason is not None:
        return NoVerdict(row.reason)
    if row.rank is None:
        return UnrankedVerdict(row.value)
    return Verdict(row.value, row.rank, row.size, row.regret, row.percentile)


def correlation_of(row: Row[Any]) -> ProbeCorrelation:
    """The record of a row of ``correlations``."""
    tau = row.tau if row.reason is None else Undefined(row.reason)
    return ProbeCorrelation(row.metric, row.table_digest, Correlation(tau, row.cells))


def truth_of(row: Row[Any]) -> Truth:
    """The record of a row of ``truths``."""
    ranking = Ranking(row.size, row.space_size, row.best, row.mean, row.std) if row.reason is None else None
    return Truth(
        metric=row.metric,
        repeats=row.repeats,
        epochs=row.epochs,
        kind=row.kind,
        name=row.name,
        digest=row.table_digest,
        larger_is_better=bool(row.larger_is_better),
        ranking=Undefined(row.reason) if ranking is None else ranking,
    )


def truth_row(truth: Truth) -> dict[str, Any]:
    """The columns of ``truths`` that are not its key."""
    ranking = truth.ranking
    ranked = {"reason": ranking.reason} if isinstance(ranking, Undefined) else asdict(ranking)
    named = {"kind": truth.kind, "name": truth.name, "repeats": truth.repeats, "epochs": truth.epochs}
    return named | {"larger_is_better": int(truth.larger_is_better)} | ranked
