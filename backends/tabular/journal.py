"""The journal of a table under construction: JSON lines, a header first, then the rows of one finished group at a time.

A group is all repeats of one cell and one budget, or a single row where a row is the whole course of a training: its
``epochs`` and what was measured after each are lists. It is appended and synced as a whole, so a crash leaves at most
one torn group, at the end; opening the journal again cuts it off. A journal that is open for writing is locked.
"""

import fcntl
import json
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from backends.tabular.journal_rows import CurveKeys, CurveRow, ResultKeys, ResultRow
from harness.core.errors import SettingError, TableError
from harness.core.quoting import quoted
from harness.files.validation import validated

JournalRow = Mapping[str, Any]
JournalGroup = tuple[str, tuple[int, ...], int] | tuple[str, int]
"""Adjacency text, operation ids, epochs; or the text form of the cell and the repeat of a course."""

MOST_REPEATS = 1_000


def is_learning_curve(row: Any) -> bool:
    """Whether a row is the whole course of a training, in place of its result at one budget."""
    return isinstance(row, dict) and isinstance(row.get("epochs"), list)


def group_of(row: JournalRow) -> JournalGroup:
    """The group that a row belongs to."""
    if is_learning_curve(row):
        return row["architecture"], row["repeat"]
    return row["adjacency"], tuple(row["operations"]), row["epochs"]


def read_journal(path: Path) -> tuple[JournalRow, list[JournalRow]]:
    """The header and the rows of all whole groups, checked.

    Raises TableError where there is no whole header, or a damaged line, with what can be saved.
    """
    lines = _whole_lines(path)
    if not lines:
        raise TableError(f"{str(path)!r} is not a journal: it has no header line; delete it and build again")
    header = _header(path, lines[0])
    rows: list[JournalRow] = []
    for line in lines[1:]:
        try:
            row = json.loads(line)
            require_row(row, curve=is_learning_curve(rows[0] if rows else row), keys_alone=True)
        except (SettingError, ValueError, RecursionError) as error:
            raise damaged(path, len(rows), str(error)) from error
        rows.append(row)
    size = 1 if rows and is_learning_curve(rows[0]) else header["repeats"]
    return header, rows[: len(rows) - len(rows) % size]


def _header(path: Path, line: bytes) -> JournalRow:
    try:
        header = json.loads(line)
        known = isinstance(header["recipe"], dict) and type(header["repeats"]) is int
        if not known or not 1 <= header["repeats"] <= MOST_REPEATS:
            raise ValueError(f"expected a recipe, and 1 to {MOST_REPEATS:,} repeats")
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise TableError(f"{str(path)!r} is no journal of `harness table build` ({error!r:.200})") from error
    return dict(header)


def require_row(row: Any, *, curve: bool, keys_alone: bool) -> None:
    """Raise SettingError unless a row has the form of a course, or of a result: its keys alone, or all of it."""
    form: Any = (CurveKeys if curve else ResultKeys) if keys_alone else (CurveRow if curve else ResultRow)
    validated(form, row, "no row of a journal")


def damaged(path: Path, intact: int, reason: str) -> TableError:
    """The error of the row after so many intact ones, with what can be saved."""
    old, new = shlex.quote(str(path)), shlex.quote(f"{path}.saved")
    return TableError(
        f"{str(path)!r}, row {intact + 1} (line {intact + 2}): {reason}; the {intact:,} rows before it are intact: "
        f"`head -n {intact + 1} {old} > {new} && mv {new} {old}` keeps them, and the same build goes on from there"
    )


class Journal:
    """An open journal; `done` holds the groups that it already has.

    Raises TableError for a journal of another making, a damaged one, and one that another build is writing.
    """

    def __init__(self, path: Path, header: JournalRow) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab")
        except OSError as error:
            raise TableError(f"cannot write the journal {str(path)!r}: {error.strerror or error}") from error
        try:
            _lock(self._file, path)
            self.done = frozenset(_resume(path, header) if _whole_lines(path) else _begin(path, header))
        except BaseException:
            self._file.close()
            raise

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


def _lock(file: IO[bytes], path: Path) -> None:
    """Lock the file for as long as it is open; the end of the process, however it comes, unlocks it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        message = f"another build is writing {str(path)!r}; wait for it, or give this one another output"
        raise TableError(message) from error
    except OSError:  # a file system without locks
        return


def _begin(path: Path, header: JournalRow) -> list[JournalGroup]:
    path.write_bytes(_line(header))
    return []


def _resume(path: Path, header: JournalRow) -> list[JournalGroup]:
    """Check that the journal is of the same making, cut a torn group off, list the groups that are there."""
    found, rows = read_journal(path)
    for key in ("space", "recipe_digest", "data_digest"):
        if found.get(key) != header[key]:
            raise TableError(
                f"{str(path)!r} was begun with {key} {quoted(found.get(key))}, not {quoted(header[key])}: rows of two "
                f"makings do not mix; build with the recipe it was begun with, or delete it to start over"
            )
    whole = sum(len(line) for line in _whole_lines(path)[: 1 + len(rows)])
    os.truncate(path, whole)
    return [group_of(row) for row in rows]


def _whole_lines(path: Path) -> list[bytes]:
    return [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def _line(row: JournalRow) -> bytes:
    return json.dumps(row).encode() + b"\n"
