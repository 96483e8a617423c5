"""Reads the exported rows from a store, in the order of their columns; nothing is run or looked up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeAlias

from backends.tabular.named_tables import table_of_digest
from harness.core.judgement import NoVerdict, Truth, Verdict
from harness.core.measures import measure_of
from harness.core.numbers import Undefined
from harness.export.columns import exported
from harness.leaderboard import columns
from harness.leaderboard.comparison import Comparison
from harness.leaderboard.document import plain_fields
from harness.leaderboard.leaderboard import LeaderboardEntry
from harness.leaderboard.stored_boards import StoredBoard
from harness.storage.records import ProbeCorrelation, Result, Run
from harness.storage.store import Store

ExportRow: TypeAlias = Mapping[str, Any]
"""Values by column; a column that is missing has no value."""

UNJUDGED = "the run was not judged yet; `harness leaderboard` judges it"


def run_rows(store: Store, runs: Sequence[Run]) -> Iterator[ExportRow]:
    """One row for each run and the truth that judged it; a run that was not judged has one without a truth."""
    truths = {key: truth_row(truth) for key, truth in store.truths().items()}
    for run in runs:
        plain = _run_row(run) | {"looks": len(store.looks(run.id))}
        ranked = {(each.metric, each.table_digest): each for each in store.correlations(run.id)}
        results = store.results(run.id)
        for result in results:
            key = run.spec.space, result.metric, result.table_digest
            if key not in truths:
                truths[key] = _row_of_table(result, run.spec.table)
            yield plain | truths[key] | _result_row(result) | _tau_row(ranked.get(key[1:]))
        if not results:
            yield plain | ({"value_reason": UNJUDGED} if run.status == "finished" else {})


def trial_rows(store: Store, runs: Sequence[Run]) -> Iterator[ExportRow]:
    """One row for each answered Score, run by run; a few thousand are in memory at a time."""
    for run in runs:
        mine, same = _identity_row(run), ("number", "architecture", "value", "reason", "cost_epochs", "cost_seconds")
        for row in store.stream(run.id):
            yield mine | {name: getattr(row, name) for name in same} | {"trained_epochs": row.epochs}


def board_rows(boards: Sequence[StoredBoard]) -> Iterator[ExportRow]:
    """One row for each entry of each leaderboard, best mean first."""
    for each in boards:
        for entry in each.board.entries:
            yield truth_row(each.board.truth) | _entry_row(entry)


def truth_row(truth: Truth) -> dict[str, Any]:
    """The column values of a truth."""
    same = {name: getattr(truth, name) for name in ("metric", "split", "repeats", "larger_is_better")}
    own = {"truth_kind": truth.kind, "truth": truth.name, "truth_digest": truth.digest, "truth_epochs": truth.epochs}
    return same | own


def _row_of_table(result: Result, path: str | None) -> dict[str, Any]:
    """A truth's column values from its table; without the table, only what metric and digest tell."""
    measure, table = measure_of(result.metric), table_of_digest(result.table_digest, path)
    row: dict[str, Any] = {"metric": result.metric, "split": result.metric.partition("_")[0]}
    row["truth_digest"] = result.table_digest
    if table is not None:
        row |= {"truth_kind": "table", "truth": table.name}
        row |= {"repeats": table.repeats, "truth_epochs": table.epochs[-1]}
    return row | ({"larger_is_better": measure.larger_is_better} if measure else {})


def _identity_row(run: Run) -> dict[str, Any]:
    spec = run.spec
    return {"run": run.id, "policy": spec.policy, "oracle": spec.oracle, "space": spec.space, "seed": spec.seed}


def _run_row(run: Run) -> dict[str, Any]:
    spec = run.spec
    same = ("status", "reason", "recommendation", "trials", "scores", "repeated", "provenance", "created", "finished")
    specified = ("search_metric", "table_digest", "version", "settings")
    return {
        **_identity_row(run),
        **{name: getattr(run, name) for name in same},
        **{name: getattr(spec, name) for name in specified},
        **asdict(run.spent),
        **{f"budget_{name}": limit for name, limit in asdict(spec.budget).items()},
        "table": spec.table and Path(spec.table).stem,
    }


def _result_row(result: Result) -> dict[str, Any]:
    match result.judgement:
        case NoVerdict(reason):
            return {"value_reason": reason}
        case Verdict() as verdict:
            return asdict(verdict)
        case measured:
            return {"value": measured.value, "value_reason": "the cell was trained, the others were not: no rank"}


def _tau_row(ranked: ProbeCorrelation | None) -> dict[str, Any]:
    if ranked is None:
        return {}
    tau, cells = ranked.correlation.tau, ranked.correlation.cells
    told = {"tau_reason": tau.reason} if isinstance(tau, Undefined) else {"tau": tau}
    return told | {"tau_cells": cells}


def _entry_row(entry: LeaderboardEntry) -> dict[str, Any]:
    reasons = plain_fields(entry)["reasons"]
    if isinstance(entry.against_random, Comparison):
        reasons |= plain_fields(entry.against_random)["reasons"]
    return {column.name: value for column, value in exported(columns.ENTRY_COLUMNS, entry)} | {"reasons": reasons}
