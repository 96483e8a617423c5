"""What all differentiable policies do, on spaces with rows outside of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from harness.core.budget import Cost
from harness.core.oracle import Failed, Gradient, Query, Slope, Trial, Update
from harness.planning.settings import create_space
from policies.bayesnas import BayesNAS
from policies.darts import DARTS
from policies.fbnet import FBNet
from tests.fakes.searches import answer, finish, mixtures, planted, rng, rounds
from tests.policies.small_policies import LOSS, RELAXED, SPACE, build

every = pytest.mark.parametrize("name", RELAXED)


def asked(trials: list[Trial]) -> list[Query]:
    return [trial.query for trial in trials]


@every
def test_asking_again_without_telling_asks_the_same(name: str) -> None:
    policy = build(name)
    for trials in rounds(policy, LOSS):
        assert policy.ask(5) == policy.ask(5)
        assert trials


@every
def test_a_prefix_of_the_answers_is_gone_on_from(name: str) -> None:
    policy, whole, got = build(name), asked(finish(build(name), LOSS)), []
    while queries := policy.ask(6):
        told = queries[: 1 + len(got) % 2]
        policy.tell([Trial(len(got) + i, query, answer(query, LOSS)) for i, query in enumerate(told)])
        got += told
        assert SPACE.contains(policy.recommend())
    assert got == whole


@every
def test_mixtures_are_weights_that_sum_to_one(name: str) -> None:
    for mixture in mixtures(finish(build(name), LOSS)):
        assert [len(row) for row in mixture] == list(SPACE.options)
        assert all(min(row) >= 0 for row in mixture)
        np.testing.assert_allclose([sum(row) for row in mixture], 1.0, rtol=1e-12)


@every
def test_steps_of_the_parameters_and_of_the_shared_weights_alternate(name: str) -> None:
    factory, settings = RELAXED[name]
    policy = build(name)
    queries = asked(finish(policy, LOSS))
    steps = settings.get("warmup_updates") or settings["updates"]
    warm = settings.get("warmup", 1 if factory is BayesNAS else 0) * steps
    assert {type(query) for query in queries[:warm]} <= {Update}
    steps = settings["epochs"] * settings["updates"]
    assert sum(isinstance(query, Update) for query in queries[warm:]) == steps
    if factory is not BayesNAS:
        assert [type(query) for query in queries[warm:]] == [Gradient, Update] * steps


@every
@pytest.mark.parametrize("kind", ["failed", "nan", "infinite"])
def test_without_a_slope_the_parameters_stay_and_the_search_goes_on(name: str, kind: str) -> None:
    policy, before = build(name), build(name).parameters.copy()
    count = 0
    while queries := policy.ask(100):
        policy.tell([Trial(i, query, _without_slope(query, kind)) for i, query in enumerate(queries)])
        count += len(queries)
    assert count == len(finish(build(name), LOSS))
    assert (policy.parameters == before).all()
    assert SPACE.contains(policy.recommend())


def _without_slope(query: Query, kind: str) -> Any:
    if isinstance(query, Update):
        return Failed("diverged", Cost())
    if kind == "failed":
        return Failed("diverged", Cost(1))
    wrong = math.nan if kind == "nan" else -math.inf
    return Slope(0.0, tuple(tuple(wrong for _ in row) for row in query.mixture), Cost(1))


LEARNERS: list[tuple[Any, dict[str, Any]]] = [
    (DARTS, {"epochs": 3, "updates": 50, "lr": 0.05}),
    (FBNet, {"epochs": 50, "updates": 4, "lr": 0.05}),
    (BayesNAS, {"epochs": 3, "updates": 30}),
]


@pytest.mark.parametrize(("factory", "settings"), LEARNERS)
@pytest.mark.parametrize(
    ("space", "good"),
    [
        ("rnn3", (0, 3, 1, 0, 2, 1)),
        ("nasbench101-v4", (1, 0, 1, 1, 0, 1, 2, 1)),  # edges 01, 12, 03 and 23, then two operations
        ("nasbench101", (1, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1, 2, 1, 0, 1, 2)),
    ],
)
def test_the_planted_optimum_of_a_separable_landscape_is_recommended(
    factory: Any, settings: dict[str, Any], space: str, good: tuple[int, ...]
) -> None:
    cells = create_space(space)
    policy = factory(cells, rng(), **settings)
    finish(policy, planted(cells.options, good))
    assert policy.recommend().choices == good


@pytest.mark.parametrize(("factory", "recipe"), [(DARTS, "darts"), (FBNet, "fbnet"), (BayesNAS, "bayesnas")])
def test_a_policy_names_the_recipe_of_its_shared_weights(factory: Any, recipe: str) -> None:
    assert factory.recipe == recipe
    assert factory.needs == {Gradient, Update}
