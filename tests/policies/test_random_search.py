"""Random and random search."""

from __future__ import annotations

from harness.core.oracle import Score
from harness.core.space import Architecture
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
