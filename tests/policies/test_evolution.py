"""Regularised evolution."""

from __future__ import annotations

import numpy as np
import pytest

from harness.core.oracle import Score, Scored
from harness.core.space import Architecture
from policies.evolution import Evolution, mutate, one_away
from tests.fakes.searches import finish, hill, rng, rounds
from tests.fakes.spaces import Holes

SPACE = Holes((3, 3, 3, 3, 3, 3))


def test_mutants_are_the_neighbours_of_the_space_and_equally_likely() -> None:
    parent = np.array([1, 0, 2, 1, 0, 2])
    near = {neighbour.choices for neighbour in SPACE.neighbours(Architecture(tuple(parent.tolist())))}
    generator = rng()
    mutants = [tuple(mutate(SPACE, generator, parent).tolist()) for _ in range(100 * len(near))]
    assert set(mutants) == near
    counts = np.array([mutants.count(mutant) for mutant in near])
    assert (((counts - 100) ** 2) / 100).sum() < (len(near) - 1) + 4 * (2 * (len(near) - 1)) ** 0.5
    assert parent.tolist() == [1, 0, 2, 1, 0, 2]


def test_a_row_without_neighbours_in_the_space_stays() -> None:
    lonely = Holes((2, 3))
    lonely.keys = lambda choices: np.where(choices.sum(1) == 3, 1, -1)
    assert mutate(lonely, rng(), np.array([1, 2])).tolist() == [1, 2]


def test_a_space_with_one_architecture_can_be_evolved() -> None:
    assert one_away(np.array([0]), (1,)).shape == (0, 1)


def test_every_child_differs_in_one_decision_from_the_best_of_a_tournament_of_everyone() -> None:
    policy = Evolution(SPACE, rng(), samples=60, population=10, tournament=400)
    members: list[tuple[tuple[int, ...], float]] = []
    for trials in rounds(policy):
        for trial in trials:
            assert isinstance(trial.query, Score)
            assert isinstance(trial.answer, Scored)
            child = trial.query.architecture.choices
            if len(members) >= 10:
                top = max(value for _, value in members[-10:])
                fittest = [member for member, value in members[-10:] if value == top]
                assert any(sum(a != b for a, b in zip(child, parent, strict=True)) == 1 for parent in fittest)
            members.append((child, trial.answer.value))


def test_the_oldest_leaves_however_good_it_is() -> None:
    policy = Evolution(SPACE, rng(), samples=31, population=10, tournament=2)
    trials = finish(policy)
    alive = [tuple(row) for row in policy.state_dict()["rows"].tolist()]
    assert alive == [trial.query.architecture.choices for trial in trials[-10:]]


@pytest.mark.parametrize("children", [1, 4])
def test_the_number_of_scores_is_the_number_of_samples(children: int) -> None:
    assert len(finish(Evolution(SPACE, rng(), samples=50, population=12, children=children))) == 50
    assert len(finish(Evolution(SPACE, rng(), samples=5, population=12, children=children))) == 5


def test_by_default_it_scores_as_many_as_the_paper_but_no_more_than_there_are_cells() -> None:
    assert Evolution(SPACE, rng()).samples == SPACE.size
    assert Evolution(Holes((6,) * 6), rng()).samples == 20_000


def test_it_climbs_a_hill_that_random_search_does_not() -> None:
    wide = Holes((4,) * 12)
    wide.sample = lambda generator: Architecture((0, *generator.integers(0, 4, 10).tolist(), 1))
    wide.keys = lambda choices: choices @ wide._base
    found = [Evolution(wide, rng(seed), samples=600, population=50, tournament=10) for seed in range(5)]
    for policy in found:
        finish(policy)
    assert np.median([hill(policy.recommend().choices) for policy in found]) >= 11 / 12
