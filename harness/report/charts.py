"""Vega-Lite in plain dictionaries: what all charts of the report have in common, and the marks that they share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from harness.output.page import Grid
from harness.report.series import Series

Spec: TypeAlias = dict[str, Any]
Rows: TypeAlias = Sequence[Mapping[str, Any]]

HIGHLIGHT = "highlight"
"""The parameter that the page sets to the labels of the highlighted rows; empty for all of them."""

SHOWN = f"length({HIGHLIGHT}) == 0 || indexof({HIGHLIGHT}, datum.row) >= 0"

ZOOM: Spec = {
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
class Figure:
    """A chart with its name in the page, its title, its message in a sentence, and its data as a table."""

    name: str
    title: str
    summary: str
    spec: Spec
    data: Grid


def chart(layers: Sequence[Spec], *, height: int, description: str) -> Spec:
    """A chart as wide as its place, of layers that share their axes, in which rows can be highlighted."""
    return {
        "description": description,
        "width": "container",
        "height": height,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "params": [{"name": HIGHLIGHT, "value": []}],
        "layer": list(layers),
    }


def layer(mark: str | Spec, rows: Rows, encoding: Spec, **more: Any) -> Spec:
    """Marks of these rows; they are hidden from screen readers, who have the table beside the chart."""
    marks = {"type": mark} if isinstance(mark, str) else mark
    return {"data": {"values": list(rows)}, "mark": {"aria": False, **marks}, "encoding": encoding, **more}


def axis(field: str, title: str, **more: Any) -> Spec:
    """A position of numbers."""
    return {"field": field, "type": "quantitative", "title": title, **more}


def row_axis(series: Sequence[Series]) -> Spec:
    """The rows of the leaderboard from top to bottom."""
    order = [each.label for each in series]
    return {"field": "row", "type": "nominal", "sort": order, "title": None, "axis": {"labelLimit": LABEL_WIDTH}}


def coloured(series: Sequence[Series]) -> Spec:
    """The colour of each row; the page has one legend for all charts."""
    scale = {"domain": [each.label for each in series], "range": [each.colour for each in series]}
    return {"field": "row", "type": "nominal", "scale": scale, "legend": None}


def dashed(series: Sequence[Series]) -> Spec:
    """The dash of each row's line."""
    scale = {"domain": [each.label for each in series], "range": [list(each.dash) or [1, 0] for each in series]}
    return {"field": "row", "type": "nominal", "scale": scale, "legend": None}


def shown(opacity: float) -> Spec:
    """The opacity of a mark, nearly none while other rows are highlighted."""
    return {"condition": {"test": SHOWN, "value": opacity}, "value": opacity / 10}


def tips(*fields: tuple[str, str, str]) -> list[Spec]:
    """What a tooltip says: fields, their titles and number formats (``""`` for text)."""
    return [_tip(*field) for field in fields]


def _tip(field: str, title: str, form: str) -> Spec:
    tip = {"field": field, "title": title, "type": "quantitative" if form else "nominal"}
    return {**tip, "format": form} if form else tip
