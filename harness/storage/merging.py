"""Merges run stores: copies the runs of one store, with all their rows, into another.

A run is identified by its id, the digest of its specification. If both stores have a run, the copy with more progress
is kept: a finished copy rather than an unfinished one, and of two finished copies the target's. Equal specifications
must lead to equal recommendations; if those of two finished copies differ, the merge reports a conflict.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, Row, Table, delete, insert, inspect, select, update

from harness.core.errors import StoreError
from harness.output.progress_bar import ProgressReport
from harness.storage import database, schema
from harness.storage.row_layout import require_rows
from harness.storage.row_records import owner_of, run_of
from harness.storage.run_rows import number_of

BATCH_ROWS = 5000
"""Rows that are held in memory at a time."""

RUN_TABLES = (
    schema.trials,
    schema.probes,
    schema.results,
    schema.correlations,
    schema.checkpoints,
    schema.answers,
    schema.tracebacks,
    schema.metrics,
)
"""The tables whose rows belong to a run."""

JUDGEMENT_TABLES = (schema.results, schema.correlations)
"""The tables to which rows may be added after a run has ended."""


@dataclass(frozen=True, slots=True)
class MergeConflict:
    """A run that ended with different recommendations in two stores, although its digest is the same."""

    run: str
    policy: str
    seed: str
    target: str
    source: str


@dataclass(slots=True)
class MergeResult:
    """The result of one source: ids of runs ``added``, ``replaced`` by a further copy, and already ``known``."""

    added: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    conflicts: list[MergeConflict] = field(default_factory=list)
    looks: int = 0


def merge(target: str, source: str, report: ProgressReport | None = None) -> MergeResult:
    """Copy the runs of the store ``source`` into ``target``, which is created if it does not exist; both are URLs.

    One transaction: a source is merged as a whole or not at all. ``report`` receives the number of trials copied and
    the total. The source may be of any readable version and is not changed. Raises StoreError if a store cannot be
    used, or both are the same.
    """
    origin, destination = database.connect(source, reading=True), database.connect(target)
    try:
        database.require_store(origin)
        _require_two(destination, origin)
        database.make_store(destination)
        writing = destination.execution_options(harness_write=True)
        with _reading(origin) as reader, database.store_errors(destination.url), writing.begin() as writer:
            return _Merge(reader, writer, report).all()
    finally:
        origin.dispose()
        destination.dispose()


def _require_two(target: Engine, source: Engine) -> None:
    paths = [database.file_of(engine.url) for engine in (target, source)]
    places = [path.resolve() if path else engine.url for path, engine in zip(paths, (target, source), strict=True)]
    if places[0] == places[1]:
        raise StoreError(
            f"run store {database.quoted_url(source.url)} cannot be merged into itself; name another source"
        )


@contextmanager
def _reading(engine: Engine) -> Iterator[Connection]:
    """A snapshot of the source, unaffected by other processes that write to it meanwhile."""
    if engine.dialect.name != "sqlite":  # in SQLite every transaction is a snapshot
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    with database.store_errors(engine.url), engine.connect() as connection, connection.begin():
        yield connection


class _Merge:
    """The merge of one source into the target."""

    def __init__(self, reader: Connection, writer: Connection, report: ProgressReport | None) -> None:
        self._reader, self._writer, self._report = reader, writer, report
        names = set(inspect(reader).get_table_names())
        self._owned = [table for table in RUN_TABLES if table.name in names]
        self._has_truths = schema.truths.name in names
        self._done = self._total = 0
        self._merged = MergeResult()

    def all(self) -> MergeResult:
        """Merge runs, truths and lookups."""
        existing = {row.id: row for row in _runs(self._writer)}
        found = _runs(self._reader)
        copied = {row.id for row in found if row.id not in existing or _progress(row) > _progress(existing[row.id])}
        self._total = sum(row.scores for row in found if row.id in copied)
        for row in found:
            if row.id in copied:
                self._take(row, existing.get(row.id))
            else:
                self._keep(row, existing[row.id])
        if self._has_truths:
            self._add_truths()
        self._merged.looks = self._add_looks()
        return self._merged

    def _take(self, row: Row[Any], existing: Row[Any] | None) -> None:
        """Copy a run, in place of the target's copy if it has one."""
        values = {name: value for name, value in row._mapping.items() if name != "number"}
        if existing is None:
            self._writer.execute(insert(schema.runs).values(values))
            self._merged.added.append(row.id)
        else:
            self._writer.execute(update(schema.runs).where(schema.runs.c.id == row.id).values(values))
            for table in RUN_TABLES:
                self._writer.execute(delete(table).where(table.c.run == existing.number))
            self._merged.replaced.append(row.id)
        number = number_of(self._writer, row.id)
        for table in self._owned:
            self._copy(table, row, number)

    def _copy(self, table: Table, source: Row[Any], target: int) -> None:
        mine = select(table).where(table.c.run == source.number)
        rows = self._reader.execution_options(yield_per=BATCH_ROWS).execute(mine)
        for part in rows.partitions(BATCH_ROWS):
            require_rows(part, table, owner_of(source))
            self._writer.execute(insert(table), [{**row._mapping, "run": target} for row in part])
            if table is schema.trials:
                self._done += len(part)
                if self._report is not None:
                    self._report(self._done, self._total)

    def _keep(self, row: Row[Any], existing: Row[Any]) -> None:
        """Keep the target's copy of a run, and add the judgements that only the source has."""
        self._merged.known.append(row.id)
        if row.status != "finished":
            return
        if row.recommendation != existing.recommendation:
            ends = existing.recommendation or "", row.recommendation or ""
            self._merged.conflicts.append(MergeConflict(row.id, row.policy, row.seed, *ends))
            return
        for table in JUDGEMENT_TABLES:
            if table in self._owned:
                self._add_judged(table, row, existing.number)

    def _add_judged(self, table: Table, source: Row[Any], target: int) -> None:
        """Add the source's judgements by truths by which the target has not judged the run."""
        judged = self._writer.execute(select(table.c.metric, table.c.table_digest).where(table.c.run == target))
        known = {tuple(row) for row in judged}
        rows = self._reader.execute(select(table).where(table.c.run == source.number)).all()
        for row in require_rows(rows, table, owner_of(source)):
            if (row.metric, row.table_digest) not in known:
                self._writer.execute(insert(table).values({**row._mapping, "run": target}))

    def _add_truths(self) -> None:
        key = select(*schema.truths.primary_key.columns)
        known = {tuple(row) for row in self._writer.execute(key)}
        for row in require_rows(self._reader.execute(select(schema.truths)).all(), schema.truths, "a truth"):
            if (row.space, row.metric, row.table_digest) not in known:
                self._writer.execute(insert(schema.truths).values(dict(row._mapping)))

    def _add_looks(self) -> int:
        """Add the lookups that the target lacks, each as often as the source has it; returns their number."""
        columns = [column for column in schema.looks.c if column.name != "number"]
        query = select(*columns).order_by(schema.looks.c.number)
        left = Counter(tuple(row) for row in self._writer.execute(query))
        new = []
        for row in require_rows(self._reader.execute(query).all(), schema.looks, "a look at the truth"):
            known = left[tuple(row)] > 0
            left[tuple(row)] -= known
            new += [] if known else [dict(row._mapping)]
        if new:
            self._writer.execute(insert(schema.looks), new)
        return len(new)


def _runs(connection: Connection) -> Sequence[Row[Any]]:
    """The rows of all runs, each checked as one that becomes a record."""
    rows = connection.execute(select(schema.runs).order_by(schema.runs.c.number)).all()
    for row in rows:
        run_of(row)
    return rows


def _progress(row: Row[Any]) -> tuple[bool, int, bool]:
    """The key by which copies are compared: finished runs first and all equal, then trials, then a known failure."""
    finished = row.status == "finished"
    return finished, 0 if finished else row.trials, row.status == "failed"
