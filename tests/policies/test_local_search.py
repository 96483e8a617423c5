"""Local search against a plain loop over cells, and what it promises about asking."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from policies.local_search import LocalSearch
from tests.fakes.searches import finish, hill, rng
from tests.fakes.spaces import Holes

SPACE = Holes((3, 4, 3, 4))
CELLS = {a.choices for a in SPACE.enumerate()}


def rugged(choices):
    """A landscape with many local optima, the same for both rows of a cell."""
    key = int(SPACE.canonical_keys(SPACE.keys(np.array([choices])))[0])
    return math.sin(7.0 * key) / 2 + 0.5


def cell(choices):
    """The canonical form of a row of choices, or None for a hole."""
    key = SPACE.canonical_keys(SPACE.keys(np.array([choices])))[0]
    return None if key < 0 else tuple(SPACE.from_keys(np.array([key]))[0].tolist())


def around(choices):
    """The values of everything one decision away, by brute force."""
    near = [
        other
        for other in itertools.product(*map(range, SPACE.options))
        if sum(a != b for a, b in zip(choices, other, strict=True)) == 1 and cell(other)
    ]
    return [rugged(other) for other in near]


def asked(trials):
    return [trial.query.architecture.choices for trial in trials]


@pytest.mark.parametrize("seed", range(5))
def test_one_descent_ends_where_no_neighbour_is_better(seed):
    policy = LocalSearch(SPACE, rng(seed), restarts=0)
    finish(policy, rugged)
    end = policy.recommend().choices
    assert rugged(end) >= max(around(end))


@pytest.mark.parametrize("seed", range(5))
def test_a_descent_takes_the_steps_of_a_plain_loop(seed):
    policy = LocalSearch(SPACE, rng(seed), initial=4, restarts=0)
    rows = asked(finish(policy, rugged))
    here = max(rows[:4], key=rugged)  # the first of equals, as max takes
    known, order = {cell(row) for row in rows[:4]}, [cell(row) for row in rows[:4]]
    while True:
        near = [
            (*here[:i], choice, *here[i + 1 :])
            for i, options in enumerate(SPACE.options)
            for choice in range(options)
            if choice != here[i] and cell((*here[:i], choice, *here[i + 1 :]))
        ]
        for row in near:
            if cell(row) not in known:
                known.add(cell(row))
                order.append(cell(row))
        best = max(near, key=rugged)
        if rugged(best) <= rugged(here):
            break
        here = best
    assert [cell(row) for row in rows] == order


def test_with_restarts_every_cell_is_asked_for_once():
    trials = finish(LocalSearch(SPACE, rng()), rugged)
    cells = [cell(choices) for choices in asked(trials)]
    assert sorted(cells) == sorted(CELLS)


def test_restarts_are_counted():
    few, many = (len(finish(LocalSearch(SPACE, rng(), restarts=n, initial=1), rugged)) for n in (0, 3))
    assert 0 < few < many < SPACE.size


def test_it_asks_for_no_more_cells_than_samples():
    assert len(finish(LocalSearch(SPACE, rng(), samples=17), rugged)) == 17
    assert len(finish(LocalSearch(SPACE, rng(), samples=3), hill)) == 3


def test_a_search_in_which_everything_fails_ends():
    trials = finish(LocalSearch(SPACE, rng()), None)
    assert len(trials) == SPACE.size
