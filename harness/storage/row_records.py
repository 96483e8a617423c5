"""Converts rows of the run store's tables to records, and truths to rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row

from harness.core.budget import Cost
from harness.core.driver import AnswerCount
from harness.core.errors import SettingError, StoreError
from harness.core.judgement import Correlation, Judgement, NoVerdict, Ranking, Truth, UnrankedVerdict, Verdict
from harness.core.numbers import Undefined
from harness.core.runspec import RunSpec
from harness.storage import schema
from harness.storage.records import ProbeCorrelation, Result, Run
from harness.storage.row_layout import ColumnLayout, json_object, refuse, require_rows, short

SPEC_COLUMNS = ("policy", "oracle", "space", "table_digest")
"""The fields of a specification that are columns too."""

SPEC_FIELDS: Mapping[str, ColumnLayout] = {
    **{name: ColumnLayout(str, nullable=False) for name in ("policy", "oracle", "space", "search_metric", "version")},
    **{name: ColumnLayout(str, nullable=True) for name in ("table", "table_digest")},
    "seed": ColumnLayout(int, nullable=False, low=0),
}
BUDGET_FIELDS: Mapping[str, ColumnLayout] = {
    "queries": ColumnLayout(int, nullable=True, low=1),
    "epochs": ColumnLayout(float, nullable=True, low=0),
    "seconds": ColumnLayout(float, nullable=True, low=0),
}
"""The layout of a specification in JSON, but for its settings: mappings by part."""


def run_of(row: Row[Any]) -> Run:
    """The record of a row of ``runs``; raises StoreError for a damaged one."""
    require_rows([row], schema.runs, owner_of)
    owner = owner_of(row)
    if row.status == "finished" and row.recommendation is None:
        refuse(owner, "runs.recommendation", "is NULL, and the run has finished")
    provenance = json_object(row.provenance, owner, "runs.provenance")
    if not isinstance(provenance.get("packages", {}), dict):
        refuse(owner, "runs.provenance", f"has packages {short(provenance['packages'])}, expected a JSON object")
    return Run(
        id=row.id,
        spec=_spec(row, owner),
        status=row.status,
        reason=row.reason,
        created=row.created,
        finished=row.finished,
        recommendation=row.recommendation,
        trials=row.trials,
        scores=row.scores,
        repeated=row.repeated,
        spent=spent_of(row),
        provenance=provenance,
    )


def owner_of(row: Row[Any]) -> str:
    """A row of ``runs`` in a message."""
    return named(row.id) if isinstance(row.id, str) else f"run number {row.number}"


def _spec(row: Row[Any], owner: str) -> RunSpec:
    """The specification in a row of ``runs``, which its columns must agree with."""
    content = json_object(row.spec, owner, "runs.spec")
    parts = ((content, SPEC_FIELDS, ""), (content.get("budget"), BUDGET_FIELDS, "budget."))
    for part, layouts, before in parts:
        for name, layout in layouts.items():
            value = part.get(name) if isinstance(part, dict) else part
            if not layout.holds(value):
                refuse(owner, "runs.spec", f"has {before}{name} {short(value)}, expected {layout.words}")
    settings = content.get("settings")
    if not isinstance(settings, dict) or not all(isinstance(part, dict) for part in settings.values()):
        refuse(owner, "runs.spec", f"has settings {short(settings)}, expected a JSON object of objects")
    try:
        spec = RunSpec.from_json(row.spec)
    except (StoreError, SettingError) as error:
        refuse(owner, "runs.spec", f"cannot be read ({error})")
    told = {name: getattr(spec, name) for name in SPEC_COLUMNS} | {"seed": str(spec.seed)}
    for name, value in told.items():
        if getattr(row, name) != value:
            refuse(owner, f"runs.{name}", f"holds {short(getattr(row, name))}, but its specification {short(value)}")
    return spec


def spent_of(row: Row[Any]) -> Cost:
    """The cost in a row of ``runs``."""
    return Cost(row.queries, row.epochs, row.seconds)


def answers_of(rows: Sequence[Row[Any]], run: str) -> dict[str, AnswerCount]:
    """The counts in a run's rows of ``answers``; raises StoreError for a damaged one."""
    require_rows(rows, schema.answers, named(run))
    return {row.kind: AnswerCount(row.answered, row.failed, row.reason) for row in rows}


def results_of(rows: Sequence[Row[Any]], run: str) -> list[Result]:
    """The records of a run's rows of ``results``; raises StoreError for a damaged one."""
    for row in require_rows(rows, schema.results, named(run)):
        if row.rank is not None and row.rank > row.size:
            refuse(named(run), "results.rank", f"holds {row.rank}, expected at most the {row.size} of results.size")
    return [*map(_result, rows)]


def named(run: str) -> str:
    """A run in a message, by its id."""
    return f"run {run[:12]!r}"


def _result(row: Row[Any]) -> Result:
    return Result(row.architecture, row.metric, row.table_digest, _judgement(row))


def _judgement(row: Row[Any]) -> Judgement:
    if row.reason is not None:
        return NoVerdict(row.reason)
    if row.rank is None:
        return UnrankedVerdict(row.value)
    return Verdict(row.value, row.rank, row.size, row.regret, row.percentile)


def correlations_of(rows: Sequence[Row[Any]], run: str) -> list[ProbeCorrelation]:
    """The records of a run's rows of ``correlations``; raises StoreError for a damaged one."""
    return [*map(_correlation, require_rows(rows, schema.correlations, named(run)))]


def _correlation(row: Row[Any]) -> ProbeCorrelation:
    tau = row.tau if row.reason is None else Undefined(row.reason)
    return ProbeCorrelation(row.metric, row.table_digest, Correlation(tau, row.cells))


def truth_of(row: Row[Any]) -> Truth:
    """The record of a row of ``truths``; raises StoreError for a damaged one."""
    require_rows([row], schema.truths, "a truth")
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
