"""The distribution of the truth over the cells of a space, and the policies' recommendations in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from harness.core.judgement import TruthTable
from harness.core.numbers import Undefined
from harness.core.space import SearchSpace
from harness.leaderboard.leaderboard import Leaderboard
from harness.output import figure_style as style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.0

BINS = 60
"""The most bars of the histogram."""

TAIL = 0.01
"""The share of the worst cells outside of the axis: failed trainings would compress all other cells."""


class RecommendedValues(TypedDict):
    """The true values of a policy's recommendations, one for each seed."""

    name: str
    values: list[float]


class DistributionData(TypedDict):
    """The figure's data in the unit of its axis; ``truth`` has the value of every ranked cell."""

    title: str
    x_label: str
    larger_is_better: bool
    truth: list[float]
    picks: list[RecommendedValues]


def distribution_data(means: Sequence[float], board: Leaderboard) -> DistributionData:
    """The figure's data from the ranked cells' true ``means``, in the metric's own unit, and a leaderboard."""
    truth, scale = board.truth, style.scale_of(board.truth.metric)
    several = len({entry.oracle for entry in board.entries}) > 1
    picks = [
        RecommendedValues(
            name=f"{entry.policy} on {entry.oracle}" if several else entry.policy,
            values=[value * scale for value in entry.values if not isinstance(value, Undefined)],
        )
        for entry in board.entries
    ]
    known = [mean * scale for mean in means if math.isfinite(mean)]
    title = f"Space {board.entries[0].space}: {truth.text}\n{_counts(known, board)}"
    label, larger = style.metric_label(truth.metric), truth.larger_is_better
    return DistributionData(title=title, x_label=label, larger_is_better=larger, truth=known, picks=picks)


def means_of(table: TruthTable, space: SearchSpace, metric: str) -> list[float]:
    """The means over repeats at the full budget of the table's cells that lie in the space, in any order."""
    means: list[float] = table.mean(metric)[space.owns(table.keys)].tolist()
    return means


def _counts(known: Sequence[float], board: Leaderboard) -> str:
    seeds = max((len(entry.seeds) for entry in board.entries), default=0)
    cells, marks = style.counted(len(known), "cell"), style.counted(seeds, "seed")
    return f"grey: {cells}; black: share that is no better; a mark: one of {marks}"


def plot_distribution(content: DistributionData) -> Figure:
    """Draw a histogram of all cells and the share that is no better above, a row of marks for each policy below."""
    rows = len(content["picks"])
    figure = style.canvas((WIDTH, 3.0 + 0.45 * max(1, rows)))
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(2.5, 0.45 * max(1, rows)))
    low, high = _limits(content)
    draw_cells(above, content, (low, high))
    draw_recommendations(below, content)
    below.set_xlim(low, high)
    below.set_xlabel(content["x_label"])
    return figure


def _limits(content: DistributionData) -> tuple[float, float]:
    """The ends of the axis, which shows all recommendations and all cells but the worst ``TAIL``, with a margin."""
    picked = [value for picks in content["picks"] for value in picks["values"]]
    worst = TAIL if content["larger_is_better"] else 1 - TAIL
    shown = [float(np.quantile(content["truth"], worst)), min(content["truth"]), *picked]
    if content["larger_is_better"]:
        shown[1] = max(content["truth"])
    margin = 0.03 * (max(shown) - min(shown)) or 1.0
    return min(shown) - margin, max(shown) + margin


def draw_cells(axes: Axes, content: DistributionData, limits: tuple[float, float]) -> None:
    """Draw the histogram of cells, and on a second axis the share of cells that is no better than a value."""
    truth = np.sort(content["truth"])
    bins = max(5, min(BINS, len(truth) // 4))
    axes.hist(truth, bins=bins, range=limits, color=style.LIGHT)
    axes.set_ylabel("cells", color=style.GREY)
    style.tidy(axes, content["title"])
    right = axes.twinx()
    share = np.arange(1, len(truth) + 1) / len(truth)
    no_better = share if content["larger_is_better"] else 1 - share + 1 / len(truth)
    (line,) = right.plot(truth, 100 * no_better, color="black", linewidth=1.2)
    line.set_drawstyle("steps-post" if content["larger_is_better"] else "steps-pre")
    right.set_ylim(0, 103)
    right.set_ylabel("no better (% of cells)")
    right.spines["top"].set_visible(False)


def draw_recommendations(axes: Axes, content: DistributionData) -> None:
    """Draw a row for each policy, a mark for each seed, at different heights so that equal values are visible."""
    for place, picks in enumerate(content["picks"]):
        heights = [place + offset for offset in style.spaced(len(picks["values"]), 0.6)]
        colour = style.COLOURS[place % len(style.COLOURS)]
        axes.plot(picks["values"], heights, "o", color=colour, markersize=5, alpha=0.8)
        if place:
            axes.axhline(place - 0.5, color=style.PALE, linewidth=0.8)
    axes.set_yticks(range(len(content["picks"])), [picks["name"] for picks in content["picks"]])
    axes.set_ylim(len(content["picks"]) - 0.5, -0.5)
    style.tidy(axes, "", grid="x")
