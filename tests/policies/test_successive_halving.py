"""Successive halving and Hyperband: the published rungs, who goes on, and what is recommended."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from harness.core.budget import Cost
from harness.core.errors import HarnessError
from harness.core.oracle import Scored, Trial
from policies.hyperband import Hyperband
from policies.successive_halving import SuccessiveHalving
from tests.fakes.searches import answer, hill, rng, rounds
from tests.fakes.spaces import Holes

SPACE = Holes((3, 4, 3, 4))

PUBLISHED = [
    [(1, 81), (3, 27), (9, 9), (27, 3), (81, 1)],
    [(3, 34), (9, 11), (27, 3), (81, 1)],
    [(9, 15), (27, 5), (81, 1)],
    [(27, 8), (81, 2)],
    [(81, 5)],
]
"""Li et al. 2018, Table 1: epochs and cells of each rung, for at most 81 epochs and eta = 3."""


def rungs(policy, value):
    """The trials of a search, a rung at a time, answered by ``value(choices, epochs)``, ``None`` being a failure."""
    return list(rounds(policy, reply=lambda query: answer(query, lambda choices: value(choices, query.epochs))))


def asked(steps):
    """The epochs and the choices of each rung."""
    return [(step[0].query.epochs, [trial.query.architecture.choices for trial in step]) for step in steps]


def sizes(steps):
    return [(epochs, len(rows)) for epochs, rows in asked(steps)]


def worse_when_short(choices, epochs):
    return hill(choices) * (1 - 1 / (1 + epochs))


def test_a_round_of_hyperband_has_the_published_rungs():
    found = sizes(rungs(Hyperband(SPACE, rng(), budgets=(1, 3, 9, 27, 81), rounds=1), worse_when_short))
    assert found == [rung for bracket in PUBLISHED for rung in bracket]


def test_successive_halving_keeps_a_third_and_the_best_third():
    found = rungs(SuccessiveHalving(SPACE, rng(), budgets=(4, 12, 36, 108), brackets=2), worse_when_short)
    assert sizes(found) == 2 * [(4, 81), (12, 27), (36, 9), (108, 3)]
    for (epochs, rows), (_, kept) in pairwise(asked(found)):
        if epochs != 108:
            lost = Counter(rows) - Counter(kept)
            worst = min(worse_when_short(row, epochs) for row in kept)
            assert Counter(kept) <= Counter(rows)
            assert all(worse_when_short(row, epochs) <= worst for row in lost)


def test_what_is_recommended_was_best_after_the_most_epochs_though_shorter_trainings_had_higher_values():
    policy = Hyperband(SPACE, rng(), budgets=(1, 3, 9), rounds=2)
    trials = [trial for step in rungs(policy, lambda choices, epochs: hill(choices) / epochs) for trial in step]
    longest = [trial for trial in trials if trial.query.epochs == 9]
    best = max(longest, key=lambda trial: trial.answer.value)
    assert policy.recommend() == best.query.architecture
    assert best.answer.value < max(trial.answer.value for trial in trials)


def test_before_a_longer_training_is_known_the_best_of_the_shorter_ones_is_recommended():
    policy = SuccessiveHalving(SPACE, rng(), budgets=(1, 3), cells=9)
    queries = policy.ask(9)
    policy.tell([Trial(i, q, Scored(hill(q.architecture.choices), Cost(1))) for i, q in enumerate(queries)])
    assert hill(policy.recommend().choices) == max(hill(q.architecture.choices) for q in queries)


def test_a_failed_training_never_goes_on_and_a_bracket_without_survivors_ends():
    bad = set(SPACE.everything()[:, 0].tolist()) - {0}
    policy = SuccessiveHalving(SPACE, rng(), budgets=(1, 3, 9), cells=27)
    steps = rungs(policy, lambda choices, epochs: None if choices[0] in bad else 0.5)
    assert len(steps) == 3
    assert all(choices[0] == 0 for _, rows in asked(steps[1:]) for choices in rows)
    alone = rungs(SuccessiveHalving(SPACE, rng(), budgets=(1, 3), brackets=2), lambda *_: None)
    assert sizes(alone) == [(1, 81), (1, 81)]


@pytest.mark.parametrize("policy", [Hyperband, SuccessiveHalving])
@pytest.mark.parametrize("budgets", [(), (12,), (12, 4), (4, 4, 12)])
def test_it_needs_several_budgets(policy, budgets):
    with pytest.raises(HarnessError, match="several budgets"):
        policy(SPACE, rng(), budgets=budgets)


def test_too_few_cells_for_the_last_budget_are_refused():
    with pytest.raises(HarnessError, match="with less than 27 none is left for 108 epochs"):
        SuccessiveHalving(SPACE, rng(), budgets=(4, 12, 36, 108), cells=26)


def test_cells_of_a_bracket_are_uniform_draws():
    policy = SuccessiveHalving(SPACE, rng(), budgets=(1, 3), cells=9 * SPACE.size)
    keys = SPACE.canonical_keys(SPACE.keys(np.array([q.architecture.choices for q in policy.ask(9 * SPACE.size)])))
    counts = np.unique(keys, return_counts=True)[1]
    assert len(counts) == SPACE.size
    assert ((counts - 9) ** 2 / 9).sum() < SPACE.size + 4 * (2 * SPACE.size) ** 0.5
