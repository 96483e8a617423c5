"""Vega-Lite in plain dictionaries: what all charts of the report have in common, and the marks that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from harness.output.page import TextTable
from harness.report.series import Series

VegaSpec: TypeAlias = dict[str, Any]
ChartRows: TypeAlias = Sequence[Mapping[str, Any]]

HIGHLIGHT = "highlight"
"""The parameter that the page sets to the labels of the highlighted rows; empty for all of them."""

IS_HIGHLIGHTED = f"length({HIGHLIGHT}) == 0 || indexof({HIGHLIGHT}, datum.row) >= 0"

ZOOM: VegaSpec = {
    "name": "zoom",
    "select": {
        "type": "interval",
        # a plain wheel or a finger scrolls the page
        "zoom": "wheel![event.shiftKey]",
        "translate": "[mousedown, window:mouseup] > window:mousemove!",
        "clear": "dblclick",
    },
    "bind": "scales",
}

LABEL_WIDTH = 120
"""The widest label of a row in pixels; what is longer ends in an ellipsis, and stands in full in the tooltip."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart with its name in the page, its title, its message in a sentence, and its data as a table."""

    name: str
    title: str
    summary: str
    spec: VegaSpec
    data: TextTable


def chart(layers: Sequence[VegaSpec], *, height: int, description: str) -> VegaSpec:
    """A chart as wide as its place, of layers that share their axes, in which rows can be highlighted."""
    return {
        "description": description,
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "params": [{"name": HIGHLIGHT, "value": []}],
        "layer": list(layers),
    }


def layer(mark: str | VegaSpec, rows: ChartRows, encoding: VegaSpec, **more: Any) -> VegaSpec:
    """Marks of these rows; they are hidden from screen readers, who have the table beside the chart."""
    marks = {"type": mark} if isinstance(mark, str) else mark
    return {"data": {"values": list(rows)}, "mark": {"aria": False, **marks}, "encoding": encoding, **more}


def axis(field: str, title: str, **more: Any) -> VegaSpec:
    """A position of numbers."""
    return {"field": field, "type": "quantitative", "title": title, **more}


def row_axis(series: Sequence[Series]) -> VegaSpec:
    """The rows of the leaderboard from top to bottom."""
    order = [each.label for each in series]
    return {"field": "row", "type": "nominal", "sort": order, "title": None, "axis": {"labelLimit": LABEL_WIDTH}}


def coloured(series: Sequence[Series]) -> VegaSpec:
    """The colour of each row; the page has one legend for all charts."""
    scale = {"domain": [each.label for each in series], "range": [each.colour for each in series]}
    return {"field": "row", "type": "nominal", "scale": scale, "legend": None}


def dashed(series: Sequence[Series]) -> VegaSpec:
    """The dash of each row's line."""
    scale = {"domain": [each.label for each in series], "range": [list(each.dash) or [1, 0] for each in series]}
    return {"field": "row", "type": "nominal", "scale": scale, "legend": None}


def highlight_opacity(opacity: float) -> VegaSpec:
    """The opacity of a mark, nearly none while other rows are highlighted."""
    return {"condition": {"test": IS_HIGHLIGHTED, "value": opacity}, "value": opacity / 10}


def tooltip_fields(*fields: tuple[str, str, str]) -> list[VegaSpec]:
    """What a tooltip says: fields, their titles and number formats (``""`` for text)."""
    return [_tooltip_field(*field) for field in fields]


def _tooltip_field(field: str, title: str, form: str) -> VegaSpec:
    tip = {"field": field, "title": title, "type": "quantitative" if form else "nominal"}
    return {**tip, "format": form} if form else tip
