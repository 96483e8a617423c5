"""Path features: the published numbering, brute force over walks, and one row a cell whatever its labelling."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from harness.planning.settings import create_space
from harness.spaces.nasbench101 import NASBench101
from harness.spaces.nasbench101_keys import matrix_of_key
from harness.spaces.nasbench101_paths import path_count

NUMBERS = {
    path: i for i, path in enumerate(path for length in range(6) for path in itertools.product(range(3), repeat=length))
}
"""Shorter paths first, then in the order of their operations (naszilla, cell_101.py, get_path_indices)."""


def walks(key):
    """The numbers of all paths of a cell, by walking them."""
    matrix, operations = matrix_of_key(int(key))
    found, todo = set(), [(0, ())]
    while todo:
        vertex, path = todo.pop()
        for target, edge in enumerate(matrix[vertex]):
            if edge and target == len(matrix) - 1:
                found.add(NUMBERS[path])
            elif edge:
                todo.append((target, (*path, operations[target - 1])))
    return found


@pytest.mark.parametrize(("vertices", "paths"), [(2, 1), (3, 4), (4, 13), (5, 40), (6, 121), (7, 364)])
def test_there_are_as_many_paths_as_sequences_of_operations(vertices, paths):
    assert path_count(vertices) == paths == sum(3**length for length in range(vertices - 1))


def test_every_cell_of_five_vertices_has_the_paths_that_can_be_walked():
    space = create_space("nasbench101-v5")
    keys = space.enumerate_keys()
    features = space.path_features(keys)
    assert features.shape == (2532, 40)
    assert [set(np.flatnonzero(row).tolist()) for row in features] == list(map(walks, keys))


def test_cells_of_seven_vertices_have_the_paths_that_can_be_walked():
    space = NASBench101()
    keys = space.enumerate_keys()[::1009]
    assert [set(np.flatnonzero(row).tolist()) for row in space.path_features(keys)] == list(map(walks, keys))


def test_every_labelling_of_a_cell_has_the_same_features():
    space = create_space("nasbench101-v5")
    cells = space.enumerate_keys()
    keys, cell = space.aliases(cells)
    assert len(keys) > len(cells)
    assert (space.path_features(keys) == space.path_features(cells)[cell]).all()


def test_a_space_without_paths_has_its_choices_one_hot():
    space = create_space("rnn2")
    features = space.path_features(space.enumerate_keys())
    assert features.shape == (32, 1 + 4 + 2 + 4)
    assert (features.sum(axis=1) == 4).all()
    assert len(np.unique(features, axis=0)) == 32
