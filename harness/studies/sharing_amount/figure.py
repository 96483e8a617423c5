"""Tau by the number of shared matrices (Yu et al. 2020, Table 5), and the cells' ranks coloured by it (Fig. 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.output.figure_style import COLOURS, GREY, MARKS, canvas, counted, nan_for_missing, rank_ticks, spaced, tidy
from harness.studies.sharing_amount.measure import SharingAmountResult

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (9.0, 4.0)


def plot_sharing_amount(content: SharingAmountResult) -> Figure:
    """Draw tau inside each group on the left, each cell's rank by shared weights against its true rank on the right."""
    figure = canvas(SIZE)
    left, right = figure.subplots(1, 2)
    draw_groups(left, content)
    draw_ranks(right, content)
    return figure


def group_styles(content: SharingAmountResult) -> dict[int, tuple[str, str]]:
    """The colour and the mark of each number of shared matrices."""
    numbers = sorted({cell["shared"] for cell in content["cells"]})
    return {number: (COLOURS[i % len(COLOURS)], MARKS[i % len(MARKS)]) for i, number in enumerate(numbers)}


def draw_groups(axes: Axes, content: SharingAmountResult) -> None:
    """Draw mean ± std over the seeds as bars, and the seeds as marks."""
    styles, groups = group_styles(content), content["groups"]
    for place, group in enumerate(groups):
        colour, mark = styles[group["shared"]]
        tau, taus = group["tau"], nan_for_missing(group["taus"])
        if tau["mean"] is not None:
            axes.bar([place], [tau["mean"]], yerr=[tau["std"] or 0.0], color=colour, alpha=0.45, width=0.7, capsize=4)
        offsets = [place + offset for offset in spaced(len(taus), 0.5)]
        axes.plot(offsets, taus, linestyle="", marker=mark, markersize=4, color=colour)
    axes.axhline(0, color=GREY, linewidth=0.8)
    axes.set_xticks(range(len(groups)), [f"{group['shared']}\n{counted(group['cells'], 'cell')}" for group in groups])
    axes.set_xlabel("shared matrices of a group")
    axes.set_ylabel("Kendall's tau-b inside the group")
    tidy(axes, f"Tau by what is shared: mean ± std of {counted(len(content['seeds']), 'seed')}")


def draw_ranks(axes: Axes, content: SharingAmountResult) -> None:
    """Draw a mark for each cell: its true rank on x, its mean rank by shared weights on y; on the line both agree."""
    styles, cells = group_styles(content), content["cells"]
    for number, (colour, mark) in styles.items():
        group = [cell for cell in cells if cell["shared"] == number]
        true, shared = (
            nan_for_missing([cell["true_rank"] for cell in group]),
            nan_for_missing([cell["shared_rank"] for cell in group]),
        )
        axes.plot(true, shared, linestyle="", marker=mark, markersize=8, color=colour, label=f"{number} shared")
    axes.axline((1, 1), slope=1, color=GREY, linewidth=0.8, linestyle=":")
    for limits in (axes.set_xlim, axes.set_ylim):
        limits(0.3, len(cells) + 0.7)
    axes.set_xticks(rank_ticks(len(cells)))
    axes.set_yticks(rank_ticks(len(cells)))
    repeats = counted(content["repeats"], "repeat")
    axes.set_xlabel(f"true rank by {content['metric'].replace('_', ' ')}, mean of {repeats}")
    axes.set_ylabel("rank by shared weights, mean of seeds")
    axes.legend(fontsize=8, frameon=True, edgecolor="none", framealpha=0.7)
    tidy(axes, f"The {len(cells)} cells of {content['space']}, 1 is best")
