"""The exported columns of runs, trials and leaderboards, with their types, units and meanings.

Tables are long: one row for each run and truth, each answered Score, or each policy of a leaderboard. Accuracies are
fractions. A missing value is empty (CSV), ``null`` (JSON, Parquet) or ``NA`` (pandas), never a number, and a column of
reasons says why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from harness.core.errors import UnknownNameError
from harness.core.numbers import Undefined
from harness.leaderboard import columns
from harness.leaderboard.column import METRIC_UNIT, Column, Source

ColumnType: TypeAlias = Literal["text", "integer", "number", "boolean", "json"]
"""``json`` is a nested value: text in CSV, Parquet and pandas, nested in JSON."""


@dataclass(frozen=True, slots=True)
class ExportColumn:
    """A column: its name, type, unit (empty for none) and meaning; Markdown and LaTeX show ``printed`` ones."""

    name: str
    type: ColumnType
    unit: str
    meaning: str
    printed: bool = False


def _text(name: str, meaning: str, *, printed: bool = False) -> ExportColumn:
    return ExportColumn(name, "text", "", meaning, printed)


def _count(name: str, meaning: str, unit: str = "", *, printed: bool = False) -> ExportColumn:
    return ExportColumn(name, "integer", unit, meaning, printed)


def _number(name: str, meaning: str, unit: str = "", *, printed: bool = False) -> ExportColumn:
    return ExportColumn(name, "number", unit, meaning, printed)


POLICY_COLUMNS = tuple(_text(each.name, each.meaning, printed=True) for each in columns.ENTRY_COLUMNS[:3])
"""The policy, the oracle and the space of a row."""

SEED_COLUMNS = (
    _text("run", "the run's id, the digest of its specification"),
    *POLICY_COLUMNS,
    _count("seed", "its seed", printed=True),
)

TRUTH_COLUMNS = (
    _text("metric", "what it is judged by", printed=True),
    _text("split", "the data split of that metric"),
    _text("truth_kind", "table or recipe: looked up, or trained from scratch"),
    _text("truth", "the name of that table or recipe"),
    _text("truth_digest", "the digest of its content"),
    _count("repeats", "trainings that a cell's truth is the mean of"),
    _count("truth_epochs", "the budget of each of these trainings", "epochs"),
    ExportColumn("larger_is_better", "boolean", "", "whether a larger value is the better one"),
)

RUN_COLUMNS = (
    *SEED_COLUMNS,
    _text("status", "running, finished or failed", printed=True),
    _text("reason", "why it failed"),
    *TRUTH_COLUMNS,
    _text("recommendation", "the architecture that it recommends, in the space's text form"),
    _number("value", "the true value of the recommendation", METRIC_UNIT, printed=True),
    _count("rank", "its rank among the cells of the truth, 1 being the best; ties share the best rank", printed=True),
    _count("size", "how many cells are ranked"),
    _number("regret", "its distance to the best cell, never negative", METRIC_UNIT, printed=True),
    _number("percentile", "the percentage of ranked cells that are no better", "percent"),
    _text("value_reason", "why there is no value or no rank"),
    _number("tau", "Kendall's tau-b between the final shared weights' scores of sampled cells and their truth"),
    _count("tau_cells", "how many cells that is of"),
    _text("tau_reason", "why there is no tau where cells were probed"),
    _text("search_metric", "what the search saw: a metric of the table, or its split alone"),
    _count("queries", "scores and slopes that it was charged for: on a table, distinct trainings", printed=True),
    _number("epochs", "training that it was charged", "epochs"),
    _number("seconds", "training that it was charged: a table's recorded time, a live oracle's own", "seconds"),
    _count("trials", "answers of every kind"),
    _count("scores", "answered Scores, which are the rows of the trials"),
    _count("repeated", "queries that asked for a cell again"),
    _count("budget_queries", "the most queries it might ask, empty for no limit"),
    _number("budget_epochs", "the most training it might be charged, empty for no limit", "epochs"),
    _number("budget_seconds", "the most training it might be charged, empty for no limit", "seconds"),
    _text("table", "the table that answered, as it was called"),
    _text("table_digest", "the digest of that table's content"),
    _count("looks", "recorded looks at the truth for this run"),
    _text("version", "the harness that made it"),
    ExportColumn("settings", "json", "", "every setting of its policy, oracle and space"),
    ExportColumn("provenance", "json", "", "the circumstances: versions, machine, git revision"),
    _text("created", "when it began, ISO 8601 in UTC"),
    _text("finished", "when it ended, ISO 8601 in UTC"),
)

TRIAL_COLUMNS = (
    *SEED_COLUMNS,
    _count("number", "its place among all answers of the run, from 0", printed=True),
    _text("architecture", "the scored architecture, in the space's text form", printed=True),
    _count("trained_epochs", "the budget that was asked for, empty for the full one", "epochs"),
    _number(
        "value", "what the search saw, larger being better: an accuracy, or a negated log perplexity", printed=True
    ),
    _text("reason", "why there is no value"),
    _number("cost_epochs", "what the answer cost", "epochs", printed=True),
    _number("cost_seconds", "what the answer cost", "seconds", printed=True),
)


def leaderboard_columns() -> tuple[ExportColumn, ...]:
    """The columns in the registry of the leaderboard; those of the truth follow the names of a row."""
    own, names = [column for column, _ in exported(columns.ENTRY_COLUMNS)], len(POLICY_COLUMNS)
    reasons = ExportColumn("reasons", "json", "", "why numbers are missing, by their names")
    return (*own[:names], *TRUTH_COLUMNS, *own[names:], reasons)


def exported(registry: Iterable[Column[Source]], source: Source | None = None) -> Iterator[tuple[ExportColumn, Any]]:
    """The exported columns of a registry with their values; an interval becomes two columns, a list its length."""
    for column in sorted(registry, key=lambda column: columns.place("export", column.name)):
        name, kind, value = column.export or column.name, column.kind, None if source is None else column.of(source)
        known = None if isinstance(value, Undefined) else value
        match None if column.export is None else kind.type:
            case "interval":
                yield _number(f"{name}_low", f"lower end of {column.meaning}", kind.unit), known and known.low
                yield _number(f"{name}_high", "upper end of it", kind.unit), known and known.high
            case "comparison":
                yield from exported(columns.COMPARISON_COLUMNS, known)
            case "list":
                yield _count(name, column.meaning), None if known is None else len(known)
            case "text" | "integer" | "number" as plain:
                yield ExportColumn(name, plain, kind.unit, column.meaning), known


COLUMNS_BY_KIND: Mapping[str, Callable[[], tuple[ExportColumn, ...]]] = {
    "runs": lambda: RUN_COLUMNS,
    "trials": lambda: TRIAL_COLUMNS,
    "leaderboard": leaderboard_columns,
}


def columns_of(kind: str) -> tuple[ExportColumn, ...]:
    """The columns of ``runs``, ``trials`` or ``leaderboard``; raises UnknownNameError for another kind."""
    if kind not in COLUMNS_BY_KIND:
        raise UnknownNameError.among("export", kind, COLUMNS_BY_KIND)
    return COLUMNS_BY_KIND[kind]()
