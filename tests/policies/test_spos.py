"""SPOS: its training, its evolution, and its pool."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.core.errors import SettingError
from harness.core.oracle import Score, Update
from harness.core.space import Architecture
from policies.parts.breeding import EvolutionarySearch, EvolutionSizes
from policies.parts.cells import canonical
from policies.spos import SPOS
from tests.fakes.searches import finish, hill, rng, rounds
from tests.fakes.spaces import Holes

SPACE = Holes((3, 3, 3, 3, 3, 3))
WIDE = Holes((4,) * 10)
SIZES = EvolutionSizes(population=20, generations=4, parents=5, mutants=8, crossovers=8, mutation=0.3)


def build(space: Holes = SPACE, seed: int = 1, **settings: Any) -> SPOS:
    quick = {"epochs": 2, "updates": 3, "population": 20, "generations": 4, "mutants": 8, "crossovers": 8, "parents": 5}
    return SPOS(space, rng(seed), **(quick | settings))


def bred(sizes: EvolutionSizes, parents: np.ndarray[Any, Any], seed: int = 1) -> np.ndarray[Any, Any]:
    """One generation from these parents, best first, in a space where every row is its own cell."""
    space = plain_space(parents.shape[1])
    breeding = EvolutionarySearch(space, sizes)
    values = np.linspace(1, 0.5, len(parents))
    breeding.load_state_dict({"parents": parents, "values": values, "seen": canonical(space, parents), "generation": 0})
    return breeding.next_generation(rng(seed))


def plain_space(decisions: int) -> Holes:
    space = Holes((4,) * decisions)
    space.keys = lambda choices: choices @ space._base
    space.canonical_keys = lambda keys: keys
    space.sample = lambda generator: Architecture(tuple(generator.integers(4, size=decisions).tolist()))
    return space


def test_it_trains_an_epoch_at_a_time_and_scores_a_generation_at_a_time() -> None:
    policy = build(epochs=3, updates=7)
    assert [(type(trials[0].query), len(trials)) for trials in rounds(policy)] == [(Update, 7)] * 3 + [(Score, 20)] * 4


def test_by_default_it_trains_as_yu_et_al_and_searches_as_released() -> None:
    policy = SPOS(WIDE, rng())
    assert (policy.epochs, policy.updates) == (200, -(-25_000 // 256))
    sizes = policy._evolutionary_search.sizes
    assert sizes == EvolutionSizes(population=50, generations=20, parents=10, mutants=25, crossovers=25, mutation=0.1)


def test_every_step_trains_one_architecture_and_all_cells_equally_often() -> None:
    space = Holes((2, 3, 2))
    policy = build(space, epochs=2, updates=3000)
    points = [trial.query.points for trial in finish(policy) if isinstance(trial.query, Update)]
    assert all(len(point) == 1 for point in points)
    counts = np.array([sum(point == (cell,) for point in points) for cell in space.enumerate()])
    expected = 6000 / space.size
    assert counts.sum() == 6000
    assert ((counts - expected) ** 2 / expected).sum() < (space.size - 1) + 4 * (2 * (space.size - 1)) ** 0.5


def test_no_cell_is_scored_twice_and_all_are_scored_as_their_canonical_form() -> None:
    scored = [trial.query.architecture for trial in finish(build()) if isinstance(trial.query, Score)]
    assert len(set(scored)) == len(scored) == 80
    assert all(SPACE.canonical(architecture) == architecture for architecture in scored)
    assert all(trial.query.batches is None for trial in finish(build()) if isinstance(trial.query, Score))


def test_mutants_differ_from_a_parent_by_as_much_as_the_law_says() -> None:
    parent = np.full((1, 2000), 1)
    sizes = EvolutionSizes(population=1, generations=1, parents=1, mutants=1, crossovers=0, mutation=0.1)
    space = plain_space(2000)
    breeding = EvolutionarySearch(space, sizes)
    breeding.learn(parent, np.ones(1))
    changed = (breeding._mutants(rng()) != 1).mean()
    # of the 10 % that are drawn again, a quarter falls on the choice it was
    assert changed == pytest.approx(0.075, abs=4 * (0.075 * 0.925 / 20_000) ** 0.5)


def test_a_crossover_takes_each_decision_from_one_of_two_parents_equally_often() -> None:
    sizes = EvolutionSizes(population=8, generations=1, parents=2, mutants=0, crossovers=8, mutation=0.1)
    children = bred(sizes, np.repeat([[1], [2]], 12, axis=1))
    assert len(children) == 8
    assert set(np.unique(children)) == {1, 2}
    assert (children == 1).mean() == pytest.approx(0.5, abs=4 * 0.5 / (8 * 12) ** 0.5)


def test_a_generation_is_mutants_then_crossovers_then_random_cells() -> None:
    sizes = EvolutionSizes(population=12, generations=1, parents=1, mutants=5, crossovers=0, mutation=0.05)
    children = bred(sizes, np.full((1, 12), 3))
    distance = (children != 3).sum(axis=1)
    assert len(children) == 12
    assert (distance[:5] <= 4).all()
    assert (distance[5:] > 4).all(), "a random row has three quarters of its decisions elsewhere"


def test_crossovers_of_one_parent_are_nothing_new_and_random_cells_take_their_place() -> None:
    sizes = EvolutionSizes(population=6, generations=1, parents=1, mutants=0, crossovers=6, mutation=0.1)
    children = bred(sizes, np.full((1, 12), 3))
    assert len(np.unique(children, axis=0)) == 6
    assert ((children != 3).sum(axis=1) > 4).all()


def test_the_parents_are_the_best_of_all_generations_and_no_failure_is_one() -> None:
    breeding = EvolutionarySearch(SPACE, SIZES)
    generator, values = rng(), []
    for _ in range(3):
        rows = breeding.next_generation(generator)
        new = generator.random(len(rows))
        new[::4] = np.nan
        breeding.learn(rows, new)
        values += new.tolist()
    assert breeding.state_dict()["values"].tolist() == sorted((v for v in values if v == v), reverse=True)[:5]


def test_a_used_up_space_ends_the_search_for_good() -> None:
    policy = build(Holes((2, 3, 2)), generations=50)
    scored = [trial.query for trial in finish(policy) if isinstance(trial.query, Score)]
    assert len(scored) <= policy.space.size
    assert all(policy.ask(10) == [] for _ in range(20))


def test_evolution_finds_better_cells_than_a_pool_of_as_many() -> None:
    found = {}
    for search, settings in {"evolution": {"generations": 10}, "pool": {"pool": 200}}.items():
        policies = [build(WIDE, seed, search=search, mutation=0.1, **settings) for seed in range(5)]
        counts = [sum(isinstance(trial.query, Score) for trial in finish(policy)) for policy in policies]
        assert counts == [200] * 5
        found[search] = np.mean([hill(policy.recommend().choices) for policy in policies])
    assert found["evolution"] > found["pool"] + 0.1


def test_a_pool_is_distinct_cells_scored_once_after_training_and_the_best_is_recommended() -> None:
    policy = build(search="pool", pool=30)
    trials = finish(policy)
    assert [type(trial.query) for trial in trials] == [Update] * 6 + [Score] * 30
    scored = np.array([trial.query.architecture.choices for trial in trials[6:]])
    assert len(np.unique(canonical(SPACE, scored))) == 30
    assert hill(policy.recommend().choices) == max(hill(tuple(row)) for row in scored.tolist())


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"mutants": 30, "crossovers": 30}, "'mutants' and 'crossovers' cannot be 30 and 30"),
        ({"mutation": 1.5}, "'mutation' cannot be 1.5"),
        ({"parents": 0}, "'parents' cannot be 0"),
        ({"pool": 0}, "'pool' cannot be 0"),
        ({"epochs": -1}, "'epochs' cannot be -1"),
    ],
)
def test_a_setting_out_of_range_is_named(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingError, match=words):
        SPOS(SPACE, rng(), **wrong)
