"""The features of a cell in any labelling and in every space of its scheme."""

from __future__ import annotations

import numpy as np
import pytest

from backends.surrogate.features import encoded, encoding_of
from harness.planning.settings import create_space
from harness.spaces.nasbench101 import NASBench101
from tests.backends.surrogate.small import cells_of
from tests.fakes.spaces import Pairs


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
