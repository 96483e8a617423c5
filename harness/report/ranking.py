"""The leaderboard as a sortable table: every number of an entry by which a reader compares policies."""

from __future__ import annotations

from harness.core.numbers import Undefined
from harness.leaderboard.leaderboard import LeaderboardEntry
from harness.leaderboard.views import ViewColumn, view_columns
from harness.output.units import TableCell
from harness.report.board_report import BoardReport
from harness.report.cells import ColumnHeader, SortableCell, SortableTable


def ranking(board_report: BoardReport) -> SortableTable:
    """One line an entry, best mean first."""
    columns = view_columns(board_report.board, "report")
    heads = tuple(ColumnHeader(each.head.replace("\n", " "), each.meaning, each.text) for each in columns)
    return SortableTable(heads, tuple(tuple(_cell(each, row.entry) for each in columns) for row in board_report.rows))


def _cell(column: ViewColumn, entry: LeaderboardEntry) -> SortableCell:
    number = column.number(entry)
    return SortableCell(_joined(column.cell(entry)), None if column.text or isinstance(number, Undefined) else number)


def _joined(cell: TableCell) -> TableCell:
    """A mean, and its deviation in one piece."""
    first, *rest = cell
    texts = [part for part in rest if isinstance(part, str)]
    return (first, "".join(texts).strip()) if 1 < len(rest) == len(texts) else cell
