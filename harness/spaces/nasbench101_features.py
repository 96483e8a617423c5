"""The features of NAS-Bench-101 cells, computed by bit operations on their canonical keys.

They depend on the key alone, so one surrogate serves the space and its subspaces with fewer vertices.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from harness.spaces.nasbench101_graphs import BIT_COUNTS, Keys, operations_of
from harness.spaces.nasbench101_keys import MOST_VERTICES, OPERATIONS, offset
from harness.spaces.nasbench101_paths import path_features

Features: TypeAlias = npt.NDArray[np.uint8]

EDGES = offset(MOST_VERTICES)


def graph_features(keys: Keys) -> Features:
    """The features (cells, features) of canonical keys: 21 edges, 15 operations, 364 paths, then ``statistics``."""
    edges = keys[:, None] >> 8 + np.arange(EDGES) & 1
    operations = operations_of(keys, MOST_VERTICES)[:, :, None] == np.arange(len(OPERATIONS))
    parts = [edges, operations.reshape(len(keys), -1), path_features(keys, MOST_VERTICES), statistics(keys)]
    return np.hstack(parts).astype(np.uint8)


def statistics(keys: Keys) -> Keys:
    """Statistics of the graphs, shape (cells, 10).

    In this order: the numbers of vertices and edges, the lengths of the longest and shortest paths from input to output
    (in edges), the width (largest number of vertices with equal longest paths from the input), the numbers of edges out
    of the input and into the output, and the number of vertices with each operation.
    """
    sizes, bits, cells = keys >> 29, keys >> 8, np.arange(len(keys))
    into = [bits >> offset(vertex) & (1 << vertex) - 1 for vertex in range(MOST_VERTICES)]
    longest, shortest = _path_lengths(sizes, into)
    present = np.arange(MOST_VERTICES) < sizes[:, None]
    widths = [((longest == distance) & present).sum(axis=1) for distance in range(MOST_VERTICES)]
    columns = [sizes, sum(BIT_COUNTS[sources] * (sizes > vertex) for vertex, sources in enumerate(into))]
    columns += [longest[cells, sizes - 1], shortest[cells, sizes - 1], np.max(widths, axis=0)]
    columns += [sum((sources & 1) * (sizes > vertex) for vertex, sources in enumerate(into))]
    columns += [BIT_COUNTS[np.stack(into, axis=1)[cells, sizes - 1]]]
    columns += [(operations_of(keys, MOST_VERTICES) == code).sum(axis=1) for code in range(len(OPERATIONS))]
    return np.stack(columns, axis=1)


def _path_lengths(sizes: Keys, into: list[Keys]) -> tuple[Keys, Keys]:
    """The lengths of the longest and shortest paths from the input to each vertex, in edges, shape (cells, 7)."""
    longest = np.zeros((len(sizes), MOST_VERTICES), np.int64)
    shortest = np.zeros_like(longest)
    for vertex in range(1, MOST_VERTICES):
        entered = into[vertex][:, None] >> np.arange(vertex) & 1 == 1
        longest[:, vertex] = np.where(entered, longest[:, :vertex] + 1, 0).max(axis=1)
        shortest[:, vertex] = np.where(entered, shortest[:, :vertex] + 1, MOST_VERTICES).min(axis=1)
    return longest, shortest
