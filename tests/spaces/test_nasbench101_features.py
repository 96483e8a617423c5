"""The numbers of NAS-Bench-101 graphs, against plain Python on their adjacency matrices."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from harness.spaces.nasbench101 import NASBench101
from harness.spaces.nasbench101_features import EDGES, graph_features, statistics
from harness.spaces.nasbench101_graphs import cells
from harness.spaces.nasbench101_keys import matrix_of_key


def some_keys() -> list[int]:
    """All small cells, and random ones of up to seven vertices."""
    large = cells(7)
    return [*cells(4).tolist(), *np.random.default_rng(0).choice(large, 300).tolist()]


def ways(matrix: tuple[tuple[int, ...], ...], vertex: int) -> Iterator[int]:
    """The lengths of all ways from the input to a vertex, in edges."""
    if vertex == 0:
        yield 0
    for source in range(vertex):
        if matrix[source][vertex]:
            yield from (length + 1 for length in ways(matrix, source))


def plain_statistics(key: int) -> list[int]:
    matrix, operations = matrix_of_key(key)
    size = len(matrix)
    depths = [max(ways(matrix, vertex)) for vertex in range(size)]
    lengths = list(ways(matrix, size - 1))
    width = max(depths.count(depth) for depth in depths)
    edges = [size, sum(map(sum, matrix)), max(lengths), min(lengths), width]
    edges += [sum(matrix[0]), sum(row[-1] for row in matrix)]
    return edges + [operations.count(code) for code in range(3)]


def test_the_statistics_of_graphs_are_those_of_plain_python() -> None:
    keys = some_keys()
    assert statistics(np.array(keys)).tolist() == [plain_statistics(key) for key in keys]


def test_edges_and_operations_are_one_hot() -> None:
    keys = some_keys()
    found = graph_features(np.array(keys))
    for key, row in zip(keys, found.tolist(), strict=True):
        matrix, operations = matrix_of_key(key)
        size = len(matrix)
        expected = [matrix[x][y] if y < size else 0 for y in range(7) for x in range(y)]
        assert row[:EDGES] == expected
        each = [[int(code == i) for i in range(3)] for code in operations] + [[0, 0, 0]] * (7 - size)
        assert row[EDGES : EDGES + 15] == [bit for triple in each for bit in triple]


def test_paths_stand_between_operations_and_statistics() -> None:
    keys = np.array(some_keys())
    found = graph_features(keys)
    assert found.shape == (len(keys), 21 + 15 + 364 + 10)
    assert np.array_equal(found[:, 36:400], NASBench101().path_features(keys))
