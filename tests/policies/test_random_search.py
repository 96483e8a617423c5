"""Random and random search."""

from __future__ import annotations

import numpy as np
import pytest

from harness.core.oracle import Score
from harness.core.space import Architecture
from harness.spaces.nasbench101 import NASBench101
from policies import random_search
from policies.random import Random
from policies.random_search import RandomSearch
from tests.fakes.searches import finish, hill, rng
from tests.fakes.spaces import Holes

SPACE = Holes()


def test_random_recommends_one_draw_of_the_space_and_asks_nothing() -> None:
    policy = Random(SPACE, rng(5))
    assert policy.ask(100) == []
    assert policy.recommend() == SPACE.sample(rng(5))


def test_over_many_seeds_random_is_uniform_over_cells() -> None:
    draws = [Random(SPACE, rng(seed)).recommend() for seed in range(2000)]
    counts = [draws.count(cell) for cell in SPACE.enumerate()]
    expected = 2000 / SPACE.size
    chi_squared = sum((count - expected) ** 2 / expected for count in counts)
    assert sum(counts) == 2000
    assert chi_squared < (SPACE.size - 1) + 4 * (2 * (SPACE.size - 1)) ** 0.5  # four standard deviations


def test_random_search_scores_the_draws_of_the_space_in_order_and_recommends_the_best() -> None:
    policy, generator = RandomSearch(SPACE, rng(3), samples=17, batch=4), rng(3)
    draws = [SPACE.sample(generator) for _ in range(17)]
    assert [trial.query for trial in finish(policy)] == [Score(draw) for draw in draws]
    assert policy.recommend() == max(draws, key=lambda draw: hill(draw.choices))


def test_the_first_of_equally_good_draws_is_recommended() -> None:
    policy = RandomSearch(SPACE, rng(3), samples=9)
    first = policy.ask(1)[0]
    finish(policy, lambda _: 0.5)
    assert first == Score(policy.recommend())
    assert isinstance(policy.recommend(), Architecture)


def test_without_a_number_of_samples_it_goes_on_until_no_cell_is_new(monkeypatch):
    monkeypatch.setattr(random_search, "MOST_REPEATS", 300)
    policy = RandomSearch(SPACE, rng(3), samples=None)
    keys = SPACE.canonical_keys(SPACE.require([trial.query.architecture for trial in finish(policy)]))
    assert len(np.unique(keys)) == SPACE.size
    last_new = max(np.unique(keys, return_index=True)[1])
    assert 300 <= len(keys) - 1 - last_new < 300 + policy.batch


def test_its_own_sampler_draws_whatever_the_space_s_is():
    """On edges, coin flips find the cell without operations far more often than one draw in all cells."""
    space = NASBench101(vertices=4)
    plain = space.canonical(space.parse("output@0"))

    def share(sampler):
        asked = [
            trial.query.architecture for trial in finish(RandomSearch(space, rng(1), samples=2_000, sampler=sampler))
        ]
        return np.mean([space.canonical(each) == plain for each in asked])

    uniform = 1 / space.size
    assert share("cells") == pytest.approx(uniform, abs=5 * np.sqrt(uniform / 2_000))
    rows = NASBench101(vertices=4, sampler="decisions").sample_many(np.random.default_rng(0), 2_000)
    expected = np.mean(space.canonical_keys(space.keys(rows)) == space.key(plain))
    assert share("decisions") == pytest.approx(expected, abs=5 * np.sqrt(expected / 1_000))
    assert expected > 4 * uniform
