"""Where in the space the recommendations lie: the distribution of the truth, and on it what each seed recommends."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from harness.core.numbers import Undefined
from harness.leaderboard.leaderboard import Leaderboard, LeaderboardEntry
from harness.output.figure_style import metric_label, scale_of
from harness.output.page import TextTable
from harness.report.charts import (
    ZOOM,
    Chart,
    ChartRows,
    axis,
    chart,
    coloured,
    highlight_opacity,
    layer,
    tooltip_fields,
)
from harness.report.numbers import fixed
from harness.report.series import Series

POINTS = 400
"""The most steps that the curve is drawn with: a pixel or two each."""

TAIL = 0.05
"""The worst share of the cells, which the chart leaves out unless a seed recommends one of them."""

Floats = npt.NDArray[np.float64]


def distribution_figure(name: str, board: Leaderboard, series: Sequence[Series], truth: Floats) -> Chart:
    """The share of the cells that are worse than a value; ``truth`` (cells,) are their judged values, in any order."""
    scale, title = scale_of(board.truth.metric), metric_label(board.truth.metric)
    worst_first = np.sort(truth * scale) if board.truth.larger_is_better else -np.sort(-truth * scale)
    picks = [pick for each, entry in zip(series, board.entries, strict=True) for pick in _picks(each, entry, scale)]
    curve = _curve(worst_first, picks)
    x = axis(
        "value", title, scale={"zero": False, "nice": False, "padding": 8, "reverse": not board.truth.larger_is_better}
    )
    y = axis(
        "share", "cells that are no better (%)", scale={"domain": [0, 103]}, axis={"values": [0, 20, 40, 60, 80, 100]}
    )
    line = layer(
        {"type": "line", "color": "#8c8c8c", "interpolate": "step-after", "clip": True},
        curve,
        {"x": x, "y": y},
        params=[ZOOM],
    )
    told = tooltip_fields(("row", "policy", ""), ("seed", "seed", ""), ("value", title, ",.4~f"), ("rank", "rank", ","))
    marks = {"x": x, "y": y, "color": coloured(series), "opacity": highlight_opacity(0.75), "tooltip": told}
    points = layer({"type": "point", "filled": True, "size": 60, "clip": True}, picks, marks)
    summary = _summary(board, len(truth), title)
    spec = chart([line, points], height=280, description=f"The space and the picks. {summary}")
    return Chart(name, "The space and the picks", summary, spec, _grid(worst_first, title, board))


def _summary(board: Leaderboard, cells: int, title: str) -> str:
    best = "right" if board.truth.larger_is_better else "right, where values are small"
    return (
        f"The line is the {title} of all {cells:,} ranked cells, the best at the {best}; a mark is what a seed "
        "recommends. A uniform draw lands at any height of the line with equal chance."
    )


def _picks(series: Series, entry: LeaderboardEntry, scale: float) -> ChartRows:
    found = zip(entry.seeds, entry.values, entry.ranks, strict=True)
    return [
        {"row": series.label, "seed": seed, "value": value * scale, "rank": rank, "share": _share(rank, entry.size)}
        for seed, value, rank in found
        if not isinstance(value, Undefined) and not isinstance(rank, Undefined)
    ]


def _share(rank: int, size: int | Undefined) -> float:
    """The per cent of the cells that are no better than the one of this rank."""
    return 0.0 if isinstance(size, Undefined) else 100.0 * (size - rank + 1) / size


def _curve(worst_first: Floats, picks: ChartRows) -> ChartRows:
    """Evenly spaced steps of the curve, without its tail where nothing was picked."""
    size = len(worst_first)
    lowest = min([100.0 * TAIL, *(pick["share"] for pick in picks)])
    start = min(int(size * lowest / 100), size - 1)
    places = np.unique(np.linspace(max(0, start - 1), size - 1, POINTS).astype(int))
    return [{"value": float(worst_first[i]), "share": 100.0 * (i + 1) / size} for i in places]


def _grid(worst_first: Floats, title: str, board: Leaderboard) -> TextTable:
    shares = (1, 5, 10, 25, 50, 75, 90, 95, 99, 100)
    size = len(worst_first)
    rows = tuple((f"{share} %", fixed(float(worst_first[max(0, -(-size * share // 100) - 1)]))) for share in shares)
    better = "or less" if board.truth.larger_is_better else "or more"
    return TextTable("The space", ("cells", f"have a {title} of"), tuple((a, f"{b} {better}") for a, b in rows))
