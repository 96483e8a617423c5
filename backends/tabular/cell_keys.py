"""Keys of cells as table sources write them: a space's text form, or an adjacency matrix with operations."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from backends.tabular.table import Keys
from harness.core.errors import SpaceError
from harness.core.space import SearchSpace
from harness.spaces.nasbench101_graphs import matrix_keys
from harness.spaces.nasbench101_keys import interior
from harness.spaces.nasbench101_text import parse_key

GraphDescription: TypeAlias = tuple[str, str]
"""A matrix of 0 and 1 row by row, and the comma-joined labels of its vertices, as NAS-Bench-101's records hold them."""

CellDescription: TypeAlias = str | GraphDescription
"""A text of the space, or a graph."""

GRAPH_SCHEME = "nasbench101"
"""The scheme whose cells are described by graphs."""


def keys_of(space: SearchSpace, descriptions: Sequence[CellDescription]) -> Keys:
    """The keys as written, shape (descriptions,), or -1 where a description is none or lies outside the space."""
    keys = np.full(len(descriptions), -1, dtype=np.int64)
    graphs = [i for i, description in enumerate(descriptions) if not isinstance(description, str)]
    if space.scheme == GRAPH_SCHEME:
        keys[graphs] = _keys_of_graphs([descriptions[i] for i in graphs])  # type: ignore[misc]
    for i, description in enumerate(descriptions):
        if isinstance(description, str):
            keys[i] = _key_or_none(space, description)
    return np.where(space.owns(keys), keys, -1)


def why_outside(space: SearchSpace, description: CellDescription) -> str:
    """Why ``keys_of`` gave -1, for a message."""
    try:
        if isinstance(description, str):
            space.parse(description)
        elif space.scheme != GRAPH_SCHEME:
            return f"space {space.name!r} has no adjacency matrices; give the column 'architecture', its text form"
        else:
            parse_key(";".join(description))
    except SpaceError as error:
        return str(error)
    text = description if isinstance(description, str) else ";".join(description)
    return f"{text!r} lies outside space {space.name!r}"


def _key_or_none(space: SearchSpace, text: str) -> int:
    try:
        return space.key(space.parse(text))
    except SpaceError:
        return -1


def _keys_of_graphs(graphs: Sequence[GraphDescription]) -> Keys:
    keys = np.full(len(graphs), -1, dtype=np.int64)
    members = defaultdict(list)
    for i, (adjacency, _) in enumerate(graphs):
        members[len(adjacency)].append(i)
    for same in members.values():
        keys[same] = _keys_of_equal_size([graphs[i] for i in same])
    return keys


def _keys_of_equal_size(graphs: Sequence[GraphDescription]) -> Keys:
    """All at once, or one by one where one of them is malformed or has more vertices than the arrays hold."""
    vertices = math.isqrt(len(graphs[0][0]))
    try:
        digits = np.frombuffer("".join(adjacency for adjacency, _ in graphs).encode(), dtype=np.uint8) - ord("0")
        codes = np.array([_codes(labels) for _, labels in graphs], dtype=np.int64)
        return matrix_keys(digits.reshape(-1, vertices, vertices), codes.reshape(len(graphs), vertices - 2))
    except (SpaceError, ValueError):
        return np.array(list(_keys_one_by_one(graphs)), dtype=np.int64)


def _keys_one_by_one(graphs: Iterable[GraphDescription]) -> Iterable[int]:
    for graph in graphs:
        try:
            yield parse_key(";".join(graph))
        except SpaceError:
            yield -1


@lru_cache(maxsize=4096)
def _codes(labels: str) -> tuple[int, ...]:
    return tuple(interior(labels.split(",")))
