"""NAO: its pool, its sizes, and what it finds."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from backends.training.recipes.files import load_supernet_recipe
from harness.core.oracle import Score, Update
from policies.nao import NAO, PoolSizes, default_hidden, scaled_slope
from policies.parts.cells import canonical, draw_unseen, unseen
from tests.fakes.searches import finish, hill, rng, rounds
from tests.fakes.spaces import Holes

SPACE = Holes((3, 3, 3, 3, 3))
WIDE = Holes((3,) * 9)


def build(space: Holes = SPACE, seed: int = 1, **settings: Any) -> NAO:
    quick = {"update_epochs": 2, "updates": 3, "training_epochs": 20, "batch": 20, "hidden": 12, "width": 40}
    return NAO(space, rng(seed), **(quick | settings))


def asked(policy: NAO) -> list[tuple[type, int]]:
    """The kind and number of the queries of each step."""
    return [(type(trials[0].query), len(trials)) for trials in rounds(policy)]


def test_the_sizes_are_the_published_ones_in_large_spaces_and_in_the_reduced_one() -> None:
    free: dict[str, Any] = {"pool": None, "seeds": None, "new": None, "random": None}
    assert PoolSizes.of(423_624, **free) == PoolSizes(600, 100, 300, 100)
    assert PoolSizes.of(10**16, **free) == PoolSizes(600, 100, 300, 100)
    assert PoolSizes.of(32, **free) == PoolSizes(6, 4, 3, 1)  # Yu et al. 2020, App. C.6: 20 %, the top 4, at most 3 new
    assert PoolSizes.of(1, **free) == PoolSizes(1, 4, 1, 1)
    assert PoolSizes.of(32, pool=10, seeds=2, new=0, random=0) == PoolSizes(10, 2, 0, 0)


@pytest.mark.parametrize(("cells", "width"), [(91, 12), (2_532, 24), (64_542, 36), (423_624, 48), (10**16, 96)])
def test_the_width_is_the_published_one(cells: int, width: int) -> None:
    assert default_hidden(cells) == width


def test_an_iteration_trains_on_the_pool_then_scores_all_of_it_and_the_last_finds_are_scored_too() -> None:
    policy = build(pool=20, new=6, random=2, iterations=3)
    steps = asked(policy)
    assert [step for step in steps if step[0] is Update] == [(Update, 3)] * 8
    assert [kind for kind, _ in steps] == [Update, Update, Score] * 4
    sizes = [count for kind, count in steps if kind is Score]
    assert sizes[0] == 20
    assert all(before + 2 <= after <= before + 8 for before, after in pairwise(sizes))
    assert sizes[-1] == len(policy.state_dict()["pool"])
    assert not np.isnan(policy.state_dict()["values"]).any()


def test_with_only_the_best_kept_the_pool_keeps_its_size() -> None:
    policy = build(pool=20, new=6, random=2, iterations=2, keep="best", updates=0)
    assert asked(policy) == [(Score, 20)] * 3


def test_without_rescoring_every_cell_is_asked_about_once() -> None:
    policy = build(pool=20, new=6, random=2, iterations=2, rescore=False, updates=0)
    trials = finish(policy)
    keys = canonical(SPACE, np.array([trial.query.architecture.choices for trial in trials]))
    assert len(keys) == len(policy.state_dict()["pool"]) == len(np.unique(keys)) > 20 + 2 * 2


def test_the_pool_holds_each_cell_once() -> None:
    policy = build(pool=30, new=40, random=30, iterations=3, updates=0)
    finish(policy)
    keys = canonical(SPACE, policy.state_dict()["pool"])
    assert len(keys) == len(np.unique(keys)) > 100


def test_updates_are_drawn_from_the_pool() -> None:
    policy = build(pool=5, updates=200)
    points = {point for query in policy.ask(200) for point in query.points}
    assert {point.choices for point in points} == set(map(tuple, policy.state_dict()["pool"].tolist()))


def test_a_used_up_space_ends_the_search_with_its_best_cell() -> None:
    policy = build(Holes((2, 3, 2)), pool=4, new=5, random=5, iterations=4)
    finish(policy)
    assert len(policy.state_dict()["pool"]) == policy.space.size
    assert hill(policy.recommend().choices) == max(hill(cell.choices) for cell in policy.space.enumerate())


def test_the_latest_scores_decide_the_recommendation() -> None:
    policy = build(pool=10, iterations=1, updates=0)
    steps = rounds(policy, hill)
    next(steps)
    queries = policy.ask(10**6)
    pool = [query.architecture for query in queries]
    assert policy.recommend() == pool[0], "the pool is sorted, best first"


def test_generated_cells_are_better_than_random_ones_on_a_hill() -> None:
    policy = build(WIDE, pool=100, new=30, random=0, iterations=1, updates=0, training_epochs=50, hidden=24)
    first, second = [[hill(t.query.architecture.choices) for t in trials] for trials in rounds(policy)]
    assert len(second) == 130
    assert np.mean(second[100:]) > np.mean(first) + 1.5 * np.std(first)


@pytest.mark.slow(reason="whole searches of NAO over several seeds")
def test_it_beats_a_random_search_of_as_many_cells() -> None:
    settings = {"pool": 60, "new": 30, "random": 10, "updates": 0, "hidden": 24, "rescore": False}
    ours, theirs = [], []
    for seed in range(3):
        policy = build(WIDE, seed, **settings)
        finish(policy)
        draws = draw_unseen(WIDE, rng(seed + 100), len(policy.state_dict()["pool"]), np.empty(0, np.int64))
        ours.append(hill(policy.recommend().choices))
        theirs.append(max(hill(tuple(row)) for row in draws.tolist()))
    assert np.mean(ours) > np.mean(theirs)


def test_a_step_moves_each_architecture_equally_far_on_average_over_its_decisions() -> None:
    slope = torch.tensor([[[3.0, 4.0], [0.0, 0.01]], [[0.0, 0.0], [0.03, 0.0]]])  # two decisions, two architectures
    moved = scaled_slope(slope, 0.5)
    assert moved.norm(dim=-1).mean(0).tolist() == pytest.approx([0.5, 0.5])
    assert moved[0, 0].tolist() == pytest.approx([0.6, 0.8])  # the whole of the first one's is in one decision
    assert not scaled_slope(torch.zeros(2, 1, 2), 0.5).any()


def test_the_released_bare_gradient_and_the_ranks_are_settings_away() -> None:
    pools = []
    for settings in ({}, {"stride": 0.0}, {"targets": "ranks"}):
        policy = build(pool=40, iterations=1, updates=0, training_epochs=60, **settings)
        finish(policy, lambda choices: hill(choices) ** 4)
        pools.append(policy.state_dict()["pool"].tolist())
    assert pools[0] != pools[1]
    assert pools[0] != pools[2]


def test_held_out_data_and_repetition_are_shares_and_multiples_of_the_pool() -> None:
    policy = build(holdout=0.1, expand=8)
    rows, values = np.arange(100)[:, None], np.arange(100.0)
    kept, targets = policy._data(rows, values)
    assert len(kept) == len(targets) == 8 * 90
    assert (kept[:, 0] == targets).all()
    assert len(np.unique(targets)) == 90


def test_unseen_are_the_first_rows_of_cells_of_the_space_that_are_not_known() -> None:
    space = Holes((3, 2, 3))
    rows = np.array([[0, 0, 0], [2, 0, 1], [1, 0, 2], [2, 1, 2], [0, 1, 0], [0, 1, 0]])  # outside, a cell, its twin ...
    assert space.keys(rows).tolist()[0] == -1
    assert unseen(space, rows, np.empty(0, np.int64)).tolist() == [1, 4]
    assert unseen(space, rows, canonical(space, rows[4:5])).tolist() == [1]


@pytest.mark.parametrize("batches", [None, 1, 8])
def test_cells_are_scored_on_as_many_small_batches_as_asked_for(batches: int | None) -> None:
    trials = finish(build(pool=5, new=2, random=1, iterations=1, score_batches=batches))
    assert {trial.query.batches for trial in trials if isinstance(trial.query, Score)} == {batches}


def test_the_recipes_score_on_about_as_much_data_as_published() -> None:
    images, text = (load_supernet_recipe(f"{family}/nao") for family in ("cifar10", "ptb"))
    assert images.search["score_batches"] * images.evaluation.quick_batch == pytest.approx(500, abs=32)
    assert text.search["score_batches"] * text.evaluation.quick_batch == 256 * 35
