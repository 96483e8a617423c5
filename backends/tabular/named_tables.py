"""Finds tables by name: those that ship with the project, and those that were fetched into the cache."""

from __future__ import annotations

import os
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
    """The file of a known table, or the path itself; raises UnknownNameError for a name that nothing answers to."""
    text = str(name_or_path)
    if text.endswith((".h5", ".hdf5")) or os.sep in text or Path(text).is_file():
        return Path(text)
    known = known_tables()
    if text not in known:
        raise UnknownNameError.among("table", text, known)
    return known[text]


def open_table(name_or_path: str | Path) -> Table:
    """Open a table by its name or its path; raises UnknownNameError or TableError."""
    return Table.open(table_path(name_or_path))


def table_of_digest(digest: str, path: str | None = None) -> Table | None:
    """The table of this content: at its path, or else among the known ones, whatever it is called there."""
    for place in (*([Path(path)] if path else []), *known_tables().values()):
        try:
            table = Table.open(place)
        except TableError:  # moved, or not a table any more
            continue
        if table.digest == digest:
            return table
    return None
