"""The run store: runs, their trials and checkpoints, their judgements, and every lookup of the truth.

One process writes to a run. The rows of new trials, the counters and both states are committed together, so that a run
that was killed at any moment goes on from its last commit as if nothing had happened.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields
from datetime import datetime
from operator import attrgetter
from pathlib import Path
from typing import Any, Self, TypeAlias

from sqlalchemy import Connection, Engine, Row, Select, Table, delete, func, insert, select, update

from harness.core.driver import AnswerCount
from harness.core.errors import UnknownNameError
from harness.core.judgement import NoVerdict, Truth, TruthLookup
from harness.core.numbers import Undefined
from harness.core.oracle import Metric
from harness.core.runspec import RunSpec
from harness.storage import database, schema
from harness.storage.records import Checkpoint, ProbeCorrelation, Result, Run, ScoreRow, Status
from harness.storage.row_layout import require_rows
from harness.storage.row_records import (
    answers_of,
    correlations_of,
    named,
    owner_of,
    results_of,
    run_of,
    truth_of,
    truth_row,
)
from harness.storage.run_locks import run_in_use, run_locks
from harness.storage.run_rows import create, now, number_of, replace_answers, resume, update_own_run

ProbeRows: TypeAlias = Sequence[tuple[str, float | None]]

SCORE_COLUMNS = tuple(part.name for part in fields(ScoreRow))
score_values = attrgetter(*SCORE_COLUMNS)

BATCH_ROWS = 5000
"""Rows that are held in memory at a time, where there may be millions."""


class Store:
    """A run store in a database; ``Store.open(url)`` opens it for writing, ``Store.read(url)`` for reading."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = engine.execution_options(harness_write=True)
        self._locks = run_locks(engine)
        self._begun: dict[str, tuple[int, int]] = {}
        """The number of each run that this store began, and how many trials of it are committed."""

    @classmethod
    def open(cls, url: str) -> Self:
        """Open for writing, creating what is missing; raises StoreError where that is impossible."""
        engine = database.connect(url)
        database.make_store(engine)
        return cls(engine)

    @classmethod
    def read(cls, url: str) -> Self:
        """Open an existing store of any readable version without creating or changing tables.

        Judgements can still be recorded in it if it is writable. Raises StoreError if there is none.
        """
        engine = database.connect(url, reading=True)
        database.require_store(engine)
        return cls(engine)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections to the database, and give up the runs that are not finished."""
        self._locks.close()
        self._engine.dispose()

    @property
    def folder(self) -> Path:
        """The folder of files that belong to the store: that of a database file, or else ``runs``."""
        path = database.file_of(self._engine.url)
        return Path("runs") if path is None else path.parent

    def begin(self, spec: RunSpec, provenance: Mapping[str, Any]) -> Run | Checkpoint | None:
        """Begin a run: returns the finished run, the checkpoint to resume from, or ``None`` if it starts anew.

        Raises StoreError if another process performs the run.
        """
        with self._write() as connection:
            row = connection.execute(select(schema.runs).where(schema.runs.c.id == spec.digest)).one_or_none()
            if row is None:
                number = create(connection, spec, provenance)
                self._locks.take(number)
                self._begun[spec.digest] = number, 0
                return None
            run = run_of(row)
            if run.status == "finished":
                return run
            if not self._locks.take(row.number):
                raise run_in_use(run)
            self._begun[spec.digest] = row.number, row.trials
            return resume(connection, row)

    def commit(self, run: str, rows: Sequence[ScoreRow], checkpoint: Checkpoint) -> None:
        """Add a batch's rows, update the counters, and replace both states, all in one transaction.

        Raises StoreError if another process has changed the run since this one began it.
        """
        number, before = self._begun[run]
        moved = update(schema.runs).values(
            trials=checkpoint.trials,
            scores=schema.runs.c.scores + len(rows),
            repeated=checkpoint.repeated,
            **asdict(checkpoint.spent),
        )
        states = {"policy_state": checkpoint.policy, "oracle_state": checkpoint.oracle}
        with self._write() as connection:
            update_own_run(connection, moved, (run, number, before))
            if rows:
                connection.execute(
                    insert(schema.trials),
                    [dict(zip(SCORE_COLUMNS, score_values(row), strict=True), run=number) for row in rows],
                )
            there = update(schema.checkpoints).where(schema.checkpoints.c.run == number).values(states)
            if not connection.execute(there).rowcount:
                connection.execute(insert(schema.checkpoints).values(run=number, **states))
            replace_answers(connection, number, checkpoint.answers)
        self._begun[run] = number, checkpoint.trials

    def finish(self, run: str, recommendation: str, probe: ProbeRows = (), metric: Metric | None = None) -> None:
        """Close a run with its recommendation in text form; its states are deleted, its trials are kept.

        ``probe`` holds cells in text form with the final shared weights' scores of them, ``None`` for one that failed.
        ``metric`` is what the run's oracle declared its scores to be.
        """
        with self._close(run, status="finished", recommendation=recommendation, finished=now()) as (connection, number):
            connection.execute(delete(schema.checkpoints).where(schema.checkpoints.c.run == number))
            if probe:
                scored = [{"run": number, "number": i, "architecture": a, "value": v} for i, (a, v) in enumerate(probe)]
                connection.execute(insert(schema.probes), scored)
            if metric is not None:
                connection.execute(insert(schema.metrics).values(run=number, name=metric.name, split=metric.split))

    def fail(self, run: str, reason: str, traceback: str = "") -> None:
        """Close a run that failed; ``begin`` resumes it from its last checkpoint."""
        with self._close(run, status="failed", reason=reason, finished=now()) as (connection, number):
            if traceback:
                connection.execute(insert(schema.tracebacks).values(run=number, text=traceback))

    def record_result(self, run: str, result: Result) -> None:
        """Store the judgement of a run, in place of an earlier one by the same metric of the same table."""
        judgement = result.judgement
        columns = {"reason": judgement.reason} if isinstance(judgement, NoVerdict) else asdict(judgement)
        values = {"metric": result.metric, "table_digest": result.table_digest, "architecture": result.architecture}
        self._replace(schema.results, run, values | columns)

    def record_correlation(self, run: str, ranked: ProbeCorrelation) -> None:
        """Store how well a run's final shared weights rank cells, in place of an earlier row of the same truth."""
        tau, cells = ranked.correlation.tau, ranked.correlation.cells
        columns = {"reason": tau.reason} if isinstance(tau, Undefined) else {"tau": tau}
        values = {"metric": ranked.metric, "table_digest": ranked.table_digest, "cells": cells}
        self._replace(schema.correlations, run, values | columns)

    def record_truth(self, space: str, truth: Truth) -> None:
        """Store a truth, once; does nothing if the table is missing, as in an older store opened by ``read``."""
        table, key = schema.truths, {"space": space, "metric": truth.metric, "table_digest": truth.digest}
        known = select(table).where(*(table.c[name] == value for name, value in key.items()))
        if not database.table_exists(self._engine, table) or self._rows(known):
            return
        with self._write() as connection:
            if connection.execute(known).first() is None:
                connection.execute(insert(table).values(**key, **truth_row(truth)))

    def record_lookup(self, look: TruthLookup) -> None:
        """Record a lookup of the truth; ``Judge`` takes this method as ``record``."""
        values = asdict(look) | {"at": look.when.isoformat()}
        del values["when"]
        with self._write() as connection:
            connection.execute(insert(schema.looks).values(values))

    def runs(self, *, status: Status | None = None, **equal: str) -> list[Run]:
        """The stored runs, oldest first; ``equal`` may name policy, oracle, space, table_digest and seed."""
        wanted = equal if status is None else equal | {"status": status}
        conditions = [schema.runs.c[name] == value for name, value in wanted.items()]
        return [*map(run_of, self._rows(select(schema.runs).where(*conditions).order_by(schema.runs.c.number)))]

    def show(self, prefix: str) -> Run:
        """The one run whose id begins with ``prefix``; raises UnknownNameError for none or several."""
        matching = select(schema.runs).where(schema.runs.c.id.startswith(prefix, autoescape=True)).limit(2)
        rows = self._rows(matching)
        if len(rows) > 1:
            require_rows(rows, schema.runs, owner_of)
            raise UnknownNameError(
                f"run {prefix!r} is not unique: {rows[0].id} and {rows[1].id} begin so; give more digits"
            )
        if not rows:
            ids = require_rows(self._rows(select(schema.runs.c.id)), schema.runs, "a run")
            known = [row.id[:12] for row in ids]
            raise UnknownNameError.among("run", prefix, difflib.get_close_matches(prefix, known, n=5, cutoff=0.0))
        return run_of(rows[0])

    def trials(self, run: str) -> list[ScoreRow]:
        """A run's answered Scores by number."""
        return list(self.stream(run))

    def best_score(self, run: str) -> float | None:
        """The best score of a run so far, as its search saw it; ``None`` where none has a value."""
        top = select(func.max(schema.trials.c.value).label("value")).join(schema.runs).where(schema.runs.c.id == run)
        best: float | None = require_rows(self._rows(top), schema.trials, named(run))[0].value
        return best

    def stream(self, run: str) -> Iterator[ScoreRow]:
        """The rows of ``trials``, read in batches: millions of rows take no more memory than a few thousand."""
        columns = (schema.trials.c[name] for name in SCORE_COLUMNS)
        found = select(*columns).join(schema.runs).where(schema.runs.c.id == run).order_by(schema.trials.c.number)
        with database.store_errors(self._engine.url), self._engine.connect() as connection:
            for part in connection.execution_options(yield_per=BATCH_ROWS).execute(found).partitions():
                for row in require_rows(part, schema.trials, named(run)):
                    yield ScoreRow(*row)

    def results(self, run: str) -> list[Result]:
        """All judgements of a run, one record for each metric and table."""
        found = select(schema.results).join(schema.runs).where(schema.runs.c.id == run)
        rows = self._rows(found.order_by(schema.results.c.metric, schema.results.c.table_digest))
        return results_of(rows, run)

    def probe(self, run: str) -> list[tuple[str, float | None]]:
        """The cells that a run's final shared weights scored, with their scores, in order."""
        probes = schema.probes.c
        rows = self._added(schema.probes, run, probes.architecture, probes.value, order=(probes.number,))
        return [(row.architecture, row.value) for row in require_rows(rows, schema.probes, named(run))]

    def correlations(self, run: str) -> list[ProbeCorrelation]:
        """How well a run's final shared weights rank cells, one record for each metric and table."""
        found = schema.correlations.c
        rows = self._added(schema.correlations, run, *found, order=(found.metric, found.table_digest))
        return correlations_of(rows, run)

    def answers(self, run: str) -> dict[str, AnswerCount]:
        """How many queries of each kind a run had answered, and how many of these answers failed.

        Stores of earlier versions counted Scores alone.
        """
        if rows := self._added(schema.answers, run, *schema.answers.c, order=(schema.answers.c.kind,)):
            return answers_of(rows, run)
        reason = schema.trials.c.reason
        found = [func.count().label("answered"), func.count(reason).label("failed"), func.min(reason).label("reason")]
        counts = select(*found).select_from(schema.trials).join(schema.runs).where(schema.runs.c.id == run)
        row = self._rows(counts)[0]
        return {"Score": AnswerCount(row.answered, row.failed, row.reason or "")} if row.answered else {}

    def search_split(self, run: str) -> str | None:
        """The data split that a finished run's oracle declared; ``None`` if an earlier version made the run."""
        rows = self._added(schema.metrics, run, schema.metrics.c.split, order=(schema.metrics.c.run,))
        return rows[0].split if rows else None

    def scored_cells(self, run: str) -> list[str]:
        """The different cells that a run scored, in text form."""
        found = select(schema.trials.c.architecture).distinct().join(schema.runs).where(schema.runs.c.id == run)
        return [row.architecture for row in self._rows(found)]

    def traceback(self, run: str) -> str | None:
        """Where the unexpected error that ended a run was raised; ``None`` if there was none."""
        rows = self._added(schema.tracebacks, run, schema.tracebacks.c.text, order=(schema.tracebacks.c.run,))
        return require_rows(rows, schema.tracebacks, named(run))[0].text if rows else None

    def truths(self) -> dict[tuple[str, str, str], Truth]:
        """The truths that the runs of this store were judged by, by space, metric and digest."""
        if not database.table_exists(self._engine, schema.truths):
            return {}
        rows = self._rows(select(schema.truths))
        return {(row.space, row.metric, row.table_digest): truth_of(row) for row in rows}

    def looks(self, run: str | None = None) -> list[TruthLookup]:
        """The lookups of the truth for one run, or all of them, oldest first."""
        conditions = () if run is None else (schema.looks.c.run == run,)
        found = self._rows(select(schema.looks).where(*conditions).order_by(schema.looks.c.number))
        rows = require_rows(found, schema.looks, "a look at the truth" if run is None else named(run))
        return [
            TruthLookup(r.run, datetime.fromisoformat(r.at), r.architecture, r.metric, r.table_digest) for r in rows
        ]

    def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        with database.store_errors(self._engine.url), self._engine.connect() as connection:
            return connection.execute(query).all()

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with database.store_errors(self._engine.url), self._writer.begin() as connection:
            yield connection

    def _added(self, table: Table, run: str, *columns: Any, order: Sequence[Any]) -> Sequence[Row[Any]]:
        """A run's rows of a table that the first version of the store lacks; none if the table does not exist."""
        if not database.table_exists(self._engine, table):
            return []
        return self._rows(select(*columns).join(schema.runs).where(schema.runs.c.id == run).order_by(*order))

    def _replace(self, table: Table, run: str, values: Mapping[str, Any]) -> None:
        """Write a run's row for a truth, in place of an earlier one."""
        with self._write() as connection:
            number, columns = number_of(connection, run), table.c
            same = (columns.metric == values["metric"], columns.table_digest == values["table_digest"])
            connection.execute(delete(table).where(columns.run == number, *same))
            connection.execute(insert(table).values(run=number, **values))

    @contextmanager
    def _close(self, run: str, **values: Any) -> Iterator[tuple[Connection, int]]:
        """End a run; the caller can write other rows of it in the same transaction."""
        number, before = self._begun[run]
        with self._write() as connection:
            update_own_run(connection, update(schema.runs).values(values), (run, number, before))
            yield connection, number
        del self._begun[run]
        self._locks.release(number)
