"""The value of each run's recommendation against the run's cost: a mark for each seed, a colour for each policy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypedDict

from harness.core.judgement import NoVerdict, Truth
from harness.core.policy import BASELINE
from harness.figures.anytime import AXIS_LABELS, SIZE, cost_axis
from harness.judging.judged_runs import JudgedRun
from harness.leaderboard.anytime import CostAxis
from harness.output.figure_style import COLOURS, GREY, MARKS, PALE, canvas, counted, metric_label, scale_of, tidy

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class PolicyPoints(TypedDict):
    """A policy's runs: the cost of each, and the true value of its recommendation."""

    name: str
    costs: list[float]
    values: list[float]


class ScatterData(TypedDict):
    """The figure's data in the units of its axes; ``levels`` are the values of runs that cost nothing, by policy."""

    title: str
    x_label: str
    y_label: str
    clouds: list[PolicyPoints]
    levels: dict[str, list[float]]


def scatter_data(runs: Sequence[JudgedRun], truth: Truth, *, axis: CostAxis = "queries") -> ScatterData:
    """The judged runs that have a value; those of a policy that asks nothing, such as random, are ``levels``."""
    label, factor = AXIS_LABELS[axis]
    scale, several = scale_of(truth.metric), len({run.oracle for run in runs if run.policy != BASELINE}) > 1
    clouds: dict[str, PolicyPoints] = {}
    levels: dict[str, list[float]] = {}
    for run in runs:
        if isinstance(run.judgement, NoVerdict):
            continue
        value, spent = run.judgement.value * scale, getattr(run.spent, axis) * factor
        name = f"{run.policy} on {run.oracle}" if several and run.spent.queries else run.policy
        if not spent:
            levels.setdefault(name, []).append(value)
            continue
        cloud = clouds.setdefault(name, PolicyPoints(name=name, costs=[], values=[]))
        cloud["costs"].append(spent)
        cloud["values"].append(value)
    seeds = counted(len({run.seed for run in runs}), "seed")
    title = f"Space {runs[0].space}: {truth.text}\na mark is one of {seeds}"
    y_label = f"{metric_label(truth.metric)} of the recommended cell"
    return ScatterData(title=title, x_label=label, y_label=y_label, clouds=list(clouds.values()), levels=levels)


def plot_scatter(content: ScatterData) -> Figure:
    """Draw a mark for each run, and a dotted line at the mean of each policy that cost nothing."""
    figure = canvas(SIZE)
    axes = figure.add_subplot()
    for place, cloud in enumerate(content["clouds"]):
        colour, mark = COLOURS[place % len(COLOURS)], MARKS[place // len(COLOURS) % len(MARKS)]
        axes.scatter(cloud["costs"], cloud["values"], color=colour, marker=mark, s=36, alpha=0.75, label=cloud["name"])
    for name, values in content["levels"].items():
        mean = sum(values) / len(values)
        axes.axhline(mean, color=GREY, linestyle=":", linewidth=1.5, label=f"{name}: mean at no cost")
    cost_axis(axes, [cost for cloud in content["clouds"] for cost in cloud["costs"]])
    axes.set_xlabel(content["x_label"])
    axes.set_ylabel(content["y_label"])
    tidy(axes, content["title"])
    axes.grid(axis="x", color=PALE, linewidth=0.8)
    if axes.get_legend_handles_labels()[0]:
        figure.legend(loc="outside lower center", ncols=4, fontsize=8, frameon=False)
    return figure
