"""How shared weights rank cells: tau by epoch, every cell, and the true top 10 (Yu et al. 2020, Fig. 4)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.output.figure_style import (
    COLOURS,
    GREY,
    LIGHT,
    canvas,
    counted,
    metric_label,
    nan_for_missing,
    rank_axis,
    rank_ticks,
    scale_of,
    tidy,
)
from harness.studies.weight_sharing.measure import Displacement, WeightSharingResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (10.0, 7.5)

MANY = 60
"""The most cells for which the bars have error bars: more could not be read."""

FEW = 10
"""The most epochs that each get a tick."""

MARK_OFFSET = 0.15
"""The offset of a cell's two error bars from its tick, so that they do not overlap."""

TRUTH, SHARED = COLOURS[0], COLOURS[1]

LEVELS = {"best": 0, "average": 1, "worst": 2}
"""The order of the runs from left to right."""


def plot_weight_sharing(content: WeightSharingResult) -> Figure:
    """Draw tau after each epoch and the ranks of the true top 10 above, every cell's truth and shared score below."""
    figure = canvas(SIZE)
    places = figure.add_gridspec(2, 6)
    draw_taus(figure.add_subplot(places[0, :3]), content)
    runs = sorted(content["displacements"], key=_level)
    lowest = max((max(pair["true"], pair["shared"]) for run in runs for pair in run["ranks"]), default=1)
    for column, displacement in enumerate(runs, 3):
        draw_displacement(figure.add_subplot(places[0, column]), displacement, lowest)
    draw_cells(figure.add_subplot(places[1, :]), content)
    return figure


def _level(displacement: Displacement) -> int:
    return LEVELS[displacement["run"]]


def draw_taus(axes: Axes, content: WeightSharingResult) -> None:
    """Draw a thin line for each seed, and a thick one for their mean; an undefined tau leaves a gap."""
    for place, seed in enumerate(content["seeds"]):
        rows = [row for row in content["scorings"] if row["seed"] == seed]
        epochs, taus = [row["epoch"] for row in rows], nan_for_missing([row["tau"] for row in rows])
        label = "a seed" if place == 0 else "_"
        axes.plot(epochs, taus, color=LIGHT, linewidth=1, marker="o", markersize=3, label=label)
    summary = content["summary"]
    means = nan_for_missing([row["tau"]["mean"] for row in summary])
    axes.plot([row["epoch"] for row in summary], means, color="black", linewidth=2.5, marker="o", label="mean")
    axes.axhline(0, color=GREY, linewidth=0.8, linestyle=":")
    axes.set_xlabel("epochs of training the shared weights")
    axes.set_ylabel("Kendall's tau-b")
    axes.legend(fontsize=8, frameon=False)
    if len(content["epochs"]) <= FEW:
        axes.set_xticks(content["epochs"])
    tidy(axes, f"Tau with the truth; {counted(len(content['seeds']), 'seed')}")


def draw_displacement(axes: Axes, displacement: Displacement, lowest: int) -> None:
    """Draw a line for each cell from its true rank (left) to its rank by shared weights; the truly best is coloured.

    The axis ends at rank ``lowest``.
    """
    for pair in reversed(displacement["ranks"]):
        colour, width = (SHARED, 2.2) if pair["true"] == 1 else (GREY, 1.2)
        axes.plot([0, 1], [pair["true"], pair["shared"]], color=colour, linewidth=width, marker="o", markersize=4)
    rank_axis(axes, lowest, side="y")
    axes.invert_yaxis()
    axes.set_xlim(-0.25, 1.25)
    axes.set_xticks([0, 1], ["true", "shared"])
    axes.set_ylabel("rank", labelpad=1)
    tidy(axes, f"{displacement['run']}\nseed {displacement['seed']}\ntau {displacement['tau']:.3f}")


def draw_cells(axes: Axes, content: WeightSharingResult) -> None:
    """Draw the truth ± std over repeats as bars, and, on a second axis, shared scores ± std over seeds as marks."""
    cells = [cell for cell in content["cells"] if cell["truth"] is not None]
    scale, places, many = scale_of(content["metric"]), range(1, len(cells) + 1), len(cells) > MANY
    truths, stds = (
        _scaled([cell["truth"] for cell in cells], scale),
        _scaled([cell["truth_std"] for cell in cells], scale),
    )
    axes.bar(places, truths, color=TRUTH, alpha=0.45)
    if not many:
        axes.errorbar(
            [place - MARK_OFFSET for place in places], truths, yerr=stds, fmt="none", color=TRUTH, elinewidth=1.5
        )
    axes.set_ylim(*_limits(truths, stds))
    axes.set_xlim(0.2, len(cells) + 0.8)
    axes.set_xticks(rank_ticks(len(cells)))
    axes.set_xlabel(f"rank of the {len(cells)} cells of {content['space']} by their truth, the best first")
    axes.set_ylabel(f"truth: {metric_label(content['metric'])}", color=TRUTH)
    tidy(axes, f"Bars: truth, mean ± std of {counted(content['repeats'], 'repeat')} of table {content['table']}")
    _draw_scores(axes.twinx(), content, many=many)


def _draw_scores(axes: Axes, content: WeightSharingResult, *, many: bool) -> None:
    cells = [cell for cell in content["cells"] if cell["truth"] is not None]
    scale = scale_of(content["score_metric"])
    means, stds = (_scaled([cell[name] for cell in cells], scale) for name in ("score_mean", "score_std"))
    places, size = [place + MARK_OFFSET for place in range(1, len(cells) + 1)], 3 if many else 5
    axes.errorbar(places, means, yerr=stds, fmt="o-", color=SHARED, markersize=size, linewidth=0.8, elinewidth=0.8)
    axes.set_ylabel(f"shared weights: {metric_label(content['score_metric'])}", color=SHARED)
    axes.spines["top"].set_visible(False)
    seeds = counted(len(content["seeds"]), "seed")
    axes.set_title(f"line: shared weights, mean ± std of {seeds}", loc="right", fontsize=10)


def _scaled(values: Sequence[float | None], scale: float) -> list[float]:
    return [value * scale for value in nan_for_missing(values)]


def _limits(means: Sequence[float], stds: Sequence[float]) -> tuple[float, float]:
    """Limits that show the differences between bars, which an axis from 0 would hide."""
    reach = [0.0 if math.isnan(std) else std for std in stds]
    low = min((mean - std for mean, std in zip(means, reach, strict=True)), default=0.0)
    high = max((mean + std for mean, std in zip(means, reach, strict=True)), default=1.0)
    margin = 0.08 * (high - low) or 1.0
    return low - margin, high + margin
