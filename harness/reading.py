"""Rows of the run store's tables as records."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Row

from harness.core.budget import Cost
from harness.judge import Correlation, Judgement, Measured, NoVerdict, Verdict
from harness.records import Ranked, Result, Run
from harness.runspec import RunSpec
from harness.statistics import Undefined


def run_of(row: Row[Any]) -> Run:
    """A row of ``runs``."""
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
    """What a row of ``runs`` says was spent."""
    return Cost(row.queries, row.epochs, row.seconds)


def result_of(row: Row[Any]) -> Result:
    """A row of ``results``."""
    return Result(row.architecture, row.metric, row.table_digest, _judgement(row))


def _judgement(row: Row[Any]) -> Judgement:
    if row.reason is not None:
        return NoVerdict(row.reason)
    if row.rank is None:
        return Measured(row.value)
    return Verdict(row.value, row.rank, row.size, row.regret, row.percentile)


def ranked_of(row: Row[Any]) -> Ranked:
    """A row of ``correlations``."""
    tau = row.tau if row.reason is None else Undefined(row.reason)
    return Ranked(row.metric, row.table_digest, Correlation(tau, row.cells))
