"""The best cell of each row, drawn in SVG that takes the colour of the text around it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.core.errors import HarnessError
from harness.core.numbers import Undefined
from harness.figures.cell import Content, cell_of
from harness.figures.layers import Point, layout
from harness.output.figure_style import words
from harness.output.units import unit_of
from harness.report.board_data import Chapter, Row
from harness.report.numbers import fixed

ACROSS, DOWN = 124.0, 66.0
"""The distance of two vertices of a layer, and of two layers, in pixels; cells are drawn from top to bottom."""

BOX = (104.0, 30.0)
"""The width and the height of a box."""

MARGIN = 8.0


@dataclass(frozen=True, slots=True)
class Box:
    """A vertex: its middle, what it says, and whether it is an operation."""

    x: float
    y: float
    label: str
    operation: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """Boxes, and the paths of the arrows between them, in a frame of this size."""

    width: float
    height: float
    boxes: tuple[Box, ...]
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A cell of a row: its drawing where its space has graphs, what is said of it, and its text form."""

    label: str
    drawing: Drawing | None
    text: str
    architecture: str


def drawn_cells(chapter: Chapter) -> tuple[Drawn, ...]:
    """The best recommendation of each row that has one."""
    found = (_best(row, chapter) for row in chapter.rows)
    return tuple(drawn for drawn in found if drawn is not None)


def _best(row: Row, chapter: Chapter) -> Drawn | None:
    values = {run.spec.seed: run.recommendation for run in row.runs if run.recommendation}
    pairs = zip(row.entry.seeds, row.entry.values, strict=True)
    known = [(value, seed) for seed, value in pairs if not isinstance(value, Undefined) and seed in values]
    if not known:
        return None
    value, seed = (max if chapter.board.truth.larger_is_better else min)(known, key=lambda pair: pair[0])
    architecture = values[seed] or ""
    times = Counter(values.values())[architecture]
    text = f"{_told(chapter, value)}; seed {seed}{_rank(row, seed)}; recommended by {times} of {len(row.runs)} seeds"
    return Drawn(row.series.label, _drawing(architecture, chapter), text, architecture)


def _told(chapter: Chapter, value: float) -> str:
    metric = chapter.board.truth.metric
    unit = unit_of(metric)
    return f"{words(metric).removesuffix(' (%)')} {fixed(value * unit.scale)}{unit.sign}"


def _rank(row: Row, seed: int) -> str:
    rank = row.entry.ranks[row.entry.seeds.index(seed)]
    return "" if isinstance(rank, Undefined) else f", rank {rank:,}"


def _drawing(text: str, chapter: Chapter) -> Drawing | None:
    """``None`` for a space without graphs, or a text that this version does not read."""
    if isinstance(chapter.space, Undefined):
        return None
    try:
        return drawing(cell_of(chapter.space, chapter.space.parse(text)))
    except HarnessError:
        return None


def drawing(content: Content) -> Drawing:
    """Layers from top to bottom."""
    found = layout(len(content["vertices"]), content["edges"])
    points = [*found.places, *(point for route in found.routes for point in route)]
    left, right, deepest = min(x for _, x in points), max(x for _, x in points), max(y for y, _ in points)

    def placed(point: Point) -> Point:
        return MARGIN + BOX[0] / 2 + ACROSS * (point[1] - left), MARGIN + BOX[1] / 2 + DOWN * point[0]

    pairs = zip(map(placed, found.places), content["vertices"], strict=True)
    boxes = tuple(Box(x, y, vertex["label"], vertex["operation"]) for (x, y), vertex in pairs)
    paths = tuple(_path([placed(point) for point in route]) for route in found.routes)
    return Drawing(2 * MARGIN + BOX[0] + ACROSS * (right - left), 2 * MARGIN + BOX[1] + DOWN * deepest, boxes, paths)


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
