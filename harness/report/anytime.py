"""How good the best cell so far is, against what it has cost: mean regret of each row, with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.output.page import TextTable
from harness.report.charts import (
    ZOOM,
    Chart,
    ChartRows,
    VegaSpec,
    axis,
    chart,
    coloured,
    dashed,
    highlight_opacity,
    layer,
    tooltip_fields,
)
from harness.report.numbers import fixed
from harness.report.series import Series

LOG_SCALE_RATIO = 30.0
"""From so many times the first cost on, the axis of the costs is logarithmic."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A row's curve: at each cost the mean regret over its seeds in printed units, and an interval about it."""

    series: Series
    costs: tuple[float, ...]
    means: tuple[float, ...]
    lows: tuple[float, ...]
    highs: tuple[float, ...]

    def scaled(self, unit: float) -> Curve:
        """The curve with regrets in another unit."""
        columns = (tuple(unit * regret for regret in column) for column in (self.means, self.lows, self.highs))
        return Curve(self.series, self.costs, *columns)


def anytime_figure(
    name: str, title: str, curves: Sequence[Curve], *, axes: tuple[str, str], baseline: float | None
) -> Chart:
    """The curves on axes of these titles; ``baseline`` is the mean regret of one uniform draw, where it is known."""
    rows = [row for curve in curves for row in _rows(curve)]
    x, y = _cost_axis(curves, axes[0]), axis("mean", axes[1], scale={"zero": True})
    layers = [*_curve_layers(rows, [curve.series for curve in curves], x, y), *_baseline(baseline)]
    summary = _summary(axes[0], baseline)
    spec = chart(layers, height=300, description=f"{title}. {summary}")
    return Chart(name, title, summary, spec, _grid(title, curves, axes))


def _summary(cost: str, baseline: float | None) -> str:
    uniform = "; the dashed line is one uniform draw" if baseline is not None else ""
    return (
        f"Mean regret of the cell with the best score so far, against {cost}, with 95% intervals over the seeds; "
        f"lower is better{uniform}. A search that has ended keeps its last cell."
    )


def _cost_axis(curves: Sequence[Curve], title: str) -> VegaSpec:
    costs = [cost for curve in curves for cost in curve.costs if cost > 0]
    wide = bool(costs) and max(costs) > LOG_SCALE_RATIO * min(costs)
    return axis("cost", title, scale={"type": "log", "nice": False} if wide else {"zero": False, "nice": False})


def _curve_layers(rows: ChartRows, series: Sequence[Series], x: VegaSpec, y: VegaSpec) -> list[VegaSpec]:
    band = {"x": x, "y": axis("low", y["title"]), "y2": {"field": "high"}, "color": coloured(series)}
    line = {"x": x, "y": y, "color": coloured(series), "strokeDash": dashed(series), "opacity": highlight_opacity(1.0)}
    told = tooltip_fields(("row", "policy", ""), ("cost", x["title"], ",.4~r"), ("text", y["title"], ""))
    point = {"x": x, "y": y, "color": coloured(series), "tooltip": told, "opacity": _under("pointed")}
    pointed = {"type": "point", "on": "pointerover", "clear": "pointerout", "nearest": True}
    step = {"interpolate": "step-after", "clip": True}
    return [
        layer({"type": "area", **step}, rows, band | {"opacity": highlight_opacity(0.16)}),
        layer({"type": "line", "strokeWidth": 2, **step}, rows, line, params=[ZOOM]),
        layer(
            {"type": "point", "filled": True, "size": 70, "clip": True},
            rows,
            point,
            params=[{"name": "pointed", "select": pointed}],
        ),
    ]


def _under(param: str) -> VegaSpec:
    return {"condition": {"param": param, "empty": False, "value": 1}, "value": 0}


def _baseline(regret: float | None) -> list[VegaSpec]:
    if regret is None:
        return []
    rule = {"type": "rule", "strokeDash": [4, 4], "color": "#8c8c8c"}
    return [layer(rule, [{"mean": regret}], {"y": axis("mean", "")})]


def _rows(curve: Curve) -> ChartRows:
    columns = zip(curve.costs, curve.means, curve.lows, curve.highs, strict=True)
    return [
        {
            "row": curve.series.label,
            "cost": cost,
            "mean": mean,
            "low": low,
            "high": high,
            "text": f"{fixed(mean)} [{fixed(low)}, {fixed(high)}]",
        }
        for cost, mean, low, high in columns
    ]


def _grid(title: str, curves: Sequence[Curve], axes: tuple[str, str]) -> TextTable:
    """A few rows of each curve: its first and last cost, and evenly spaced ones between them."""
    rows = []
    for curve in curves:
        last = len(curve.costs) - 1
        for i in sorted({last * part // 8 for part in range(9)} if last >= 0 else ()):
            told = f"[{fixed(curve.lows[i])}, {fixed(curve.highs[i])}]"
            rows.append((curve.series.label, f"{curve.costs[i]:,.4g}", fixed(curve.means[i]), told))
    return TextTable(title, ("policy", *axes, "95% interval"), tuple(rows))
