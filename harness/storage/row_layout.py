"""Checks rows of the run store against the layout that its schema declares, before they become records.

A database does not hold its rows to that layout: SQLite puts text into a column of numbers, and a file may come from
anywhere. Each row is checked once, where it is read.
"""

from __future__ import annotations

import functools
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, NoReturn, TypeVar

from sqlalchemy import Column, Row, Table

from harness.core.errors import StoreError

TYPE_NAMES: Mapping[type, str] = {str: "text", int: "a whole number", float: "a finite number", bytes: "bytes"}

MOST_DEPTH = 50
"""How deep the JSON of a specification or of a provenance may be nested."""

Rows = TypeVar("Rows", bound=Sequence[Row[Any]])


@dataclass(frozen=True, slots=True)
class ColumnLayout:
    """What a column may hold: a type, or nothing if it is ``nullable``; numbers from ``low`` to ``high``."""

    type: type
    nullable: bool
    low: float = -math.inf
    high: float = math.inf
    among: tuple[str, ...] = ()
    date: bool = False

    def holds(self, value: Any) -> bool:
        """Whether the column may hold this value."""
        if value is None:
            return self.nullable
        kind = type(value)
        if kind is not self.type and not (self.type is float and kind is int):
            return False
        if kind is float or kind is int:
            return math.isfinite(value) and self.low <= value <= self.high
        return (not self.among or value in self.among) and (not self.date or _is_date(value))

    @property
    def words(self) -> str:
        """What is expected, in words."""
        expected = "a date" if self.date else " or ".join(map(repr, self.among)) or TYPE_NAMES[self.type]
        if self.low > -math.inf:
            expected += f" from {self.low:g} " + (f"to {self.high:g}" if self.high < math.inf else "on")
        return expected + (" or NULL" if self.nullable else "")


@functools.cache
def layout_of(table: Table) -> Mapping[str, ColumnLayout]:
    """The layout of a table's columns by name, without those that only say to which run a row belongs."""
    return {column.name: _layout(column) for column in table.c if not column.foreign_keys}


def _layout(column: Column[Any]) -> ColumnLayout:
    return ColumnLayout(column.type.python_type, bool(column.nullable), **column.info)


def require_rows(rows: Rows, table: Table, owner: str | Callable[[Row[Any]], str]) -> Rows:
    """Rows of all or some columns of a table, as they are; raises StoreError, naming ``owner``, for a damaged one."""
    names = rows[0]._fields if rows else ()
    layouts = layout_of(table)
    for place, name in enumerate(names):
        layout = layouts.get(name)
        if layout is not None and not all(map(layout.holds, map(itemgetter(place), rows))):
            bad = next(row for row in rows if not layout.holds(row[place]))
            what = f"holds {short(bad[place])}, expected {layout.words}"
            refuse(owner if isinstance(owner, str) else owner(bad), f"{table.name}.{name}", what)
    forms = table.info.get("forms", ())
    columns = [name for name in names if any(name in form for form in forms)]
    places = [names.index(name) for name in columns]
    for row in rows if len(columns) > 1 else ():
        told = {name for name, place in zip(columns, places, strict=True) if row[place] is not None}
        if told not in forms:
            expected = ", or of ".join(" and ".join(name for name in columns if name in form) for form in forms)
            what = f"stands in a row of {' and '.join(sorted(told)) or 'no value'}, expected one of {expected}"
            refuse(owner if isinstance(owner, str) else owner(row), f"{table.name}.{columns[0]}", what)
    return rows


def refuse(owner: str, column: str, what: str) -> NoReturn:
    """Raise the StoreError of a damaged row."""
    raise StoreError(
        f"{owner} is damaged: column {column} {what}; restore the store from a copy, or use another --store"
    )


def json_object(text: str, owner: str, column: str) -> dict[str, Any]:
    """The JSON object in a column, of finite numbers and writable texts; raises StoreError for anything else."""
    try:
        content = json.loads(text)
        problem = None if isinstance(content, dict) else "holds no JSON object"
        problem = problem or _problem(content)
    except RecursionError:
        problem = f"is nested deeper than {MOST_DEPTH} levels"
    except ValueError as error:
        problem = f"holds no JSON ({error})"
    if problem:
        refuse(owner, column, f"{problem}: {short(text)}")
    return dict(content)


def _problem(value: Any, depth: int = 0) -> str | None:
    """What is wrong with a JSON value, in words; ``None`` for nothing."""
    match value:
        case _ if depth > MOST_DEPTH:
            return f"is nested deeper than {MOST_DEPTH} levels"
        case float() if not math.isfinite(value):
            return f"holds the number {value!r}"
        case str() if not value.isascii() and value.encode("utf-8", "replace").decode() != value:
            return "holds a text that cannot be written"
        case dict():
            parts = [*value, *value.values()]
        case list():
            parts = value
        case _:
            return None
    return next((found for part in parts if (found := _problem(part, depth + 1))), None)


def _is_date(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def short(value: Any) -> str:
    """The beginning of a value in a message, in plain characters."""
    text = ascii(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
