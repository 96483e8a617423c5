"""The journal of a table under construction: JSON lines, a header first, then the rows of one finished group at a time.

A group is all repeats of one cell and one budget, or a single row where a row is the whole course of a training: its
``epochs`` and what was measured after each are lists. It is appended and synced as a whole, so a crash leaves at most
one torn group, at the end; opening the journal again cuts it off.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from harness.core.errors import TableError

JournalRow = Mapping[str, Any]
JournalGroup = tuple[str, tuple[int, ...], int] | tuple[str, int]
"""Adjacency text, operation ids, epochs; or the text form of the cell and the repeat of a course."""


def is_learning_curve(row: JournalRow) -> bool:
    """Whether a row is the whole course of a training, in place of its result at one budget."""
    return isinstance(row.get("epochs"), list)


def group_of(row: JournalRow) -> JournalGroup:
    """The group that a row belongs to."""
    if is_learning_curve(row):
        return row["architecture"], row["repeat"]
    return row["adjacency"], tuple(row["operations"]), row["epochs"]


def read_journal(path: Path) -> tuple[JournalRow, list[JournalRow]]:
    """The header and the rows of all whole groups; raises `TableError` when there is no whole header."""
    lines = _whole_lines(path)
    if not lines:
        raise TableError(f"{str(path)!r} is not a journal: it has no header line; delete it and build again")
    header, rows = json.loads(lines[0]), [json.loads(line) for line in lines[1:]]
    size = 1 if rows and is_learning_curve(rows[0]) else header["repeats"]
    return header, rows[: len(rows) - len(rows) % size]


class Journal:
    """An open journal; `done` holds the groups that it already has."""

    def __init__(self, path: Path, header: JournalRow) -> None:
        self.done = frozenset(_resume(path, header) if path.exists() and _whole_lines(path) else _begin(path, header))
        self._file = path.open("ab")

    def append(self, rows: Sequence[JournalRow]) -> None:
        """Write one group and return when it is on the disk."""
        self._file.write(b"".join(_line(row) for row in rows))
        self._file.flush()
        os.fsync(self._file.fileno())

    def __enter__(self) -> "Journal":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()


def _begin(path: Path, header: JournalRow) -> list[JournalGroup]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(_line(header))
    return []


def _resume(path: Path, header: JournalRow) -> list[JournalGroup]:
    """Check that the journal is of the same making, cut a torn group off, list the groups that are there."""
    found, rows = read_journal(path)
    for key in ("space", "recipe_digest", "data_digest"):
        if found.get(key) != header[key]:
            raise TableError(
                f"{str(path)!r} was begun with {key} {found.get(key)!r}, not {header[key]!r}: rows of two makings do"
                f" not mix; build with the recipe it was begun with, or delete it to start over"
            )
    whole = sum(len(line) for line in _whole_lines(path)[: 1 + len(rows)])
    os.truncate(path, whole)
    return [group_of(row) for row in rows]


def _whole_lines(path: Path) -> list[bytes]:
    return [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def _line(row: JournalRow) -> bytes:
    return json.dumps(row).encode() + b"\n"
