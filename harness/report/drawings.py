"""The best cell of each row, drawn in SVG that takes the colour of the text around it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.core.errors import HarnessError
from harness.core.numbers import Undefined
from harness.figures.cell import CellGraphData, cell_graph_data
from harness.figures.layers import Point, layout
from harness.output.figure_style import metric_label
from harness.output.units import unit_of
from harness.report.board_report import BoardReport, ReportRow
from harness.report.numbers import fixed

ACROSS, DOWN = 124.0, 66.0
"""The distance of two vertices of a layer, and of two layers, in pixels; cells are drawn from top to bottom."""

BOX = (104.0, 30.0)
"""The width and the height of a box."""

MARGIN = 8.0


@dataclass(frozen=True, slots=True)
class VertexBox:
    """A vertex: its middle, what it says, and whether it is an operation."""

    x: float
    y: float
    label: str
    operation: bool


@dataclass(frozen=True, slots=True)
class GraphDrawing:
    """Boxes, and the paths of the arrows between them, in a frame of this size."""

    width: float
    height: float
    boxes: tuple[VertexBox, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DrawnCell:
    """A cell of a row: its drawing where its space has graphs, what is said of it, and its text form."""

    label: str
    drawing: GraphDrawing | None
    text: str
    architecture: str


def drawn_cells(board_report: BoardReport) -> tuple[DrawnCell, ...]:
    """The best recommendation of each row that has one."""
    found = (_best(row, board_report) for row in board_report.rows)
    return tuple(drawn for drawn in found if drawn is not None)


def _best(row: ReportRow, board_report: BoardReport) -> DrawnCell | None:
    values = {run.spec.seed: run.recommendation for run in row.runs if run.recommendation}
    pairs = zip(row.entry.seeds, row.entry.values, strict=True)
    known = [(value, seed) for seed, value in pairs if not isinstance(value, Undefined) and seed in values]
    if not known:
        return None
    value, seed = (max if board_report.board.truth.larger_is_better else min)(known, key=lambda pair: pair[0])
    architecture = values[seed] or ""
    times = Counter(values.values())[architecture]
    text = (
        f"{_told(board_report, value)}; seed {seed}{_rank(row, seed)}; recommended by {times} of {len(row.runs)} seeds"
    )
    return DrawnCell(row.series.label, _drawing(architecture, board_report), text, architecture)


def _told(board_report: BoardReport, value: float) -> str:
    metric = board_report.board.truth.metric
    unit = unit_of(metric)
    return f"{metric_label(metric).removesuffix(' (%)')} {fixed(value * unit.scale)}{unit.sign}"


def _rank(row: ReportRow, seed: int) -> str:
    rank = row.entry.ranks[row.entry.seeds.index(seed)]
    return "" if isinstance(rank, Undefined) else f", rank {rank:,}"


def _drawing(text: str, board_report: BoardReport) -> GraphDrawing | None:
    """``None`` for a space without graphs, or a text that this version does not read."""
    if isinstance(board_report.space, Undefined):
        return None
    try:
        return drawing(cell_graph_data(board_report.space, board_report.space.parse(text)))
    except HarnessError:
        return None


def drawing(content: CellGraphData) -> GraphDrawing:
    """Layers from top to bottom."""
    found = layout(len(content["vertices"]), content["edges"])
    points = [*found.places, *(point for route in found.routes for point in route)]
    left, right, deepest = min(x for _, x in points), max(x for _, x in points), max(y for y, _ in points)

    def placed(point: Point) -> Point:
        return MARGIN + BOX[0] / 2 + ACROSS * (point[1] - left), MARGIN + BOX[1] / 2 + DOWN * point[0]

    pairs = zip(map(placed, found.places), content["vertices"], strict=True)
    boxes = tuple(VertexBox(x, y, vertex["label"], vertex["operation"]) for (x, y), vertex in pairs)
    paths = tuple(_path([placed(point) for point in route]) for route in found.routes)
    return GraphDrawing(
        2 * MARGIN + BOX[0] + ACROSS * (right - left), 2 * MARGIN + BOX[1] + DOWN * deepest, boxes, paths
    )


def _path(route: Sequence[Point]) -> str:
    """An arrow that leaves a box below, passes its bends upright, and enters the next box from above."""
    half = BOX[1] / 2
    text, (x, y) = "", (route[0][0], route[0][1] + half)
    start = f"M{x:g} {y:g}"
    for place, (end, middle) in enumerate(route[1:], 1):
        above, bend = middle - half, (y + middle - half) / 2
        text += f"C{x:g} {bend:g} {end:g} {bend:g} {end:g} {above:g}"
        x, y = end, middle + half
        text += f"V{y:g}" if place < len(route) - 1 else ""
    return start + text
