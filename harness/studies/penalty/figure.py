"""What weight sharing costs each policy: each row joins a policy's means without and with weight sharing by a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.output.figure_style import (
    COLOURS,
    GREY,
    canvas,
    counted,
    metric_label,
    nan_for_missing,
    scale_of,
    spaced,
    tidy,
)
from harness.studies.penalty.measure import OracleResult, PenaltyResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ORACLE_STYLES = (("without weight sharing", COLOURS[0], "o", -0.12), ("with weight sharing", COLOURS[1], "s", 0.12))
"""For each oracle: its name in the legend, its colour, its mark, and its offset from the middle of a row."""


def plot_penalty(content: PenaltyResult) -> Figure:
    """Draw means with their deviation as large marks, seeds as small marks, and random's mean as a dashed line."""
    rows, scale = content["rows"], scale_of(content["metric"])
    figure = canvas((7.0, 1.7 + 0.45 * max(3, len(rows))))
    axes = figure.add_subplot()
    for place, row in enumerate(rows):
        ends = nan_for_missing([row["without"]["mean"], row["shared"]["mean"]])
        heights = [place + offset for *_, offset in ORACLE_STYLES]
        axes.plot([end * scale for end in ends], heights, color=GREY, linewidth=2.5, zorder=1)
        for (label, colour, mark, offset), result in zip(ORACLE_STYLES, (row["without"], row["shared"]), strict=True):
            _draw(axes, result, place + offset, scale, look=("_" * (place > 0) + label, colour, mark))
    if content["baseline"]["mean"] is not None:
        axes.axvline(content["baseline"]["mean"] * scale, color="black", linestyle="--", linewidth=1, label="random")
    axes.set_yticks(range(len(rows)), [row["policy"] for row in rows])
    axes.set_ylim(len(rows) - 0.5, -0.5)
    seeds = counted(len(content["seeds"]), "seed")
    axes.set_xlabel(f"{metric_label(content['metric'])} of the recommended cell")
    tidy(axes, f"Space {content['space']}: {content['truth']}\nmean ± std of {seeds}", grid="x")
    figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
    return figure


def _draw(axes: Axes, result: OracleResult, height: float, scale: float, *, look: tuple[str, str, str]) -> None:
    label, colour, mark = look
    values = [value * scale for value in nan_for_missing(result["values"])]
    heights = [height + offset for offset in spaced(len(values), 0.2)]
    axes.scatter(values, heights, s=9, color=colour, alpha=0.45, linewidths=0, zorder=2)
    (mean, std) = (value * scale for value in nan_for_missing([result["mean"], result["std"] or 0.0]))
    axes.errorbar([mean], [height], xerr=[std], color=colour, fmt=mark, markersize=8, capsize=3, label=label, zorder=3)
