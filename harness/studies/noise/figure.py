"""The value of each policy's recommendations in each condition: a line for each policy, a tick for each condition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.output.figure_style import (
    COLOURS,
    GREY,
    MARKS,
    SIZE,
    canvas,
    counted,
    metric_label,
    nan_for_missing,
    scale_of,
    spaced,
    tidy,
)
from harness.studies.noise.measure import NoiseResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARK_OFFSET = 0.3
"""How far the policies' marks spread around a condition's tick, so that their error bars do not overlap."""


def plot_noise(content: NoiseResult) -> Figure:
    """Draw means with their deviation over the seeds as marks, and random's mean as a dashed line."""
    conditions, scale = content["conditions"], scale_of(content["metric"])
    figure = canvas((max(SIZE[0], 1.5 + 1.3 * len(conditions)), 4.2))
    axes = figure.add_subplot()
    for i, offset in enumerate(spaced(len(content["policies"]), MARK_OFFSET)):
        _draw(axes, content, i, offset)
    if content["baseline"] is not None:
        axes.axhline(content["baseline"] * scale, color=GREY, linestyle="--", linewidth=1.2, label="one random draw")
    axes.set_xticks(range(len(conditions)), [each["name"].replace(", ", "\n") for each in conditions])
    axes.set_xlim(-0.5, len(conditions) - 0.5)
    axes.set_xlabel("what the search sees")
    axes.set_ylabel(f"{metric_label(content['metric'])} of the recommended cell")
    seeds = counted(len(content["seeds"]), "seed")
    tidy(axes, f"Table {content['table']}: {content['truth']}\nmean ± std of {seeds}")
    figure.legend(loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return figure


def _draw(axes: Axes, content: NoiseResult, policy: int, offset: float) -> None:
    name, scale = content["policies"][policy], scale_of(content["metric"])
    mine = [row for row in content["rows"] if row["policy"] == name]
    axes.errorbar(
        [row["condition"] + offset for row in mine],
        [value * scale for value in nan_for_missing([row["mean"] for row in mine])],
        yerr=[(row["std"] or 0.0) * scale for row in mine],
        color=COLOURS[policy % len(COLOURS)],
        marker=MARKS[policy % len(MARKS)],
        markersize=6,
        linewidth=1.5,
        elinewidth=1,
        capsize=3,
        label=name,
    )
