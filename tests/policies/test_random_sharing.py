"""Random search with weight sharing."""

from __future__ import annotations

from typing import Any

import numpy as np

from harness.core.budget import Cost
from harness.core.oracle import Answer, Failed, Query, Score, Scored, Update, Updated
from policies.parts.cells import canonical
from policies.random_sharing import RandomSharing
from tests.fakes.searches import finish, hill, rng, rounds
from tests.fakes.spaces import Holes

SPACE = Holes((3, 3, 3, 3, 3))


def build(**settings: Any) -> RandomSharing:
    return RandomSharing(SPACE, rng(), **({"epochs": 2, "updates": 3, "samples": 60, "finalists": 5} | settings))


def looked_at(query: Query) -> Answer:
    """On one batch, architectures look the better the worse they are."""
    if isinstance(query, Update):
        return Updated(None, Cost())
    assert isinstance(query, Score)
    value = hill(query.architecture.choices)
    return Scored(value if query.batches is None else 1 - value, Cost(1))


def test_it_trains_then_looks_at_one_batch_each_then_scores_the_finalists_whole() -> None:
    asked = [(type(t.query), getattr(t.query, "batches", None)) for trials in rounds(build()) for t in trials]
    assert asked == [(Update, None)] * 6 + [(Score, 1)] * 60 + [(Score, None)] * 5


def test_by_default_it_looks_at_a_thousand_and_scores_ten() -> None:
    policy = RandomSharing(SPACE, rng())
    assert (policy.epochs, policy.updates, policy.samples, policy.finalists) == (200, 98, 1000, 10)


def test_the_finalists_are_the_distinct_cells_of_the_best_looks_the_best_first() -> None:
    trials = finish(build())
    looks = [trial for trial in trials[6:66] if isinstance(trial.answer, Scored)]
    looks.sort(key=lambda trial: -trial.answer.value)
    distinct = {int(canonical(SPACE, np.array([t.query.architecture.choices]))[0]): t.query for t in reversed(looks)}
    best = sorted(distinct.values(), key=lambda query: -hill(query.architecture.choices))[:5]
    finalists = [trial.query.architecture for trial in trials[66:]]
    assert [hill(a.choices) for a in finalists] == [hill(query.architecture.choices) for query in best]
    assert len({SPACE.canonical(architecture) for architecture in finalists}) == 5


def test_the_score_of_all_data_decides_and_not_the_look() -> None:
    policy = build(finalists=20)
    finalists = [t.query.architecture for t in finish(policy, reply=looked_at, limit=7)[66:]]
    assert len(finalists) == 20
    assert hill(policy.recommend().choices) == max(hill(a.choices) for a in finalists)
    assert hill(policy.recommend().choices) > hill(finalists[0].choices)


def test_a_cut_among_the_finalists_leaves_the_best_of_those_scored() -> None:
    policy = build(finalists=20)
    scored = []
    for (trial,) in rounds(policy, reply=looked_at, limit=1):
        if isinstance(trial.query, Score) and trial.query.batches is None:
            scored.append(trial.query.architecture)
            assert hill(policy.recommend().choices) == max(hill(a.choices) for a in scored)


def test_failed_looks_are_no_finalists_and_failed_finalists_leave_the_best_look() -> None:
    def answer(query: Query) -> Answer:
        failed = isinstance(query, Score) and (query.batches is None or query.architecture.choices[0] == 1)
        return Failed("as told", Cost(1)) if failed else looked_at(query)

    policy = build()
    trials = finish(policy, reply=answer, limit=7)
    looks = [t for t in trials if isinstance(t.answer, Scored)]
    assert len(trials) == 71
    assert all(trial.query.architecture.choices[0] != 1 for trial in trials[66:])
    best = max(looks, key=lambda trial: trial.answer.value)
    assert policy.recommend() == best.query.architecture


def test_when_every_look_fails_there_are_no_finalists() -> None:
    policy = build()
    assert len(finish(policy, None)) == 66
    assert policy.ask(3) == policy.ask(3) == []
