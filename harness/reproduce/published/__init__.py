"""The numbers that Yu et al. 2020 (ICLR) print, and what is known to be inconsistent in them, read from YAML files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from harness.core.errors import UnknownNameError
from harness.files.yaml_text import read_yaml

FOLDER = Path(__file__).parent
PAPER = "Yu et al. 2020"
NO_VALUE = "–"
INCONSISTENCIES = "inconsistencies"

NUMBER = re.compile(r"(-?[\d.]+)(?: ± ([\d.]+))?")


@dataclass(frozen=True, slots=True)
class Printed:
    """A cell of a table as it is printed; a dash if the paper prints no value."""

    text: str

    @property
    def value(self) -> float | None:
        """The number, or the mean before a ``±``; ``None`` for a dash or for words."""
        return self._part(1)

    @property
    def std(self) -> float | None:
        """The deviation after a ``±``; ``None`` without one."""
        return self._part(2)

    def _part(self, place: int) -> float | None:
        found = NUMBER.fullmatch(self.text)
        return None if found is None or found[place] is None else float(found[place])


@dataclass(frozen=True, slots=True)
class PublishedSection:
    """A part of a table: ``rows`` by their name, a cell a column."""

    title: str
    columns: tuple[str, ...]
    rows: Mapping[str, tuple[Printed, ...]]

    def cell(self, row: str, column: str) -> Printed:
        """One cell; raises UnknownNameError for a row or a column that is not printed."""
        for kind, name, known in (("row", row, self.rows), ("column", column, self.columns)):
            if name not in known:
                raise UnknownNameError.among(kind, name, known)
        return self.rows[row][self.columns.index(column)]


@dataclass(frozen=True, slots=True)
class PublishedItem:
    """A table or a figure of the paper: its title in our words, its place in the paper, and its numbers by section."""

    name: str
    title: str
    place: str
    sections: Mapping[str, PublishedSection]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inconsistency:
    """An inconsistency of the paper: its place, what is said there, why it matters, and its source."""

    touches: tuple[str, ...]
    place: str
    says: str
    why: str
    source: str

    @property
    def text(self) -> str:
        """The inconsistency as one paragraph."""
        return f"{self.place}: {self.says}; {self.why} ({self.source})"


def names() -> tuple[str, ...]:
    """The tables and figures whose printed numbers are stored here."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.yaml") if path.stem != INCONSISTENCIES))


@cache
def load(name: str) -> PublishedItem:
    """The printed numbers of a table or figure; raises UnknownNameError for another name."""
    if name not in names():
        raise UnknownNameError.among("table or figure of the paper", name, names())
    content = _content(name)
    sections = {key: _section(each) for key, each in content["sections"].items()}
    return PublishedItem(name, content["title"], content["place"], sections)


def _content(name: str) -> Any:
    return read_yaml((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"))


def _section(content: Mapping[str, Any]) -> PublishedSection:
    rows = {name: tuple(map(Printed, cells)) for name, cells in content["rows"].items()}
    return PublishedSection(content["title"], tuple(content["columns"]), rows)


@cache
def inconsistencies(name: str) -> tuple[Inconsistency, ...]:
    """The known inconsistencies of a table or figure, and of the paper's text about it."""
    found = (Inconsistency(**{**each, "touches": tuple(each["touches"])}) for each in _content(INCONSISTENCIES))
    return tuple(each for each in found if name in each.touches)
