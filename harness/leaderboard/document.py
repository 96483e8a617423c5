"""A leaderboard as data in JSON and CSV, with every number in full precision."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from harness.core.numbers import Undefined
from harness.core.quoting import printable
from harness.leaderboard import columns
from harness.leaderboard.column import Column
from harness.leaderboard.comparison import NOT_UNIFORM, SEARCH_NAMES, Comparison
from harness.leaderboard.leaderboard import Leaderboard, LeaderboardEntry
from harness.output.text_tables import csv_text
from harness.statistics import Interval


def document(board: Leaderboard) -> dict[str, Any]:
    """The JSON document in plain types and full precision; ``None`` for an undefined number, with its reason."""
    return {"leaderboard": [_record(entry) for entry in board.entries], "warnings": list(board.warnings)}


def _record(entry: LeaderboardEntry) -> dict[str, Any]:
    record = plain_fields(entry)
    if entry.failed:
        record["reasons"]["values"] = "; ".join(f"seed {seed}: {reason}" for seed, reason in entry.failed)
    return record


def plain_fields(source: LeaderboardEntry | Comparison) -> dict[str, Any]:
    """The columns of an entry or comparison as plain types, and the reasons for those that are ``None``."""
    registry: Iterable[Column[Any]] = columns.ENTRY_COLUMNS
    if isinstance(source, Comparison):
        registry = columns.COMPARISON_COLUMNS
    values = {column.name: value for column in registry if (value := column.of(source)) is not NOT_UNIFORM}
    reasons = {name: value.reason for name, value in values.items() if isinstance(value, Undefined)}
    return {name: _plain(value) for name, value in values.items()} | {"reasons": reasons}


def _plain(value: Any) -> Any:
    match value:
        case list() | tuple():
            return [_plain(item) for item in value]
        case Undefined():
            return None
        case Interval():
            return asdict(value)
        case Comparison():
            return plain_fields(value)
    return value


def as_json(board: Leaderboard) -> str:
    return json.dumps(document(board), indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def as_csv(board: Leaderboard) -> str:
    """CSV with one line an entry; semicolons join lists, and the field of an undefined number is empty.

    Fields of intervals and comparisons have dotted names: ``mean_interval.low``, ``against_random.welch_p``; those of
    ``against_search`` also name the equal cost: ``against_search.queries.welch_p``.
    """
    text = io.StringIO()
    names = [*_heads(columns.ENTRY_COLUMNS, _searched(board)), "reasons"]
    writer = csv.DictWriter(text, names, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    for entry in board.entries:
        record = _record(entry) | {"against_search": _by_cost(entry)}
        reasons = "; ".join(f"{name}: {reason}" for name, reason in _reasons(record))
        writer.writerow({name: _field(value) for name, value in _flat(record)} | {"reasons": _field(reasons)})
    return text.getvalue()


def _searched(board: Leaderboard) -> list[str]:
    return [kind for kind in SEARCH_NAMES if any(kind in _by_cost(entry) for entry in board.entries)]


def _by_cost(entry: LeaderboardEntry) -> dict[str, Any]:
    kinds = {name: kind for kind, name in SEARCH_NAMES.items()}
    return {kinds[comparison.other]: plain_fields(comparison) for comparison in entry.against_search}


def _heads(registry: Iterable[Column[Any]], searched: Sequence[str] = ()) -> Iterator[str]:
    """The column names of a registry; ``searched`` are the costs at which random search was compared."""
    compared = columns.COMPARISON_COLUMNS
    of_searches = [each for each in compared if each.name not in columns.OF_UNIFORM_DRAWS]
    for column in registry:
        match column.kind.type:
            case "interval":
                yield from (f"{column.name}.{part.name}" for part in fields(Interval))
            case "comparison":
                yield from (f"{column.name}.{head}" for head in _heads(compared))
            case "searches":
                yield from (f"{column.name}.{kind}.{head}" for kind in searched for head in _heads(of_searches))
            case _:
                yield column.name


def _flat(record: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """The values of a nested record by dotted column names; ``None`` for a missing record."""
    for name, value in record.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield before + name, value


def _reasons(record: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    """The reasons for missing numbers in a nested record, by dotted column names."""
    yield from ((before + name, reason) for name, reason in record.get("reasons", {}).items())
    for name, value in record.items():
        if isinstance(value, Mapping) and name != "reasons":
            yield from _reasons(value, f"{before}{name}.")


def _field(value: Any) -> Any:
    """A value on one line, its texts as CSV and a terminal may hold them."""
    if isinstance(value, list):
        return ";".join("" if item is None else str(_field(item)) for item in value)
    return printable(csv_text(value)) if isinstance(value, str) else value
