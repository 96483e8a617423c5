"""The adapter of ask/tell optimisers, and Optuna's samplers behind it."""

from __future__ import annotations

import builtins

import numpy as np
import optuna
import pytest

from harness.core.errors import HarnessError, UnknownNameError
from harness.core.random import stream
from harness.planning.settings import create_space
from policies.optuna import TPE, Optuna
from policies.parts.adapter import TRIES, AdaptedPolicy
from tests.fakes.searches import finish, hill, rng
from tests.fakes.spaces import Holes

OPTIONS = (2, 3, 2, 3)
SPACE = Holes(OPTIONS)
HOLE, CELL = (0, 0, 0, 0), (1, 1, 1, 1)


class Script(AdaptedPolicy):
    """Suggests what a script says, over and over, and notes what it is told."""

    script = (CELL,)

    def _restart(self):
        self.told = []

    def _suggest(self, seed):
        self.seeds = [*getattr(self, "seeds", []), seed]
        return self.script[len(self.told) % len(self.script)]

    def _observe(self, row, value):
        self.told.append((row, value))


class Holed(Script):
    script = (HOLE, CELL, (1, 2, 0, 1))


class Hopeless(Script):
    script = (HOLE,)


def test_an_optimiser_is_told_the_value_of_each_suggestion():
    policy = Script(SPACE, rng(), samples=3)
    finish(policy)
    assert policy.told == [(CELL, 1.0)] * 3


def test_a_suggestion_outside_of_the_space_is_told_as_failed_and_not_scored():
    policy = Holed(SPACE, rng(), samples=4)
    trials = finish(policy)
    assert [t.query.architecture.choices for t in trials] == [CELL, (1, 2, 0, 1)] * 2
    assert [row for row, _ in policy.told] == [HOLE, CELL, (1, 2, 0, 1)] * 2
    assert [value != value for _, value in policy.told] == [True, False, False] * 2


def test_a_failed_answer_is_told_as_failed():
    policy = Script(SPACE, rng(), samples=1)
    finish(policy, None)
    assert np.isnan(policy.told[0][1])


def test_an_optimiser_that_suggests_nothing_but_holes_is_helped_out_by_random_cells():
    policy = Hopeless(SPACE, rng(), samples=2)
    trials = finish(policy)
    assert len(policy.told) == 2 * (TRIES + 1)
    assert all(SPACE.contains(trial.query.architecture) for trial in trials)


def test_seeds_of_suggestions_differ():
    policy = Holed(SPACE, rng(), samples=10)
    finish(policy)
    assert len(set(policy.seeds)) == len(policy.seeds) == 15


def plain(sampler, value, count, seed):
    """The same search by Optuna alone, on a space without holes."""
    study = optuna.create_study(direction="maximize")
    rows = []
    for number in range(count):
        study.sampler = sampler(seed=int(stream(seed, "suggestion", number).integers(2**32)))
        trial = study.ask()
        row = [trial.suggest_categorical(f"decision {i}", list(range(n))) for i, n in enumerate((1, 4, 2, 4))]
        study.tell(trial, value(row))
        rows.append(tuple(row))
    return rows


def odd(choices):
    return sum(choice * (i + 1) for i, choice in enumerate(choices)) % 7 / 7


@pytest.mark.parametrize("name", ["TPESampler", "RandomSampler", "NSGAIISampler"])
def test_suggestions_are_those_of_a_plain_study(name):
    space = create_space("rnn2")
    policy = Optuna(space, rng(9), sampler=name, samples=60)
    trials = finish(policy, odd, limit=1)
    seed = int(rng(9).integers(2**32))
    expected = plain(getattr(optuna.samplers, name), odd, 60, seed)
    assert [t.query.architecture.choices for t in trials] == expected


def test_tpe_is_the_sampler_of_its_name():
    ours, other = (finish(p, hill) for p in (TPE(SPACE, rng(), samples=30), Optuna(SPACE, rng(), samples=30)))
    assert [t.query for t in ours] == [t.query for t in other]


def test_a_sampler_that_is_not_there_is_named_with_the_nearest():
    with pytest.raises(UnknownNameError, match=r"'TPESample'; did you mean 'TPESampler'\?"):
        Optuna(SPACE, rng(), sampler="TPESample")
    with pytest.raises(UnknownNameError, match="unknown sampler of Optuna 'GridSampler'"):
        Optuna(SPACE, rng(), sampler="GridSampler")  # needs the grid


def test_without_the_package_it_says_what_to_install(monkeypatch):
    there = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "optuna":
            raise ModuleNotFoundError("No module named 'optuna'")
        return there(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(HarnessError, match=r"pip install 'nas-search-harness\[optuna\]'"):
        Optuna(SPACE, rng())
