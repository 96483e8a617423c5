"""Keys of many NAS-Bench-101 cells at once as the data set's records describe them: a matrix and labels."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from harness.core.errors import SpaceError
from harness.core.space import GraphDescription
from harness.spaces.nasbench101_graphs import Keys, matrix_keys
from harness.spaces.nasbench101_keys import interior
from harness.spaces.nasbench101_text import parse_key


def record_keys(graphs: Sequence[GraphDescription]) -> Keys:
    """The labelled keys, shape (graphs,), or -1 where a graph is none."""
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
        return np.array([_key_or_none(graph) for graph in graphs], dtype=np.int64)


def _key_or_none(graph: GraphDescription) -> int:
    try:
        return parse_key(";".join(graph))
    except SpaceError:
        return -1


@lru_cache(maxsize=4096)
def _codes(labels: str) -> tuple[int, ...]:
    return tuple(interior(labels.split(",")))
