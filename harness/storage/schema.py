"""The run store's tables: the one layout that rows are written in and that ``row_layout`` holds them to.

``info`` says what a column may hold beyond its type. Of a table, it lists the ``forms`` of a row: which of the columns
that are in any form hold a value together.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Double, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text

VERSION = 5

READABLE = (1, 2, 3, 4, 5)
"""Versions whose tables this version has too, with the same columns: opening for writing adds the missing tables."""

COUNT: dict[str, Any] = {"low": 0}
FROM_ONE: dict[str, Any] = {"low": 1}
DATE: dict[str, Any] = {"date": True}
STATUS: dict[str, Any] = {"among": ("running", "finished", "failed")}

metadata = MetaData()


class Blob(LargeBinary):
    """Bytes as they are stored: a column of bytes in SQLite may hold text or a number, which must not become bytes."""

    def result_processor(self, dialect: Any, coltype: Any) -> None:
        """Leave values as the database gives them."""


versions = Table("harness_schema", metadata, Column("version", Integer, primary_key=True, autoincrement=False))

runs = Table(
    "runs",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("policy", Text, nullable=False),
    Column("oracle", Text, nullable=False),
    Column("space", Text, nullable=False),
    Column("table_digest", Text),
    Column("seed", Text, nullable=False),
    Column("status", Text, nullable=False, info=STATUS),
    Column("reason", Text),
    Column("created", Text, nullable=False, info=DATE),
    Column("finished", Text, info=DATE),
    Column("recommendation", Text),
    Column("trials", BigInteger, nullable=False, info=COUNT),
    Column("scores", BigInteger, nullable=False, info=COUNT),
    Column("repeated", BigInteger, nullable=False, info=COUNT),
    Column("queries", BigInteger, nullable=False, info=COUNT),
    Column("epochs", Double, nullable=False, info=COUNT),
    Column("seconds", Double, nullable=False, info=COUNT),
    Column("spec", Text, nullable=False),
    Column("provenance", Text, nullable=False),
)
"""One row for each run. ``id`` is its specification's digest, ``trials`` counts answers of every kind, ``scores`` the
rows of the table ``trials``; ``queries``, ``epochs`` and ``seconds`` are its cost."""

trials = Table(
    "trials",
    metadata,
    Column("run", ForeignKey("runs.number"), primary_key=True),
    Column("number", BigInteger, primary_key=True, info=COUNT),
    Column("architecture", Text, nullable=False),
    Column("epochs", BigInteger, info=COUNT),
    Column("value", Double),
    Column("reason", Text),
    Column("cost_epochs", Double, nullable=False, info=COUNT),
    Column("cost_seconds", Double, nullable=False, info=COUNT),
    sqlite_with_rowid=False,
    info={"forms": ({"value"}, {"reason"})},
)
"""One row for each answered Score, with a value or the reason why there is none."""

checkpoints = Table(
    "checkpoints",
    metadata,
    Column("run", ForeignKey("runs.number"), primary_key=True),
    Column("policy_state", Blob, nullable=False),
    Column("oracle_state", Blob, nullable=False),
)
"""The states of an unfinished run after its last committed trial."""

results = Table(
    "results",
    metadata,
    Column("run", ForeignKey("runs.number"), primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("table_digest", Text, primary_key=True),
    Column("architecture", Text, nullable=False),
    Column("value", Double),
    Column("rank", BigInteger, info=FROM_ONE),
    Column("size", BigInteger, info=FROM_ONE),
    Column("regret", Double, info=COUNT),
    Column("percentile", Double, info={"low": 0, "high": 100}),
    Column("reason", Text),
    info={"forms": ({"reason"}, {"value"}, {"value", "rank", "size", "regret", "percentile"})},
)
"""One row for each judged run and truth, with a value or the reason why there is none; only a verdict has a rank."""

probes = Table(
    "probes",
    metadata,
    Column("run", ForeignKey("runs.number"), primary_key=True),
    Column("number", BigInteger, primary_key=True, info=COUNT),
    Column("architecture", Text, nullable=False),
    Column("value", Double),
    sqlite_with_rowid=False,
)
"""One row for each cell that the final shared weights of a run scored, without a value if the score failed."""

correlations = Table(
    "correlations",
    metadata,
    Column("run", ForeignKey("runs.number"), primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("table_digest", Text, primary_key=True),
    Column("tau", Double),
    Column("cells", BigInteger, nullable=False, info=COUNT),
    Column("reason", Text),
    info={"forms": ({"tau"}, {"reason"})},
)
"""One row for each probed run and truth, with Kendall's tau or the reason why there is none."""

truths = Table(
    "truths",
    metadata,
    Column("space", Text, primary_key=True),
    Column("metric", Text, primary_key=True),
    Column("table_digest", Text, primary_key=True),
    Column("kind", Text, nullable=False, info={"among": ("table", "recipe")}),
    Column("name", Text, nullable=False),
    Column("repeats", BigInteger, nullable=False, info=FROM_ONE),
    Column("epochs", BigInteger, nullable=False, info=COUNT),
    Column("larger_is_better", Integer, nullable=False, info={"low": 0, "high": 1}),
    Column("size", BigInteger, info=FROM_ONE),
    Column("space_size", BigInteger, info=FROM_ONE),
    Column("best", Double),
    Column("mean", Double),
    Column("std", Double, info=COUNT),
    Column("reason", Text),
    info={"forms": ({"reason"}, {"size", "space_size", "best", "mean", "std"})},
)
"""One row for each truth that runs of a space were judged by, so that judgements can be read without its table.
``size`` to ``std`` describe the cells that it ranks; if it ranks none, there is a reason instead."""

answers = Table(
    "answers",
    metadata,
    Column("run", ForeignKey("runs.number"), primary_key=True),
    Column("kind", Text, primary_key=True, info={"among": ("Score", "Update", "Gradient")}),
    Column("answered", BigInteger, nullable=False, info=COUNT),
    Column("failed", BigInteger, nullable=False, info=COUNT),
    Column("reason", Text, nullable=False),
)
"""One row for each run and kind of query (Score, Update, Gradient): how many were answered, how many of these answers
failed, and why the first of them did."""

metrics = Table(
    "metrics",
    metadata,
    Column("run", ForeignKey("runs.number"), primary_key=True),
    Column("name", Text, nullable=False),
    Column("split", Text, nullable=False),
)
"""One row for each finished run: the metric of its scores and its data split, as the run's oracle declared them."""

tracebacks = Table(
    "tracebacks",
    metadata,
    Column("run", ForeignKey("runs.number"), primary_key=True),
    Column("text", Text, nullable=False),
)
"""One row for each run that ended with an unexpected error: the traceback."""

looks = Table(
    "looks",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("run", Text, nullable=False),
    Column("at", Text, nullable=False, info=DATE),
    Column("architecture", Text, nullable=False),
    Column("metric", Text, nullable=False),
    Column("table_digest", Text, nullable=False),
    Index("looks_by_run", "run"),
)
"""One row for each lookup of the truth, never changed or deleted."""
