"""The probe of shared weights: fixed cells, scored after the search, free of charge."""

from __future__ import annotations

import numpy as np
import pytest

from backends.synthetic import SyntheticOracle
from harness.core.oracle import Score, Scored, Update
from harness.core.probe import probe_cells
from harness.core.random import stream
from harness.execution.probe import score_probe, trains_shared_weights
from harness.planning.settings import create_space
from policies.random import Random
from tests.fakes.live import SharedOracle, Trainer
from tests.fakes.spaces import Pairs


def test_a_small_space_is_probed_whole_and_canonically() -> None:
    space = create_space("nasbench101-v4")
    assert sorted(cell.choices for cell in probe_cells(space)) == sorted(cell.choices for cell in space.enumerate())


@pytest.mark.parametrize("name", ["nasbench101-v5", "rnn3", "rnn9"])
def test_a_large_space_is_probed_at_200_different_canonical_cells(name: str) -> None:
    space = create_space(name)
    cells = probe_cells(space)
    assert len(cells) == len(set(cells)) == 200
    assert all(space.canonical(cell) == cell for cell in cells)
    assert cells == probe_cells(create_space(name))


@pytest.mark.parametrize("setting", [{"sampler": "notebook"}, {"sampler": "cells"}])
def test_the_cells_are_uniform_whatever_a_policy_draws_by(setting: dict[str, str]) -> None:
    """The notebook's law draws the trivial cell about one time in ten; the probe is the same under every law."""
    space = create_space("nasbench101-v5")
    cells = probe_cells(space)
    assert probe_cells(create_space("nasbench101-v5", setting)) == cells
    places = np.searchsorted(space.enumerate_keys(), [space.key(cell) for cell in cells])
    # the mean of 200 of the 2,532 places, drawn without replacement, within four standard errors
    error = 2532 / np.sqrt(12 * 200) * np.sqrt(1 - 200 / 2532)
    assert abs(places.mean() - 2531 / 2) < 4 * error


def test_a_probe_holds_what_a_score_answers_and_none_where_it_failed() -> None:
    space = Pairs()
    oracle = SharedOracle(space, 1, device="cpu", holes=True)
    oracle.answer([Update((space.parse("0+1"),))] * 3)
    found = dict(score_probe(oracle))
    # three updates, and a thousandth of the key 10a + b of the smaller labelling; odd keys fail
    assert found["1+2"] == pytest.approx((3 + 12 / 1000) / 1000)
    assert found["0+1"] is None
    assert len(found) == 10
    (again,) = oracle.answer([Score(space.parse("2+1"))])
    assert isinstance(again, Scored)
    assert again.value == found["1+2"]


def test_only_a_search_that_trained_shared_weights_is_probed() -> None:
    space, rng = Pairs(), stream(1, "policy")
    shared, plain = SharedOracle(space, 1, device="cpu"), SyntheticOracle(create_space("nasbench101-v4"), 1)
    assert trains_shared_weights(Trainer(space, rng), shared)
    assert not trains_shared_weights(Random(space, rng), shared)
    assert not trains_shared_weights(Trainer(space, rng), plain)
