"""FairNAS: its steps are fair, and they leave what was sampled alone."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from backends.synthetic import SyntheticOracle
from harness.core.errors import IncompatibleError
from harness.core.oracle import Mixture, Score, Update
from harness.core.space import Architecture, SearchSpace
from harness.planning.settings import create_space
from harness.testing.contract import same_state
from policies.fairnas import FairNAS
from tests.fakes.searches import finish, rng, rounds
from tests.fakes.spaces import Holes

SPACE = Holes((3, 3, 3, 3))
CELLS = create_space("nasbench101-v5")


def build(space: SearchSpace = SPACE, seed: int = 1, **settings: Any) -> FairNAS:
    quick = {"epochs": 2, "updates": 30, "search": "pool", "pool": 10}
    return FairNAS(space, rng(seed), **(quick | settings))


def steps(policy: FairNAS) -> list[tuple[Mixture, ...]]:
    """The points of all Updates."""
    return [trial.query.points for trial in finish(policy) if isinstance(trial.query, Update)]


def chosen(mixture: Mixture) -> tuple[int, ...]:
    """The choices of a one-hot mixture."""
    assert all(sorted(row) == [0.0] * (len(row) - 1) + [1.0] for row in mixture)
    return tuple(row.index(1.0) for row in mixture)


@pytest.mark.parametrize("space", [SPACE, CELLS, create_space("rnn4"), create_space("nasbench101-v3")])
def test_a_step_trains_every_operation_of_every_vertex_exactly_once_on_one_wiring(space: SearchSpace) -> None:
    wirings = [i for i in range(len(space.options)) if i not in space.operations]
    for points in steps(build(space)):
        rows = np.array([chosen(point) for point in points])
        assert all(sorted(rows[:, i]) == list(range(len(points))) for i in space.operations)
        assert (rows[:, wirings] == rows[0, wirings]).all()
        assert all(space.contains(Architecture(tuple(row))) for row in rows.tolist())


def test_the_permutations_of_different_vertices_are_independent_and_uniform() -> None:
    first_two = np.array([[chosen(point)[-3:-1] for point in points] for points in steps(build(CELLS, updates=1800))])
    orders = first_two[:, :, 0] @ [9, 3, 1], first_two[:, :, 1] @ [9, 3, 1]
    pairs = np.unique(np.stack(orders, axis=1), axis=0, return_counts=True)[1]
    assert len(pairs) == 36
    assert ((pairs - 100) ** 2 / 100).sum() < 35 + 4 * (2 * 35) ** 0.5


def test_the_wirings_are_those_of_the_space_s_sampler() -> None:
    wirings = {chosen(points[0])[:10] for points in steps(build(CELLS, updates=1500))}
    expected = {cell.choices[:10] for cell in CELLS.enumerate()}
    assert len(wirings & expected) > 0.9 * len(expected)
    assert wirings <= expected


def test_what_was_sampled_and_the_space_s_own_table_stay_as_they_were() -> None:
    before = CELLS.from_keys(CELLS.enumerate_keys()).copy()
    policy = build(CELLS)
    finish(policy)
    assert (CELLS.from_keys(CELLS.enumerate_keys()) == before).all()
    assert CELLS.contains(policy.recommend())


def test_after_fair_training_all_operations_of_a_vertex_are_trained_equally_often() -> None:
    oracle = SyntheticOracle(CELLS, 0, sharing=100.0)
    for points in steps(build(CELLS)):
        oracle.answer([Update(points)])
    trained = oracle.state_dict()["trained"]
    assert all(trained[i].tolist() == [60.0] * 3 for i in CELLS.operations)


def test_rows_outside_the_space_are_drawn_again() -> None:
    points = [point for step in steps(build(SPACE, updates=300)) for point in step]
    assert len(points) == 2 * 300 * 3
    assert all(sum(chosen(point)) % 5 > 0 for point in points)


@pytest.mark.parametrize("space", [Holes((2, 3, 2, 3)), create_space("nasbench101-v2")])
def test_a_space_of_unequal_or_no_operations_is_refused_at_once(space: SearchSpace) -> None:
    with pytest.raises(IncompatibleError, match=r"same number of options.*policy 'spos'"):
        FairNAS(space, rng())


def test_a_space_that_no_fair_step_stays_in_is_refused_at_once() -> None:
    space = Holes((3, 3, 3))
    space.keys = lambda choices: np.where(choices[:, 0] == 1, choices @ space._base, -1)
    space.sample = lambda _: Architecture((1, 0, 0))
    with pytest.raises(IncompatibleError, match="no fair step"):
        FairNAS(space, rng())


@pytest.mark.parametrize("search", ["evolution", "pool"])
def test_a_search_resumed_from_any_cut_equals_the_uninterrupted_one(search: str) -> None:
    settings = {"search": search, "updates": 5, "population": 9, "mutants": 3, "crossovers": 3, "generations": 2}
    policy = build(**settings)
    states, whole = [copy.deepcopy(policy.state_dict())], []
    for trials in rounds(policy, limit=4):
        whole.append([trial.query for trial in trials])
        states.append(copy.deepcopy(policy.state_dict()))
    assert {type(queries[0]) for queries in whole} == {Update, Score}
    for cut, state in enumerate(states):
        other = build(seed=9, **settings)
        other.load_state_dict(state)
        assert [[trial.query for trial in trials] for trials in rounds(other, limit=4)] == whole[cut:]
        assert same_state(other.state_dict(), policy.state_dict())


def test_without_training_any_space_will_do() -> None:
    assert {type(trial.query) for trial in finish(build(Holes((2, 3, 2, 3)), updates=0))} == {Score}
