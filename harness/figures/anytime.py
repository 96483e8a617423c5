"""Any-time curves: the truth about the best architecture so far against the cost, as a mean over a policy's seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

from harness.core.judgement import Truth
from harness.core.numbers import Undefined
from harness.core.policy import BASELINE
from harness.leaderboard.anytime import CostAxis, Curve, Trajectory, TruthMeasure, on_grid, shared_grid
from harness.leaderboard.leaderboard import Leaderboard
from harness.output import figure_style as style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (7.0, 4.4)

LOG_SCALE_RATIO = 50
"""The ratio of the largest to the smallest cost from which the cost axis is logarithmic."""

AXIS_LABELS: Mapping[CostAxis, tuple[str, float]] = {
    "queries": ("queries", 1.0),
    "epochs": ("epochs of training", 1.0),
    "seconds": ("hours of training", 1 / 3600),
}
"""The label of each cost axis, and the factor from costs to the unit of the label."""

RANDOM_SEARCH = "random-search"
"""The policy that the others are compared with at equal cost, drawn in black."""


class CurveLine(TypedDict):
    """A policy's curve: ``mean``, ``low`` and ``high`` have one value for each ``x``, ``None`` if it is undefined."""

    name: str
    x: list[float]
    mean: list[float | None]
    low: list[float | None]
    high: list[float | None]


class ReferenceLevel(TypedDict):
    """A value reached at no cost, such as that of one random draw."""

    name: str
    value: float


class AnytimeData(TypedDict):
    """The figure's data in the units of its axes; ``steps``: whether a value holds until the next one.

    ``left_out`` are the reasons why policies have no line.
    """

    title: str
    x_label: str
    y_label: str
    steps: bool
    lines: list[CurveLine]
    levels: list[ReferenceLevel]
    left_out: list[str]


def anytime_data(
    runs: Sequence[Trajectory], board: Leaderboard, *, axis: CostAxis = "queries", quality: TruthMeasure = "regret"
) -> AnytimeData:
    """The curves of a leaderboard's runs, up to the cost of the most expensive policy other than random search.

    A line begins at the first cost at which every seed has an incumbent.
    """
    groups = _groups(runs)
    grid = shared_grid([each for each in runs if each.policy != RANDOM_SEARCH] or runs, axis)
    label, scale = AXIS_LABELS[axis]
    lines, left_out = list[CurveLine](), list[str]()
    for name, group in groups.items():
        curve = on_grid(group, axis, grid, quality=quality)
        if isinstance(curve, Undefined):
            left_out.append(curve.reason)
        elif grid and any(each.steps for each in group):
            end = max(getattr(each.spent, axis) for each in group)
            lines.append(_line(name, curve, end, len(group), (scale, _scale(quality, board.truth))))
    seeds = style.counted(len({each.seed for each in runs}), "seed")
    return AnytimeData(
        title=f"Space {runs[0].space}: {board.truth.text}\nbest by the search's own scores so far; "
        f"mean of {seeds}, 95 % bootstrap interval",
        x_label=label,
        y_label=_label(quality, board.truth),
        steps=True,
        lines=lines,
        levels=_levels(board, quality),
        left_out=left_out,
    )


def _groups(runs: Sequence[Trajectory]) -> dict[str, list[Trajectory]]:
    """The trajectories by policy, and by oracle if there are several; random search comes last."""
    several = len({each.oracle for each in runs if each.policy not in (BASELINE, RANDOM_SEARCH)}) > 1
    groups: dict[str, list[Trajectory]] = {}
    for each in sorted(runs, key=lambda each: each.policy == RANDOM_SEARCH):
        alone = each.policy == RANDOM_SEARCH or not several
        groups.setdefault(each.policy if alone else f"{each.policy} on {each.oracle}", []).append(each)
    return groups


def _line(name: str, curve: Curve, end: float, seeds: int, scales: tuple[float, float]) -> CurveLine:
    """A policy's curve up to the cost of its longest run, at the costs where every seed has a value."""
    x_scale, y_scale = scales
    there = [place for place, cost in enumerate(curve.grid.tolist()) if cost <= end]
    whole = [place for place in there if curve.seeds[place] == seeds]
    numbers = ([float(column[place]) * y_scale for place in whole] for column in (curve.mean, curve.low, curve.high))
    mean, low, high = ([None if math.isnan(number) else number for number in column] for column in numbers)
    return CurveLine(
        name=name, x=[float(curve.grid[place]) * x_scale for place in whole], mean=mean, low=low, high=high
    )


def _scale(quality: TruthMeasure, truth: Truth) -> float:
    return 1.0 if quality == "rank" else style.scale_of(truth.metric)


def _label(quality: TruthMeasure, truth: Truth) -> str:
    if quality == "regret":
        points = " (percentage points)" if style.scale_of(truth.metric) != 1 else ""
        return f"regret in {truth.metric.replace('_', ' ')}{points}"
    return style.metric_label(truth.metric) if quality == "value" else "rank (1 is best)"


def _levels(board: Leaderboard, quality: TruthMeasure) -> list[ReferenceLevel]:
    """The mean of the random baseline, one draw for each seed, if it is defined."""
    levels = list[ReferenceLevel]()
    for entry in (each for each in board.entries if each.policy == BASELINE):
        ranks = [rank for rank in entry.ranks if not isinstance(rank, Undefined)]
        means = {"regret": entry.mean_regret, "value": entry.mean, "rank": sum(ranks) / len(ranks) if ranks else None}
        if isinstance(mean := means[quality], float):
            levels.append(ReferenceLevel(name="one random draw", value=mean * _scale(quality, board.truth)))
    return levels


def plot_anytime(content: AnytimeData) -> Figure:
    """Draw means as lines with their intervals as bands, and levels as dotted lines."""
    figure = style.canvas(SIZE)
    axes = figure.add_subplot()
    for place, line in enumerate(content["lines"]):
        _draw(axes, line, place, steps=content["steps"])
    for level in content["levels"]:
        axes.axhline(level["value"], color=style.GREY, linestyle=":", linewidth=1.5, label=level["name"])
    cost_axis(axes, [x for line in content["lines"] for x in line["x"]])
    axes.set_xlabel(content["x_label"])
    axes.set_ylabel(content["y_label"])
    missing = "".join(f"\nnot drawn: {reason}" for reason in content["left_out"])
    style.tidy(axes, content["title"] + missing)
    if axes.get_legend_handles_labels()[0]:
        figure.legend(loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return figure


def _draw(axes: Axes, line: CurveLine, place: int, *, steps: bool) -> None:
    random_search, colours = line["name"] == RANDOM_SEARCH, style.COLOURS[:-1]
    colour = style.COLOURS[-1] if random_search else colours[place % len(colours)]
    dash = "--" if random_search else style.DASHES[place // len(colours) % len(style.DASHES)]
    (drawn,) = axes.plot(
        line["x"], style.nan_for_missing(line["mean"]), color=colour, linestyle=dash, linewidth=2, label=line["name"]
    )
    drawn.set_drawstyle("steps-post" if steps else "default")
    ends = style.nan_for_missing(line["low"]), style.nan_for_missing(line["high"])
    axes.fill_between(line["x"], *ends, step="post" if steps else None, color=colour, alpha=0.15, linewidth=0)


def cost_axis(axes: Axes, costs: Sequence[float]) -> None:
    """Format the x axis for costs; it is logarithmic from ``LOG_SCALE_RATIO`` of largest to smallest cost above 0."""
    from matplotlib.ticker import FuncFormatter

    positive = [cost for cost in costs if cost > 0]
    if positive and max(positive) / min(positive) >= LOG_SCALE_RATIO:
        axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda cost, _: f"{cost:,.10g}"))
