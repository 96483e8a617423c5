"""Draws a cell as a graph: boxes for vertices, from the input on the left to the output on the right, and arrows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

from harness.core.errors import IncompatibleError
from harness.core.space import Architecture, SearchSpace
from harness.figures.layers import Point, layout
from harness.output.figure_style import COLOURS, GREY, canvas

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

STEP, HEIGHT = 1.75, 0.6
"""The distance between two layers, and between two vertices of a layer, in inches."""

BOX = (0.98, 0.42)
"""The width and the height of a box in inches."""

ENDS = ("#FFFFFF", GREY)
"""The fill and the edge of the input and the output."""


class GraphVertex(TypedDict):
    """A vertex: its label, and whether it is an operation rather than the input or the output."""

    label: str
    operation: bool


class CellGraphData(TypedDict):
    """A graph: its vertices in topological order, and its edges (source, target) as indices of vertices."""

    title: str
    vertices: list[GraphVertex]
    edges: list[tuple[int, int]]


def cell_graph_data(space: SearchSpace, architecture: Architecture, *, title: str | None = None) -> CellGraphData:
    """The vertices and edges of a cell, as its space draws it.

    The title is the architecture's text unless another is given. Raises SpaceError for an architecture outside the
    space, and IncompatibleError for a space whose cells are not graphs.
    """
    text, drawing = space.format(architecture), space.drawing(architecture)
    if drawing is None:
        raise IncompatibleError(
            f"cells of space {space.name!r} cannot be drawn: only those of NAS-Bench-101 and recurrent ones are graphs"
        )
    vertices = [GraphVertex(label=label, operation=operation) for label, operation in drawing.vertices]
    return CellGraphData(title=text if title is None else title, vertices=vertices, edges=list(drawing.edges))


def plot_cell(content: CellGraphData) -> Figure:
    """Draw each vertex in the layer of its longest path from the input; operations of one name have one colour."""
    places = layout(len(content["vertices"]), content["edges"]).places
    across, up = ([place[side] for place in places] for side in (0, 1))
    figure = canvas((STEP * max(across) + BOX[0] + 0.5, HEIGHT * (max(up) - min(up) + 1.6) + 0.4))
    draw_cell(figure.add_subplot(), content)
    return figure


def draw_cell(axes: Axes, content: CellGraphData) -> None:
    """Draw a cell into axes, which may belong to another figure."""
    found = layout(len(content["vertices"]), content["edges"])
    names = dict.fromkeys(vertex["label"] for vertex in content["vertices"] if vertex["operation"])
    colours = {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(names)}
    for route in found.routes:
        _draw_edge(axes, [_scaled(point) for point in route])
    for place, vertex in zip(found.places, content["vertices"], strict=True):
        _draw_box(axes, _scaled(place), vertex, colours)
    points = [_scaled(point) for point in (*found.places, *(point for route in found.routes for point in route))]
    axes.set_xlim(min(x for x, _ in points) - 0.7, max(x for x, _ in points) + 0.7)
    axes.set_ylim(min(y for _, y in points) - 0.8 * HEIGHT, max(y for _, y in points) + 0.8 * HEIGHT)
    axes.set_axis_off()
    axes.set_title(content["title"], loc="left", fontsize=9)


def _scaled(point: Point) -> Point:
    return STEP * point[0], HEIGHT * point[1]


def _draw_edge(axes: Axes, route: Sequence[Point]) -> None:
    """Draw an arrow that leaves a box to the right, is level at its bends, and enters the next box from the left."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    half = BOX[0] / 2
    points, codes = [(route[0][0] + half, route[0][1])], [Path.MOVETO]
    for place, (x, y) in enumerate(route[1:], 1):
        last = place == len(route) - 1
        ends = [(x - half, y)] if last else [(x - half, y), (x + half, y)]
        start, middle = points[-1], (points[-1][0] + ends[0][0]) / 2
        points += [(middle, start[1]), (middle, ends[0][1]), *ends]
        codes += [Path.CURVE4] * 3 + [Path.LINETO] * (len(ends) - 1)
    arrow = FancyArrowPatch(path=Path(points, codes), arrowstyle="-|>", mutation_scale=11, color=GREY)
    axes.add_patch(arrow)


def _draw_box(axes: Axes, place: Point, vertex: GraphVertex, colours: Mapping[str, str]) -> None:
    from matplotlib.patches import FancyBboxPatch

    (x, y), (width, height) = place, BOX
    fill, edge = (colours[vertex["label"]], "none") if vertex["operation"] else ENDS
    corner, style = (x - width / 2, y - height / 2), "round,pad=0,rounding_size=0.1"
    axes.add_patch(FancyBboxPatch(corner, width, height, style, facecolor=fill, edgecolor=edge))
    ink = "white" if vertex["operation"] else "black"
    axes.text(x, y, vertex["label"], ha="center", va="center", fontsize=9, color=ink)
