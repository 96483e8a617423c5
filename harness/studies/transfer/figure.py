"""The ranks of cells by two tables against each other: a mark for each cell, the best of the first table in colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.output.figure_style import COLOURS, GREY, PALE, canvas, counted, rank_axis, tidy
from harness.studies.transfer.measure import TransferResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SIDE = 5.4
"""The width and the height of the figure in inches."""

FEW = 200
"""The most cells whose marks are large and solid."""


def plot_transfer(content: TransferResult) -> Figure:
    """Draw the ranks by the first pair of metrics; the best is at the lower left; on the line both tables agree."""
    (first, second), row, size = content["sides"], content["rows"][0], content["rows"][0]["cells"]
    best = [cell["ranks"] for cell in content["cells"] if cell["ranks"][0] <= content["top"]]
    others = [cell["ranks"] for cell in content["cells"] if cell["ranks"][0] > content["top"]]
    figure = canvas((SIDE, SIDE))
    axes = figure.add_subplot()
    area, opaque = (32, 0.8) if size <= FEW else (8, 0.35)
    axes.plot([1, size], [1, size], color=GREY, linewidth=1, linestyle="--", zorder=1)
    if others:
        x, y = zip(*others, strict=True)
        axes.scatter(x, y, s=area, alpha=opaque, color=COLOURS[0], linewidths=0, zorder=2, label="a cell")
    label = f"top {content['top']} of {first['table']}"
    x, y = zip(*best, strict=True)
    axes.scatter(x, y, color=COLOURS[1], marker="s", s=36, linewidths=0, zorder=3, label=label)
    for name in ("x", "y"):
        rank_axis(axes, size, side=name)
    axes.set_xlabel(_axis(first["table"], row["first"]))
    axes.set_ylabel(_axis(second["table"], row["second"]))
    tau = "none" if row["tau"] is None else f"{row['tau']:.2f}"
    tidy(axes, f"Ranks of {counted(size, 'cell')} by two tables (1 is best)\nKendall's tau {tau}")
    axes.grid(axis="x", color=PALE, linewidth=0.8)
    figure.legend(loc="outside lower center", ncols=2, fontsize=8, frameon=False)
    return figure


def _axis(table: str, metric: str) -> str:
    return f"rank by {metric.replace('_', ' ')} of {table}"
