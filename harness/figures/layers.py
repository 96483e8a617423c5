"""A directed graph without cycles in layers: where its vertices stand and which way its edges take between them.

After Sugiyama, Tagawa and Toda ("Methods for Visual Understanding of Hierarchical System Structures", 1981): a vertex
stands in the layer of its longest way from a source, an edge that passes over layers has a bend in each, and vertices
and bends of a layer are ordered by the means of their neighbours' heights. Edges to one vertex share their bends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

Point: TypeAlias = tuple[float, float]
Edge: TypeAlias = tuple[int, int]

LayerItem: TypeAlias = tuple[int, int, bool]
"""Something that takes room in a layer: the layer, a vertex, and whether it is a bend on the way to it."""

ITEM_GAP = 0.6
"""The height of a bend, that of a vertex being 1."""

SWEEPS = 8
"""How often the layers are ordered, to the right and to the left in turn."""


@dataclass(frozen=True, slots=True)
class Layout:
    """``places`` are (layer, height) of each vertex; ``routes`` the points of each edge, both ends included."""

    places: tuple[Point, ...]
    routes: tuple[tuple[Point, ...], ...]


def layout(vertices: int, edges: Sequence[Edge]) -> Layout:
    """Lay out a graph whose edges lead from lower to higher numbers; heights of each layer are about 0."""
    depths = layers(vertices, edges)
    ways = [_edge_items(edge, depths) for edge in edges]
    columns: dict[int, list[LayerItem]] = {}
    for item in dict.fromkeys([*((depths[v], v, False) for v in range(vertices)), *(i for way in ways for i in way)]):
        columns.setdefault(item[0], []).append(item)
    heights = _ordered(columns, [pair for way in ways for pair in pairwise(way)])
    points = {item: (float(item[0]), height) for item, height in heights.items()}
    places = tuple(points[depths[vertex], vertex, False] for vertex in range(vertices))
    return Layout(places, tuple(tuple(points[item] for item in way) for way in ways))


def layers(vertices: int, edges: Sequence[Edge]) -> list[int]:
    """The length of the longest way to each vertex from one without predecessors."""
    depths = [0] * vertices
    for source, target in sorted(edges, key=lambda edge: edge[1]):
        depths[target] = max(depths[target], depths[source] + 1)
    return depths


def _edge_items(edge: Edge, depths: Sequence[int]) -> list[LayerItem]:
    """What an edge passes: its source, a bend in each layer between, and its target."""
    source, target = edge
    bends = [(layer, target, True) for layer in range(depths[source] + 1, depths[target])]
    return [(depths[source], source, False), *bends, (depths[target], target, False)]


def _ordered(
    columns: Mapping[int, Sequence[LayerItem]], pairs: Sequence[tuple[LayerItem, LayerItem]]
) -> dict[LayerItem, float]:
    """The height of each item after ordering the layers by their neighbours in the layer before, then behind."""
    heights = {item: height for column in columns.values() for item, height in _stacked(column).items()}
    before, behind = _neighbours((b, a) for a, b in pairs), _neighbours(pairs)
    for sweep in range(SWEEPS):
        near, order = (before, sorted(columns)) if sweep % 2 == 0 else (behind, sorted(columns, reverse=True))
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
    """Heights of a layer's items from the top to the bottom, each with room, about 0."""
    rooms = [ITEM_GAP if bend else 1.0 for *_, bend in column]
    top, heights = sum(rooms) / 2, dict[LayerItem, float]()
    for item, room in zip(column, rooms, strict=True):
        heights[item], top = top - room / 2, top - room
    return heights
