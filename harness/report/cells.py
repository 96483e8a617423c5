"""Tables whose rows can be sorted: cells have a text and a number to sort by, missing numbers have footnotes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.core.numbers import Undefined
from harness.output.units import CellPart


@dataclass(frozen=True, slots=True)
class SortableCell:
    """A cell: its printed parts, each a text or the reason why there is none, and the number that it is sorted by."""

    parts: tuple[CellPart, ...]
    value: float | None = None

    @property
    def key(self) -> str:
        """The number that the page sorts by; empty for a text or a missing number."""
        return "" if self.value is None else repr(float(self.value))


@dataclass(frozen=True, slots=True)
class ColumnHeader:
    """A column: its name, the meaning of the name, and whether it holds text."""

    name: str
    meaning: str
    text: bool = False


@dataclass(frozen=True, slots=True)
class SortableTable:
    """A table of cells; ``notes`` are the reasons behind the dashes, each once."""

    heads: tuple[ColumnHeader, ...]
    rows: tuple[tuple[SortableCell, ...], ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """The reasons behind the dashes, each once, in the order of the table."""
        return tuple(dict.fromkeys(reasons(cell for row in self.rows for cell in row)))

    def mark(self, part: Undefined) -> int:
        """The number of the footnote of a dash."""
        return self.notes.index(part.reason) + 1


def reasons(cells: Iterable[SortableCell]) -> Iterable[str]:
    """Why numbers are missing, cell by cell."""
    return (part.reason for cell in cells for part in cell.parts if isinstance(part, Undefined))
