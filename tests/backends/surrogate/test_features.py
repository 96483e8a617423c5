"""The features of a cell, against plain Python on its adjacency matrix."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from backends.surrogate.features import encoded, encoding_of
from backends.surrogate.graphs import EDGES, graph_features, statistics
from harness.planning.settings import create_space
from harness.spaces.nasbench101 import NASBench101
from harness.spaces.nasbench101_keys import matrix_of_key
from tests.backends.surrogate.small import cells_of
from tests.fakes.pairs import Pairs


def some_keys() -> list[int]:
    """All small cells, and random ones of up to seven vertices."""
    large = cells_of(7)
    return [*cells_of(4).tolist(), *np.random.default_rng(0).choice(large, 300).tolist()]


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


def test_every_labelling_of_a_cell_has_the_same_features() -> None:
    space = NASBench101(vertices=6)
    keys = space.enumerate_keys()[::97]
    aliases, rows = space.aliases(keys)
    assert len(aliases) > 1.5 * len(keys)
    assert np.array_equal(encoded(space, aliases), encoded(space, keys)[rows])


def test_a_cell_has_the_same_features_in_every_space_of_its_scheme() -> None:
    small = cells_of(4)
    expected = encoded(NASBench101(), small)
    assert np.array_equal(encoded(NASBench101(vertices=4), small), expected)
    assert np.array_equal(encoded(NASBench101(vertices=6), small), expected)


def test_other_spaces_have_choices_and_counts_of_operations() -> None:
    rnn = create_space("rnn2")
    keys = rnn.keys(np.array([[0, 1, 1, 3], [0, 2, 0, 2]]))
    expected = [[1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 1], [1, 0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0]]
    assert encoded(rnn, keys).tolist() == expected
    pairs = Pairs()  # (2, 1) is written as (1, 2)
    assert encoded(pairs, np.array([21])).tolist() == [[0, 1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0]]


@pytest.mark.parametrize("name", ["nasbench101-v5", "rnn3", "nasbench201"])
def test_different_cells_have_different_features(name: str) -> None:
    space = create_space(name)
    keys = space.enumerate_keys()
    assert len(np.unique(encoded(space, keys), axis=0)) == len(keys)


def test_the_form_is_named_by_the_scheme() -> None:
    assert encoding_of(create_space("nasbench101-v3")) == encoding_of(create_space("nasbench101"))
    assert encoding_of(create_space("rnn2")) != encoding_of(create_space("nasbench101"))
