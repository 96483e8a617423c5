"""Changes the row of one run in the store, and the rows that belong to it, inside a transaction of the store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Update, delete, insert, select, update

from harness.core.driver import AnswerCounts
from harness.core.errors import StoreError, UnknownNameError
from harness.core.runspec import RunSpec
from harness.storage import schema
from harness.storage.records import Checkpoint
from harness.storage.row_layout import require_rows
from harness.storage.row_records import answers_of, named, spent_of


def create(connection: Connection, spec: RunSpec, provenance: Mapping[str, Any]) -> int:
    """Insert a run that the store does not have yet; returns its number."""
    values = {
        "id": spec.digest,
        "policy": spec.policy,
        "oracle": spec.oracle,
        "space": spec.space,
        "table_digest": spec.table_digest,
        "seed": str(spec.seed),
        "status": "running",
        "created": now(),
        "spec": spec.to_json(),
        "provenance": json.dumps(provenance),
    }
    counters = dict.fromkeys(("trials", "scores", "repeated", "queries", "epochs", "seconds"), 0)
    connection.execute(insert(schema.runs).values(**values, **counters))
    return number_of(connection, spec.digest)


def resume(connection: Connection, row: Row[Any]) -> Checkpoint | None:
    """Resume a run; drops rows beyond its checkpoint, of which there are none, as both are written together."""
    is_run = schema.runs.c.number == row.number
    connection.execute(update(schema.runs).where(is_run).values(status="running", reason=None, finished=None))
    beyond = (schema.trials.c.run == row.number) & (schema.trials.c.number >= row.trials)
    connection.execute(delete(schema.trials).where(beyond))
    connection.execute(delete(schema.tracebacks).where(schema.tracebacks.c.run == row.number))
    states = connection.execute(select(schema.checkpoints).where(schema.checkpoints.c.run == row.number)).one_or_none()
    if states is None:
        return None
    require_rows([states], schema.checkpoints, named(row.id))
    counts = connection.execute(select(schema.answers).where(schema.answers.c.run == row.number)).all()
    both, answers = (states.policy_state, states.oracle_state), answers_of(counts, row.id)
    return Checkpoint(row.trials, spent_of(row), row.repeated, *both, answers=answers)


def replace_answers(connection: Connection, number: int, answers: AnswerCounts) -> None:
    """Write the counts of a run's answers in place of the earlier ones."""
    connection.execute(delete(schema.answers).where(schema.answers.c.run == number))
    rows = [{"run": number, "kind": kind, **asdict(count)} for kind, count in answers.items()]
    if rows:
        connection.execute(insert(schema.answers), rows)


def update_own_run(connection: Connection, change: Update, own: tuple[str, int, int]) -> None:
    """Change the row of a run, ``own``: its id, number and trials; raises StoreError if another process changed it."""
    run, number, before = own
    columns = schema.runs.c
    unmoved = (columns.number == number, columns.trials == before, columns.status == "running")
    if connection.execute(change.where(*unmoved)).rowcount != 1:
        raise StoreError(f"run {run[:12]} was moved by another process; wait for it, then give the same command again")


def number_of(connection: Connection, run: str) -> int:
    """The number of the run with this id; raises UnknownNameError if the store has none."""
    number = connection.execute(select(schema.runs.c.number).where(schema.runs.c.id == run)).scalar()
    if number is None:
        raise UnknownNameError(f"unknown run {run!r}")
    return int(number)


def now() -> str:
    """The time in UTC, to the second, as the store writes it."""
    return datetime.now(UTC).isoformat(timespec="seconds")
