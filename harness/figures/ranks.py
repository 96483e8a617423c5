"""True ranks of the policies' recommendations: a row for each policy, a mark for each seed (Yu et al. 2020, Fig. 3)."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

from harness.core.errors import IncompatibleError
from harness.core.numbers import Undefined
from harness.leaderboard.leaderboard import Leaderboard
from harness.output import figure_style as style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class RanksRow(TypedDict):
    """A policy's rank for each seed, ``None`` for a run without one; ``oracle`` is empty if all rows have the same."""

    policy: str
    oracle: str
    ranks: list[int | None]


class RanksData(TypedDict):
    """The figure's data; ``truth`` is the judged metric in words, ``size`` the number of ranked cells."""

    truth: str
    space: str
    size: int
    rows: list[RanksRow]


def ranks_data(board: Leaderboard) -> RanksData:
    """The ranks of a leaderboard, best mean first; raises IncompatibleError if its truth ranks nothing."""
    if isinstance(board.truth.ranking, Undefined):
        raise IncompatibleError(
            f"there are no ranks to draw: {board.truth.kind} {board.truth.name!r} trains the recommended cells alone"
        )
    several = len({entry.oracle for entry in board.entries}) > 1
    rows = [
        RanksRow(
            policy=entry.policy,
            oracle=entry.oracle if several else "",
            ranks=[None if isinstance(rank, Undefined) else rank for rank in entry.ranks],
        )
        for entry in board.entries
    ]
    space = ", ".join(dict.fromkeys(entry.space for entry in board.entries))
    return RanksData(truth=board.truth.text, space=space, size=board.truth.ranking.size, rows=rows)


def ranks(content: RanksData) -> Figure:
    """Draw a mark for each seed; marks of a row have different heights so that equal ranks are visible.

    The colour of a mark shows its policy, the shape its oracle.
    """
    rows = content["rows"]
    colours = _styles([row["policy"] for row in rows], style.COLOURS)
    marks = _styles([row["oracle"] for row in rows], style.MARKS)
    figure = style.canvas((style.SIZE[0], 1.5 + 0.5 * max(3, len(rows))))
    axes = figure.add_subplot()
    for place, row in enumerate(rows):
        heights = [place + offset for offset in style.spaced(len(row["ranks"]), 0.6)]
        colour, mark = colours[row["policy"]], marks[row["oracle"]]
        places = style.nan_for_missing(row["ranks"])
        axes.plot(places, heights, mark, color=colour, markersize=6, alpha=0.8, clip_on=False)
        if place:
            axes.axhline(place - 0.5, color=style.PALE, linewidth=0.8)
    axes.set_yticks(range(len(rows)), [f"{row['policy']}\n{row['oracle']}".strip() for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    style.rank_axis(axes, content["size"], side="x")
    seeds = style.counted(max((len(row["ranks"]) for row in rows), default=0), "seed")
    axes.set_xlabel(f"true rank of {content['size']:,} (1 is best)")
    style.tidy(axes, f"Space {content['space']}: {content['truth']}\na mark is one of {seeds}", grid="x")
    return figure


def _styles(names: Sequence[str], styles: Sequence[str]) -> dict[str, str]:
    return dict(zip(dict.fromkeys(names), itertools.cycle(styles), strict=False))
