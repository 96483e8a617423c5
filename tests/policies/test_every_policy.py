"""What all policies promise, or all that score, on a small space with rows outside it and two rows a cell."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from harness.core.errors import SettingError
from harness.core.oracle import Failed, Scored, Trial
from policies.bayesnas import BayesNAS
from policies.darts import DARTS
from policies.enas import ENAS
from policies.evolution import Evolution
from policies.fbnet import FBNet
from policies.nao import NAO
from policies.random_search import RandomSearch
from policies.random_sharing import RandomSharing
from policies.spos import SPOS
from tests.fakes.searches import answer, finish, hill, require_the_same_from_any_cut, rng, rounds
from tests.policies.small_policies import RELAXED, SCORING, SPACE, build, landscape

each_policy = pytest.mark.parametrize("name", SCORING | RELAXED)
each_that_scores = pytest.mark.parametrize("name", SCORING)


def inside(policy: Any) -> bool:
    return SPACE.contains(policy.recommend())


@pytest.mark.parametrize(("name", "limit"), [*((name, 4) for name in SCORING), *itertools.product(RELAXED, (1, 5))])
def test_a_search_resumed_from_any_cut_equals_the_uninterrupted_one(name: str, limit: int) -> None:
    require_the_same_from_any_cut(
        lambda seed: build(name, seed), lambda policy: rounds(policy, landscape(name), limit=limit)
    )


@each_policy
@pytest.mark.parametrize("limit", [1, 3, 7])
def test_how_many_are_asked_at_once_changes_nothing(name: str, limit: int) -> None:
    one, other = build(name), build(name)
    assert finish(one, landscape(name), limit=limit) == finish(other, landscape(name))
    assert one.recommend() == other.recommend()
    assert one.ask(limit) == one.ask(1) == []


@each_that_scores
def test_asking_again_without_telling_asks_the_same(name: str) -> None:
    policy = build(name)
    assert policy.ask(5) == policy.ask(5)


@each_that_scores
def test_a_prefix_of_the_answers_leaves_a_legal_recommendation(name: str) -> None:
    for count in range(1, 4):
        policy = build(name)
        for _ in range(4):
            queries = policy.ask(6)
            policy.tell([Trial(i, query, answer(query, hill)) for i, query in enumerate(queries[:count])])
            assert inside(policy)


@each_that_scores
def test_before_the_first_answer_there_is_a_legal_recommendation(name: str) -> None:
    policy = build(name)
    first = policy.recommend()
    policy.ask(3)
    assert inside(policy)
    assert policy.recommend() == first


@each_that_scores
@pytest.mark.parametrize("value", [None, lambda _: 0.5, lambda _: math.nan], ids=["failed", "equal", "nan"])
def test_failures_and_equal_values_are_survived(name: str, value: Callable[..., float] | None) -> None:
    policy = build(name)
    finish(policy, value)
    assert inside(policy)


@each_that_scores
def test_a_failed_cell_is_never_recommended_when_another_has_a_value(name: str) -> None:
    if name == "random":
        return
    policy = build(name)
    scored = set()
    while queries := policy.ask(9):
        answers = [answer(q, lambda c: hill(c) - 1) if i % 3 == 0 else answer(q, None) for i, q in enumerate(queries)]
        policy.tell([Trial(i, q, a) for i, (q, a) in enumerate(zip(queries, answers, strict=True))])
        scored |= {q.architecture for q, a in zip(queries, answers, strict=True) if isinstance(a, Scored)}
        assert policy.recommend() in scored or not any(isinstance(a, Scored | Failed) for a in answers)


@each_policy
def test_the_global_generators_are_neither_read_nor_moved(name: str) -> None:
    searches = []
    for seed in (1, 2):
        np.random.seed(seed)  # noqa: NPY002
        torch.manual_seed(seed)
        before = [*map(str, np.random.get_state()), torch.get_rng_state().numpy().tobytes()]  # noqa: NPY002
        policy = build(name)
        searches.append((finish(policy, landscape(name)), policy.recommend()))
        assert before == [*map(str, np.random.get_state()), torch.get_rng_state().numpy().tobytes()]  # noqa: NPY002
    assert searches[0] == searches[1]


@each_that_scores
def test_only_cells_of_the_space_are_asked_about_and_only_by_declared_kinds(name: str) -> None:
    policy = build(name)
    for trial in finish(policy):
        points = getattr(trial.query, "points", None) or (trial.query.architecture,)
        assert all(SPACE.contains(point) for point in points)
        assert type(trial.query) in policy.needs


@pytest.mark.parametrize(
    ("factory", "wrong"),
    [
        (RandomSearch, {"samples": 0}),
        (Evolution, {"population": 0}),
        (ENAS, {"temperature": 0.0}),
        (ENAS, {"decay": 1.5}),
        (NAO, {"trade_off": -0.1}),
        (NAO, {"pool": 0}),
        (SPOS, {"mutation": -0.5}),
        (RandomSharing, {"finalists": 0}),
        (DARTS, {"epochs": 0}),
        (DARTS, {"beta1": 1.0}),
        (FBNet, {"temperature": 0.0}),
        (FBNet, {"warmup": -1}),
        (BayesNAS, {"probe": 1.5}),
        (BayesNAS, {"penalty": 0.0}),
    ],
)
def test_a_setting_out_of_range_is_named(factory: Any, wrong: dict[str, Any]) -> None:
    ((name, value),) = wrong.items()
    with pytest.raises(SettingError, match=f"'{name}' cannot be {value}"):
        factory(SPACE, rng(), **wrong)
