"""Finds tables by name: those that ship with the project, and those that were fetched into the cache."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from backends.tabular.table import Table
from harness.core.errors import TableError, UnknownNameError
from harness.files.folders import table_folders


def known_tables() -> dict[str, Path]:
    """Every table that can be opened by name."""
    found: dict[str, Path] = {}
    for folder in table_folders():
        for path in sorted(folder.glob("*.h5")):
            found.setdefault(path.stem, path)
    return found


def table_path(name_or_path: str | Path) -> Path:
    """The file of a known table, or the path itself; raises UnknownNameError for an unknown name."""
    text = str(name_or_path)
    if text.endswith((".h5", ".hdf5")) or os.sep in text or Path(text).is_file():
        return Path(text)
    known = known_tables()
    if text not in known:
        raise UnknownNameError.among("table", text, known)
    return known[text]


@contextmanager
def pinned_table(name: str | Path | None, digest: str | None) -> Iterator[None]:
    """Within this context ``open_table(name)`` raises TableError unless the table has this digest.

    A run opens its table several times, also in other processes; all of them must read the content that was planned.
    """
    token = _PINNED.set(None if name is None or digest is None else (str(name), digest))
    try:
        yield
    finally:
        _PINNED.reset(token)


_PINNED: ContextVar[tuple[str, str] | None] = ContextVar("pinned_table", default=None)


def open_table(name_or_path: str | Path) -> Table:
    """Open a table by name or path, and check its content against its digest.

    Raises UnknownNameError for an unknown name, and TableError for a missing or damaged file, or for one with another
    content than ``pinned_table`` requires.
    """
    table = Table.open(table_path(name_or_path))
    pinned = _PINNED.get()
    if pinned is not None and pinned[0] == str(name_or_path) and pinned[1] != table.digest:
        raise TableError(
            f"table {pinned[0]!r} was replaced since this run was planned: its digest is {table.digest[:12]}, not "
            f"{pinned[1][:12]}; put the file back, or run the command again to search the new one"
        )
    table.require_intact()
    return table


def table_of_digest(digest: str, path: str | None = None) -> Table | None:
    """Find a table by its content: at ``path``, or else among the known tables; ``None`` if there is none.

    Raises TableError if the file that states this digest is damaged.
    """
    for place in (*([Path(path)] if path else []), *known_tables().values()):
        try:
            table = Table.open(place)
        except TableError:  # moved, or no longer a table
            continue
        if table.digest == digest:
            table.require_intact()
            return table
    return None
