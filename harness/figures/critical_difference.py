"""Mean ranks of policies over blocks; a bar joins those that the test cannot tell apart (Demsar 2006, Fig. 1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

from harness.output.figure_style import COLOURS, GREY, canvas, counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.0

BAR_GAP = 0.22
"""The distance between bars, and between bars and labels, in row heights."""


class CriticalDifferenceData(TypedDict):
    """``ranks`` are the policies' mean ranks, 1 being the best, over a number ``blocks`` of blocks.

    ``distance`` is the least difference of two mean ranks that Nemenyi's test finds at ``level``.
    """

    title: str
    ranks: dict[str, float]
    blocks: int
    block: str
    distance: float
    level: float


def critical_difference_data(
    ranks: Mapping[str, float], distance: float, *, blocks: int, block: str, level: float = 0.05
) -> CriticalDifferenceData:
    """The data of a diagram; ``block`` is the word for one block of the ranking, such as ``seed`` or ``space``."""
    policies = counted(len(ranks), "policy").replace("policys", "policies")
    title = f"Mean ranks of {policies} over {counted(blocks, block)}"
    return CriticalDifferenceData(
        title=title, ranks=dict(ranks), blocks=blocks, block=block, distance=distance, level=level
    )


def plot_critical_difference(content: CriticalDifferenceData) -> Figure:
    """Draw the best on the left; a bar joins a largest set of policies whose ranks differ by less than the distance."""
    order = sorted(content["ranks"].items(), key=lambda pair: pair[1])
    bars = cliques([rank for _, rank in order], content["distance"])
    half = -(-len(order) // 2)
    figure = canvas((WIDTH, 1.5 + 0.3 * half + 0.12 * len(bars)))
    axes = figure.add_subplot()
    _draw_scale(axes, len(order), content)
    lowest = 0.25 + BAR_GAP * len(bars)
    for place, (name, rank) in enumerate(order):
        _draw_policy(axes, (name, rank, COLOURS[place % len(COLOURS)]), _label_position(place, len(order), lowest))
    for place, (first, last) in enumerate(bars):
        height = -0.25 - BAR_GAP * place
        axes.plot([order[first][1] - 0.04, order[last][1] + 0.04], [height, height], color="black", linewidth=4)
    axes.set_ylim(-lowest - 0.45 * half - 0.1, 1.35)
    axes.set_axis_off()
    axes.set_title(content["title"], loc="left", fontsize=10)
    return figure


def cliques(ranks: Sequence[float], distance: float) -> list[tuple[int, int]]:
    """The largest runs (first, last) of at least two ascending ranks whose ends differ by less than ``distance``."""
    found: list[tuple[int, int]] = []
    for first, start in enumerate(ranks):
        last = max(place for place, rank in enumerate(ranks) if rank - start < distance or place == first)
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return found


def _label_position(place: int, policies: int, lowest: float) -> tuple[float, float, str]:
    """The position of a policy's label, better policies on the left: (end of the line, height, alignment)."""
    half = -(-policies // 2)
    left = place < half
    row = place if left else policies - 1 - place
    return (0.6 if left else policies + 0.4), -lowest - 0.45 * (row + 0.5), "right" if left else "left"


def _draw_scale(axes: Axes, policies: int, content: CriticalDifferenceData) -> None:
    """Draw the axis of ranks with its numbers, and the critical distance above it."""
    axes.plot([1, policies], [0, 0], color="black", linewidth=1)
    for rank in range(1, policies + 1):
        axes.plot([rank, rank], [0, 0.12], color="black", linewidth=1)
        axes.text(rank, 0.2, str(rank), ha="center", va="bottom", fontsize=9)
    ends = [1, 1 + content["distance"]]
    axes.plot(ends, [0.85, 0.85], color=GREY, linewidth=2, marker="|", markersize=8, label="critical distance")
    words = f"critical distance {content['distance']:.2f} at {100 * content['level']:g} %"
    axes.text(ends[0], 0.98, words, ha="left", va="bottom", fontsize=8, color=GREY)
    axes.set_xlim(min(-0.6, 0), max(policies + 1.6, ends[1] + 0.2))


def _draw_policy(axes: Axes, policy: tuple[str, float, str], label_position: tuple[float, float, str]) -> None:
    """Draw a line from a policy's mean rank down and sideways to its label."""
    (name, rank, colour), (end, height, side) = policy, label_position
    axes.plot([rank, rank, end], [0, height, height], color=colour, linewidth=1.2, label=name)
    start = end + (-0.06 if side == "right" else 0.06)
    axes.text(start, height, f"{name}  {rank:.2f}", ha=side, va="center", fontsize=9)
