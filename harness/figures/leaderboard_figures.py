"""Draws a figure of a store's leaderboards by its name on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.core.errors import SettingError, TableError
from harness.figures.across_boards import over_boards
from harness.figures.critical_difference import plot_critical_difference
from harness.figures.distribution import distribution_data, means_of, plot_distribution
from harness.figures.ranks import ranks, ranks_data
from harness.figures.scatter import plot_scatter, scatter_data
from harness.leaderboard.stored_boards import StoredBoard
from harness.planning.plan import available_truth, build_space

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_leaderboard(name: str, found: Sequence[StoredBoard]) -> Figure:
    """Draw the figure of this name; all but ``critical-difference`` show a single leaderboard.

    Raises SettingError if there are several, and TableError if the figure needs a table that is not on this machine.
    """
    if name == "critical-difference":
        return plot_critical_difference(over_boards([each.board for each in found]))
    one = _single(found)
    if name == "scatter":
        return plot_scatter(scatter_data(one.judged, one.board.truth))
    return ranks(ranks_data(one.board)) if name == "ranks" else _distribution(one)


def _single(found: Sequence[StoredBoard]) -> StoredBoard:
    if len(found) > 1:
        names = " and ".join(f"{each.board.truth.kind} {each.board.truth.name}" for each in found)
        raise SettingError(f"--plot draws one leaderboard, but these runs make {len(found)}, by {names}; give --where")
    return found[0]


def _distribution(one: StoredBoard) -> Figure:
    truth, spec = one.board.truth, next(iter(one.runs.values()))[0].spec
    space = build_space(spec)
    table = available_truth(spec, space, truth)
    if table is None:
        raise TableError(f"{truth.kind} {truth.name!r} is not here, so the other cells' truth cannot be drawn")
    return plot_distribution(distribution_data(means_of(table, space, truth.metric), one.board))
