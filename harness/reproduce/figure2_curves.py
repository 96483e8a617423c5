"""Validation perplexity of recommended cells over their training, mean and best (Yu et al. 2020, Fig. 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from harness.output.figure_style import COLOURS, DASHES, LIGHT, canvas, metric_label, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (9.0, 4.2)
FEW = 12
"""The most epochs of which each gets a mark and a tick."""

SETTLED = 0.5
"""The last share of the epochs, which sets the y limits: the steep start of training would fill the axis."""


class PolicyCurves(TypedDict):
    """A policy's curves (``courses``), one per seed that did not diverge, their mean, and the one that ends best."""

    policy: str
    seeds: int
    courses: list[list[float]]
    mean: list[float]
    best: list[float]


class Figure2Data(TypedDict):
    """``told`` describes the values; every curve has a value after each of ``epochs``."""

    metric: str
    told: str
    epochs: list[int]
    rows: list[PolicyCurves]


def plot_figure2(content: Figure2Data) -> Figure:
    """Draw the mean of each policy's cells on the left, its best cell on the right."""
    figure = canvas(SIZE)
    left, right = figure.subplots(1, 2, sharey=True)
    for axes, which in ((left, "mean"), (right, "best")):
        for place, row in enumerate(content["rows"]):
            _draw(axes, content["epochs"], row, place=place, which=which)
        axes.set_xlabel("epochs of training")
        if len(content["epochs"]) <= FEW:
            axes.set_xticks(content["epochs"])
    left.set_ylabel(metric_label(content["metric"]))
    left.set_ylim(*_limits(content))
    seeds = max((row["seeds"] for row in content["rows"]), default=0)
    tidy(left, f"Mean of the cells of {seeds} seeds")
    tidy(right, "The best cell of each policy")
    figure.suptitle(content["told"], fontsize=10, x=0.01, ha="left")
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return figure


def _draw(axes: Axes, epochs: list[int], row: PolicyCurves, *, place: int, which: str) -> None:
    values = row["mean"] if which == "mean" else row["best"]
    if not values:
        return
    if which == "mean":
        for curve in row["courses"]:
            axes.plot(epochs, curve, color=LIGHT, linewidth=0.6, zorder=1)
    axes.plot(
        epochs,
        values,
        color=COLOURS[place % len(COLOURS)],
        linestyle=DASHES[place % len(DASHES)],
        marker="o" if len(epochs) <= FEW else None,
        markersize=4,
        linewidth=2,
        label=row["policy"],
        zorder=3,
    )


def _limits(content: Figure2Data) -> tuple[float, float]:
    """The y limits: they include all values of the last ``SETTLED`` of the training, with a margin."""
    start = int(len(content["epochs"]) * (1 - SETTLED)) - 1
    late = [value for row in content["rows"] for curve in row["courses"] for value in curve[max(start, 0) :]]
    low, high = min(late, default=0.0), max(late, default=1.0)
    margin = 0.05 * (high - low) or 1.0
    return low - margin, high + margin
