"""Ranks of cells during their training, a line for each cell (Yu et al. 2020, Fig. 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.output.figure_style import COLOURS, DASHES, LIGHT, SIZE, canvas, counted, nan_for_missing, rank_axis, tidy
from harness.studies.early_stopping.measure import CellTrajectory, EarlyStoppingResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FEW = 12
"""The most epochs that each get a mark."""

NARROW = 28
"""The longest name of a cell, in characters, for which the legend has three columns."""


def plot_early_stopping(content: EarlyStoppingResult) -> Figure:
    """Draw the cells that end best in colour over all others in grey; rank 1, the best, is at the top."""
    best, others = content["cells"][: content["top"]], content["cells"][content["top"] :]
    columns = 1 if max(len(cell["cell"]) for cell in best) > NARROW else 3
    figure = canvas((SIZE[0], SIZE[1] + 0.2 * -(-len(best) // columns)))
    axes = figure.add_subplot()
    for cell in reversed(others):
        axes.plot(
            content["epochs"],
            nan_for_missing(cell["ranks"]),
            color=LIGHT,
            linewidth=0.8,
            alpha=_alpha(content),
            zorder=1,
        )
    for place, cell in enumerate(best):
        _draw_best(axes, content, cell, place)
    metric, repeats = content["metric"].replace("_", " "), counted(content["repeats"], "repeat")
    axes.set_xlabel(
        "epochs of training, each budget on its own" if content["one_course"] is False else "epochs of training"
    )
    axes.set_ylabel(f"rank of {content['size']:,} (1 is best)")
    rank_axis(axes, content["size"], side="y")
    axes.invert_yaxis()
    if len(content["epochs"]) <= FEW:
        axes.set_xticks(content["epochs"])
    tidy(axes, f"Table {content['table']}: ranks by {metric}, mean of {repeats}\nin colour those that end best")
    figure.legend(loc="outside lower center", fontsize=8, frameon=False, ncols=columns)
    return figure


def _alpha(content: EarlyStoppingResult) -> float:
    """The opacity of the other cells' lines: many opaque lines would merge into one grey area."""
    return 1.0 if content["listed"] <= 100 else 0.25


def _draw_best(axes: Axes, content: EarlyStoppingResult, cell: CellTrajectory, place: int) -> None:
    axes.plot(
        content["epochs"],
        nan_for_missing(cell["ranks"]),
        color=COLOURS[place % len(COLOURS)],
        linestyle=DASHES[place // len(COLOURS) % len(DASHES)],
        marker="o" if len(content["epochs"]) <= FEW else None,
        markersize=5,
        linewidth=2,
        label=f"{cell['ranks'][-1]}: {cell['cell']}",
        zorder=3,
        clip_on=False,
    )
