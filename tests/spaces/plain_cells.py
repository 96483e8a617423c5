"""NAS-Bench-101 cells in plain Python, straight from their definition: the reference that the fast code is held to."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

Edges = frozenset[tuple[int, int]]
Cell = tuple[int, Edges, tuple[int, ...]]
"""The number of vertices, the edges, and the operations of the interior vertices."""


def order_of(cell: Cell) -> tuple[int, int, tuple[int, ...]]:
    """What generate_graphs.py counts through: vertices, then edge bits, then operations in lexicographic order."""
    vertices, edges, operations = cell
    return vertices, sum(1 << x + y * (y - 1) // 2 for x, y in edges), operations


def key_of(cell: Cell) -> int:
    """The number of ``order_of``, packed."""
    vertices, bits, operations = order_of(cell)
    return vertices << 29 | bits << 8 | int("0" + "".join(map(str, operations)), 3)


def reachable_from(start: int, edges: Edges) -> set[int]:
    """All vertices that edges lead to from ``start``, itself included."""
    seen, fresh = {start}, {start}
    while fresh:
        fresh = {y for x, y in edges if x in fresh} - seen
        seen |= fresh
    return seen


def pruned(cell: Cell) -> Cell | None:
    """The cell without vertices off every path from input to output; None if there is none or too many edges."""
    vertices, edges, operations = cell
    behind = reachable_from(vertices - 1, frozenset((y, x) for x, y in edges))
    kept = sorted(reachable_from(0, edges) & behind)
    if 0 not in kept or vertices - 1 not in kept:
        return None
    place = {v: i for i, v in enumerate(kept)}
    left = frozenset((place[x], place[y]) for x, y in edges if x in place and y in place)
    return (len(kept), left, tuple(operations[v - 1] for v in kept[1:-1])) if len(left) <= 9 else None


def relabelled(cell: Cell) -> Iterator[Cell]:
    """The cell under every order of its interior vertices that keeps all edges pointing forward."""
    vertices, edges, operations = cell
    for order in itertools.permutations(range(1, vertices - 1)):
        place = {v: i for i, v in enumerate((0, *order, vertices - 1))}
        moved = frozenset((place[x], place[y]) for x, y in edges)
        if all(x < y for x, y in moved):
            yield vertices, moved, tuple(operations[v - 1] for v in order)


def canonical(cell: Cell) -> Cell:
    """The labelling that counts first."""
    return min(relabelled(cell), key=order_of)


def every_cell(vertices: int) -> Iterator[Cell]:
    """All edge sets and operations on exactly ``vertices`` vertices, whether they make sense or not."""
    pairs = list(itertools.combinations(range(vertices), 2))
    for flags in itertools.product((0, 1), repeat=len(pairs)):
        edges = frozenset(itertools.compress(pairs, flags))
        for operations in itertools.product(range(3), repeat=vertices - 2):
            yield vertices, edges, operations


def matrix_of(cell: Cell) -> list[list[int]]:
    """The adjacency matrix."""
    return [[int((x, y) in cell[1]) for y in range(cell[0])] for x in range(cell[0])]
