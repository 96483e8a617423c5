"""Layered layout of a directed acyclic graph: the positions of its vertices and the routes of its edges.

After Sugiyama, Tagawa and Toda ("Methods for Visual Understanding of Hierarchical System Structures", 1981): a vertex
is in the layer of its longest path from a source, an edge that passes over layers has a bend in each, and vertices and
bends of a layer are ordered by the means of their neighbours' heights. Edges to one vertex share their bends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

Point: TypeAlias = tuple[float, float]
Edge: TypeAlias = tuple[int, int]

LayerItem: TypeAlias = tuple[int, int, bool]
"""A vertex or a bend: its layer, the vertex, and whether it is a bend of the edges to that vertex."""

ITEM_GAP = 0.6
"""The height of a bend, that of a vertex being 1."""

SWEEPS = 8
"""How often the layers are ordered, alternately from left to right and from right to left."""


@dataclass(frozen=True, slots=True)
class Layout:
    """``places`` are the (layer, height) of each vertex; ``routes`` are the points of each edge, with both ends."""

    places: tuple[Point, ...]
    routes: tuple[tuple[Point, ...], ...]


def layout(vertices: int, edges: Sequence[Edge]) -> Layout:
    """Lay out a graph whose edges lead from lower to higher numbers; the heights of each layer are centred on 0."""
    depths = layers(vertices, edges)
    paths = [_edge_items(edge, depths) for edge in edges]
    columns: dict[int, list[LayerItem]] = {}
    for item in dict.fromkeys([*((depths[v], v, False) for v in range(vertices)), *(i for p in paths for i in p)]):
        columns.setdefault(item[0], []).append(item)
    heights = _ordered(columns, [pair for path in paths for pair in pairwise(path)])
    points = {item: (float(item[0]), height) for item, height in heights.items()}
    places = tuple(points[depths[vertex], vertex, False] for vertex in range(vertices))
    return Layout(places, tuple(tuple(points[item] for item in path) for path in paths))


def layers(vertices: int, edges: Sequence[Edge]) -> list[int]:
    """The length of the longest path to each vertex from a vertex without predecessors."""
    depths = [0] * vertices
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        depths[target] = max(depths[target], depths[source] + 1)
    return depths


def _edge_items(edge: Edge, depths: Sequence[int]) -> list[LayerItem]:
    """The items of an edge: its source, a bend in each layer between, and its target."""
    source, target = edge
    bends = [(layer, target, True) for layer in range(depths[source] + 1, depths[target])]
    return [(depths[source], source, False), *bends, (depths[target], target, False)]


def _ordered(
    columns: Mapping[int, Sequence[LayerItem]], pairs: Sequence[tuple[LayerItem, LayerItem]]
) -> dict[LayerItem, float]:
    """The height of each item after ordering each layer by neighbours in the layer before it, then in that after it."""
    heights = {item: height for column in columns.values() for item, height in _stacked(column).items()}
    before, after = _neighbours((b, a) for a, b in pairs), _neighbours(pairs)
    for sweep in range(SWEEPS):
        near, order = (before, sorted(columns)) if sweep % 2 == 0 else (after, sorted(columns, reverse=True))
        for layer in order:
            wanted = {item: _mean([heights[n] for n in near.get(item, ())], heights[item]) for item in columns[layer]}
            heights |= _stacked(sorted(columns[layer], key=lambda item: (-wanted[item], item)))
    return heights


def _neighbours(pairs: Iterable[tuple[LayerItem, LayerItem]]) -> dict[LayerItem, list[LayerItem]]:
    found: dict[LayerItem, list[LayerItem]] = {}
    for item, near in dict.fromkeys(pairs):
        found.setdefault(item, []).append(near)
    return found


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _stacked(column: Sequence[LayerItem]) -> dict[LayerItem, float]:
    """The heights of a layer's items from top to bottom, centred on 0; each item takes its own size."""
    sizes = [ITEM_GAP if bend else 1.0 for *_, bend in column]
    top, heights = sum(sizes) / 2, dict[LayerItem, float]()
    for item, size in zip(column, sizes, strict=True):
        heights[item], top = top - size / 2, top - size
    return heights
