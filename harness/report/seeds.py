"""A mark a seed: the judged values of each row, and Kendall's tau of its shared weights, with means and intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.core.numbers import Number, Undefined
from harness.leaderboard.leaderboard import Leaderboard
from harness.output.figure_style import metric_label, scale_of
from harness.output.page import TextTable
from harness.report.charts import (
    Chart,
    ChartRows,
    VegaSpec,
    axis,
    chart,
    coloured,
    highlight_opacity,
    layer,
    row_axis,
    tooltip_fields,
)
from harness.report.numbers import fixed, scaled, scaled_interval, span
from harness.report.series import Series
from harness.statistics import Interval

ROW_HEIGHT = 44
"""Pixels; the marks of a row stand below each other in it, so that equal values show."""


@dataclass(frozen=True, slots=True)
class Strip:
    """One row: a value a seed, their mean, and its interval."""

    series: Series
    seeds: tuple[int, ...]
    values: tuple[Number, ...]
    mean: Number
    interval: Interval | Undefined


def values_figure(name: str, board: Leaderboard, series: Sequence[Series]) -> Chart:
    """The judged value of what each seed recommends."""
    scale, title = scale_of(board.truth.metric), metric_label(board.truth.metric)
    strips = [
        Strip(
            each,
            entry.seeds,
            tuple(scaled(value, scale) for value in entry.values),
            scaled(entry.mean, scale),
            scaled_interval(entry.mean_interval, scale),
        )
        for each, entry in zip(series, board.entries, strict=True)
    ]
    better = "larger" if board.truth.larger_is_better else "smaller"
    summary = (
        f"{title[0].upper()}{title[1:]} of the cell that each seed recommends; the {better}, the better. "
        "A faint mark is a seed, the strong one the mean with its 95% interval."
    )
    return strip_figure(name, "Each seed", summary, axis_title=title, strips=strips)


def strip_figure(name: str, title: str, summary: str, *, axis_title: str, strips: Sequence[Strip]) -> Chart:
    """The strips below each other, on one axis."""
    series = [strip.series for strip in strips]
    marks = [mark for strip in strips for mark in _marks(strip)]
    means = [mean for strip in strips for mean in _mean(strip)]
    layers = [*_mean_layers(means, series, axis_title), _seed_layer(marks, series, axis_title)]
    spec = chart(layers, height=ROW_HEIGHT * max(2, len(strips)), description=f"{title}. {summary}")
    return Chart(name, title, summary, spec, _grid(title, strips))


def _seed_layer(marks: ChartRows, series: Sequence[Series], title: str) -> VegaSpec:
    encoding = {
        "x": axis("value", title, scale={"zero": False, "nice": True}),
        "y": row_axis(series),
        "yOffset": {"field": "place", "type": "nominal"},
        "color": coloured(series),
        "opacity": highlight_opacity(0.55),
        "tooltip": tooltip_fields(("row", "policy", ""), ("seed", "seed", ""), ("value", title, ",.4~f")),
    }
    return layer({"type": "circle", "size": 36}, marks, encoding)


def _mean_layers(means: ChartRows, series: Sequence[Series], title: str) -> list[VegaSpec]:
    told = tooltip_fields(("row", "policy", ""), ("text", f"mean {title}", ""))
    shared = {"y": row_axis(series), "color": coloured(series), "opacity": highlight_opacity(1.0), "tooltip": told}
    span_of = {"x": axis("low", title), "x2": {"field": "high"}}
    rule = layer({"type": "rule", "strokeWidth": 2.5}, [mean for mean in means if "low" in mean], shared | span_of)
    point = layer(
        {"type": "point", "filled": True, "size": 110, "shape": "diamond"}, means, shared | {"x": axis("mean", title)}
    )
    return [rule, point]


def _marks(strip: Strip) -> ChartRows:
    known = zip(strip.seeds, strip.values, strict=True)
    return [
        {"row": strip.series.label, "seed": seed, "value": value, "place": place}
        for place, (seed, value) in enumerate(known)
        if not isinstance(value, Undefined)
    ]


def _mean(strip: Strip) -> ChartRows:
    if isinstance(strip.mean, Undefined):
        return []
    text = f"{fixed(strip.mean)} {span(strip.interval)}"
    mean = {"row": strip.series.label, "mean": strip.mean, "text": text}
    if isinstance(strip.interval, Undefined):
        return [mean]
    return [mean | {"low": strip.interval.low, "high": strip.interval.high}]


def _grid(title: str, strips: Sequence[Strip]) -> TextTable:
    seeds = sorted({seed for strip in strips for seed in strip.seeds})
    rows = tuple(
        (strip.series.label, fixed(strip.mean), span(strip.interval), *_by_seed(strip, seeds)) for strip in strips
    )
    return TextTable(title, ("policy", "mean", "95% interval", *map(str, seeds)), rows)


def _by_seed(strip: Strip, seeds: Sequence[int]) -> list[str]:
    found = dict(zip(strip.seeds, strip.values, strict=True))
    return [fixed(found[seed]) if seed in found else "–" for seed in seeds]
