"""How long random search must be to cost as much: against exact chances and simulated prices."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.leaderboard.equal_cost import saw_every_cell
from harness.leaderboard.search_sizes import (
    MOST_SAMPLES,
    PILOT_CELLS,
    UNSEEN_PROBABILITY,
    draws_of_distinct,
    draws_to_see_all,
    rounded_up,
    simulated_draws,
    trainings_bought,
)
from harness.spaces.nasbench101 import NASBench101
from tests.fakes.spaces import Pairs


def missing(cells: int, draws: int) -> Fraction:
    """The exact chance that uniform draws miss a cell, by inclusion and exclusion."""
    terms = ((-1) ** (k + 1) * math.comb(cells, k) * Fraction(cells - k, cells) ** draws for k in range(1, cells + 1))
    return sum(terms, Fraction(0))


@pytest.mark.parametrize("cells", [7, 32])
def test_so_many_draws_see_every_cell(cells: int) -> None:
    draws = draws_to_see_all(cells)
    assert missing(cells, draws) <= UNSEEN_PROBABILITY
    assert missing(cells, draws) > UNSEEN_PROBABILITY / 10  # and not many more than it takes


@given(st.integers(1, MOST_SAMPLES))
def test_rounded_numbers_have_two_digits_and_are_little_more(number: int) -> None:
    rounded = rounded_up(number)
    assert number <= rounded <= number * 1.1
    assert len(str(rounded).rstrip("0")) <= 2


def test_equal_prices_need_no_margin() -> None:
    assert trainings_bought(60.0, [5.0] * PILOT_CELLS) == 12
    assert trainings_bought(61.0, [5.0] * PILOT_CELLS) == 13
    assert trainings_bought(60.0, [0.0] * PILOT_CELLS) == 0


@pytest.mark.parametrize("seconds", [50.0, 500.0, 5_000.0])
def test_so_many_trainings_cost_as_much_in_every_draw(seconds: float) -> None:
    rng = np.random.default_rng(8)
    for _ in range(50):
        prices: Sequence[float] = rng.gamma(2.0, 2.5, PILOT_CELLS).tolist()
        count = trainings_bought(seconds, prices)
        assert rng.gamma(2.0, 2.5, count).sum() >= seconds
        assert count < 2.5 * seconds / 5 + 60


def test_a_space_was_seen_whole_when_each_cell_was_in_any_labelling() -> None:
    space = Pairs(2)
    assert saw_every_cell({"0+0", "0+1", "1+1"}, space)
    assert saw_every_cell({"0+0", "1+0", "1+1"}, space)
    assert not saw_every_cell({"0+1", "1+0", "1+1"}, space)
    assert not saw_every_cell({"0+0", "1+1"}, space)


@pytest.mark.parametrize("count", [1, 40, 290, 300])
def test_so_many_draws_hold_as_many_distinct_cells(count: int) -> None:
    rng, draws = np.random.default_rng(2), draws_of_distinct(count, 300)
    found = [len(np.unique(rng.integers(300, size=draws))) for _ in range(500)]
    assert min(found) >= count
    assert draws <= draws_to_see_all(300)


def test_draws_of_another_sampler_are_counted_by_simulation() -> None:
    space, rng = NASBench101(vertices=4, sampler="decisions"), np.random.default_rng(3)
    draws = simulated_draws(space, 60)
    for _ in range(5):
        assert len(np.unique(space.canonical_keys(space.keys(space.sample_many(rng, draws))))) >= 60
