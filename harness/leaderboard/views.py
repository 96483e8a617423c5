"""Builds the tables of a leaderboard column by column, as the registries say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from harness.core.judgement import Truth
from harness.core.numbers import Number, Undefined
from harness.leaderboard import columns
from harness.leaderboard.column import Column, Heading, Source, View
from harness.leaderboard.comparison import ONE_DRAW, Comparison
from harness.leaderboard.leaderboard import Leaderboard, LeaderboardEntry
from harness.output.units import TableCell, unit_of

SourceReader: TypeAlias = Callable[[LeaderboardEntry], Source | Undefined]
"""Reads what a column needs from an entry, or the reason why it is missing."""


@dataclass(frozen=True, slots=True)
class ViewColumn:
    """A column of one view of a leaderboard: its head, which may contain line breaks, and its cells.

    ``cell`` is the printed cell of an entry, ``number`` its sort key; ``text`` marks a column of names, not numbers.
    """

    name: str
    head: str
    meaning: str
    text: bool
    cell: Callable[[LeaderboardEntry], TableCell]
    number: Callable[[LeaderboardEntry], Number]


def view_columns(board: Leaderboard, view: View, other: str = ONE_DRAW) -> tuple[ViewColumn, ...]:
    """The columns of a view, in order; columns of a comparison show the one with ``other``."""
    found = [
        *_shown(columns.ENTRY_COLUMNS, view, board, lambda entry: entry),
        *_shown(columns.COMPARISON_COLUMNS, view, board, lambda entry: comparison_with(entry, other)),
    ]
    return tuple(sorted(found, key=lambda column: columns.place(view, column.name)))


def comparison_with(entry: LeaderboardEntry, other: str) -> Comparison | Undefined:
    """A row's comparison with ``other``, or the reason why there is none."""
    if other == ONE_DRAW:
        return entry.against_random
    found = (comparison for comparison in entry.against_search if comparison.other == other)
    return next(found, Undefined(f"nothing is known of {other}"))


def _shown(
    registry: Iterable[Column[Source]], view: View, board: Leaderboard, source_of: SourceReader[Source]
) -> Iterator[ViewColumn]:
    """The columns of a registry that this view of a leaderboard shows."""
    for column in registry:
        heading = column.shows.get(view)
        if heading is not None and heading.shown(board):
            yield _view_column(column, heading, board.truth, source_of)


def _view_column(
    column: Column[Source], heading: Heading[Source], truth: Truth, source_of: SourceReader[Source]
) -> ViewColumn:
    """A column that reads its source from each entry; an entry without one gets the reason."""
    unit, ranking = unit_of(truth.metric), truth.ranking
    of_size = "" if isinstance(ranking, Undefined) else f" of\n{ranking.size:,}"
    head = heading.text.format(sign=unit.sign.replace(" ", "\n"), of_size=of_size)

    def cell(entry: LeaderboardEntry) -> TableCell:
        source = source_of(entry)
        return (source,) if isinstance(source, Undefined) else column.cell(heading, source, unit.scale)

    def number(entry: LeaderboardEntry) -> Number:
        source = source_of(entry)
        return source if isinstance(source, Undefined) else (heading.number or column.of)(source)

    return ViewColumn(column.name, head, heading.meaning or column.meaning, column.kind.type == "text", cell, number)
