"""The style of all figures: colours that colour-blind readers can distinguish, axes, and labels of metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from harness.core.measures import ACCURACY, measure_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito 2008, Color Universal Design, without its yellow, which is too light for lines on white."""

MARKS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", "--", ":", "-.")
GREY, LIGHT, PALE = "#8C8C8C", "#C8C8C8", "#E6E6E6"

SIZE = (7.0, 4.0)
"""Width and height in inches, at which the text is readable."""

MANY = 200
"""The most ranks on a linear axis; with more, the best ones would overlap."""


def canvas(size: tuple[float, float] = SIZE) -> Figure:
    """An empty figure that makes room for its labels."""
    from matplotlib.figure import Figure

    return Figure(figsize=size, layout="constrained")


def tidy(axes: Axes, title: str, *, grid: str = "y") -> None:
    """Set the title, hide the top and right of the frame, and draw pale lines across ``grid`` (``x`` or ``y``)."""
    axes.set_title(title, loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x" if grid == "x" else "y", color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)


def rank_axis(axes: Axes, size: int, *, side: str) -> None:
    """Show ranks from 1 to ``size`` along ``side`` (``x`` or ``y``), on a logarithmic scale if there are many."""
    from matplotlib.ticker import FixedLocator, FuncFormatter

    axis, limits = (axes.xaxis, axes.set_xlim) if side == "x" else (axes.yaxis, axes.set_ylim)
    if size > MANY:
        (axes.set_xscale if side == "x" else axes.set_yscale)("log")
        limits(0.8, size * 1.25)
    else:
        margin = max(0.5, size / 40)
        limits(1 - margin, size + margin)
        axis.set_major_locator(FixedLocator(rank_ticks(size)))
    axis.set_major_formatter(FuncFormatter(lambda rank, _: f"{rank:,.0f}" if rank >= 1 else ""))


def rank_ticks(size: int) -> list[int]:
    """About ten ticks: rank 1, and the multiples of a round number above it."""
    step = next(step for step in (1, 2, 5, 10, 20) if size / step <= 10)
    return [1, *(rank for rank in range(step, size + 1, step) if rank > 1)]


def scale_of(metric: str) -> float:
    """The factor by which values of a metric are multiplied for drawing: accuracies are drawn in per cent."""
    return 100.0 if measure_of(metric) == ACCURACY else 1.0


def metric_label(metric: str) -> str:
    """The axis label of a metric with its split: ``test accuracy (%)``, ``validation perplexity``."""
    return metric.replace("_", " ") + (" (%)" if measure_of(metric) == ACCURACY else "")


def counted(number: int, what: str) -> str:
    """A number with its noun: ``one seed``, ``10 seeds``."""
    return f"one {what}" if number == 1 else f"{number:,} {what}s"


def spaced(count: int, width: float) -> list[float]:
    """``count`` offsets, evenly spaced over ``width`` about 0, so that equal marks do not overlap."""
    return [width * ((i + 0.5) / count - 0.5) for i in range(count)]


def nan_for_missing(values: Sequence[float | None]) -> list[float]:
    """The values of a line, with NaN for missing ones, which leaves a gap."""
    return [float("nan") if value is None else value for value in values]
