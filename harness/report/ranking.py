"""The leaderboard as a table that can be sorted by every number of an entry by which a reader compares policies."""

from __future__ import annotations

from dataclasses import dataclass

from harness.core.numbers import Undefined
from harness.leaderboard.leaderboard import LeaderboardEntry
from harness.leaderboard.views import ViewColumn, view_columns
from harness.output.units import TableCell
from harness.report.board_report import BoardReport


@dataclass(frozen=True, slots=True)
class SortableCell:
    """A cell: its printed parts, and the number that the page sorts by, empty for a text or a missing number."""

    parts: TableCell
    key: str


@dataclass(frozen=True, slots=True)
class SortableTable:
    """A table of cells below the heads of a leaderboard's columns."""

    heads: tuple[ViewColumn, ...]
    rows: tuple[tuple[SortableCell, ...], ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """The reasons behind the dashes, each once, in the order of the table."""
        parts = (part for row in self.rows for cell in row for part in cell.parts)
        return tuple(dict.fromkeys(part.reason for part in parts if isinstance(part, Undefined)))

    def mark(self, part: Undefined) -> int:
        """The number of the footnote of a dash."""
        return self.notes.index(part.reason) + 1


def ranking(board_report: BoardReport) -> SortableTable:
    """One line an entry, best mean first."""
    columns = view_columns(board_report.board, "report")
    return SortableTable(columns, tuple(tuple(_cell(each, row.entry) for each in columns) for row in board_report.rows))


def _cell(column: ViewColumn, entry: LeaderboardEntry) -> SortableCell:
    """A cell of the page, where a mean has its deviation in one piece."""
    number, (first, *rest) = column.number(entry), column.cell(entry)
    texts = [part for part in rest if isinstance(part, str)]
    parts = (first, "".join(texts).strip()) if 1 < len(rest) == len(texts) else (first, *rest)
    return SortableCell(parts, "" if column.text or isinstance(number, Undefined) else repr(float(number)))
