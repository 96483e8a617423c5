"""Fitted models on made-up truths whose mean and noise are known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
from scipy.stats import kendalltau, norm

from backends.surrogate import model as surrogate_model
from backends.surrogate.examples import Examples
from backends.surrogate.features import encoded
from backends.surrogate.model import Prediction, SurrogateModel, calibrated, varying
from backends.surrogate.tree_fitting import EnsembleSettings, boosting, forest
from backends.surrogate.trees import TreeEnsemble
from backends.tabular import open_table
from harness.core.errors import UnknownNameError
from harness.planning.settings import create_space
from harness.spaces.nasbench101 import NASBench101
from tests.backends.surrogate.small import cells_of, examples, silent

pytestmark = pytest.mark.slow(reason="fits forests and boosted trees")

SPACE = NASBench101(vertices=5)
KEYS = cells_of(5)


def counts(keys: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """How many 3 x 3 convolutions and poolings the cells have, (cells, 2)."""
    return encoded(SPACE, keys)[:, [-3, -1]].astype(float)


def truth(keys: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return 0.5 + 0.1 * counts(keys) @ [1.0, -1.0]


def deviation(keys: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return 0.01 + 0.02 * counts(keys)[:, 1]


def drawn(repeats: int, seed: int = 0, share: float = 0.5) -> tuple[Examples, np.ndarray[Any, Any]]:
    """Some cells with noisy repeats of the made-up truth, and the other cells."""
    rng = np.random.default_rng(seed)
    learnt = np.sort(rng.choice(len(KEYS), int(share * len(KEYS)), replace=False))
    keys = KEYS[learnt]
    noise = rng.normal(size=(len(keys), repeats)) * deviation(keys)[:, None]
    seconds = 10.0 + 5 * counts(keys)[:, 0]
    return examples(keys, truth(keys)[:, None] + noise, seconds=seconds), np.delete(KEYS, learnt)


def fit(of: Examples, model: str = "forest", **settings: Any) -> SurrogateModel:
    return surrogate_model.fit(
        of, SPACE, model, seed=settings.pop("seed", 0), report=settings.pop("report", silent), **settings
    )


def predict(model: SurrogateModel, keys: np.ndarray[Any, Any]) -> Prediction:
    return model.predict(encoded(SPACE, keys))


@pytest.mark.slow(reason="fits whole models, boosting among them")
@pytest.mark.parametrize("model", ["forest", "boosting"])
def test_a_model_finds_the_mean_the_noise_and_the_seconds_of_cells_that_it_never_saw(model: str) -> None:
    learnt, others = drawn(repeats=3)
    found = predict(fit(learnt, model), others)
    assert np.abs(found.mean - truth(others)).mean() < 0.02
    assert kendalltau(found.mean, truth(others)).statistic > 0.85
    assert found.seconds == pytest.approx(10 + 5 * counts(others)[:, 0], abs=2)
    assert np.abs(found.seconds - 10 - 5 * counts(others)[:, 0]).mean() < 0.05
    noisy, quiet = counts(others)[:, 1] == 3, counts(others)[:, 1] == 0
    assert found.noise[noisy].mean() == pytest.approx(0.07, rel=0.2)
    assert found.noise[quiet].mean() == pytest.approx(0.01, rel=0.5)


@pytest.mark.slow(reason="fits whole models, boosting among them")
@pytest.mark.parametrize("model", ["forest", "boosting"])
def test_predictive_intervals_hold_single_values_of_other_cells(model: str) -> None:
    learnt, others = drawn(repeats=3)
    found = predict(fit(learnt, model), others)
    values = truth(others) + np.random.default_rng(5).normal(size=len(others)) * deviation(others)
    levels = norm.cdf(values, found.mean, np.hypot(found.spread, found.noise))
    for level in (0.5, 0.8, 0.95):
        inside = np.mean(np.abs(2 * levels - 1) <= level)
        assert inside == pytest.approx(level, abs=0.06)


def test_of_cells_with_one_repeat_no_noise_is_known_and_the_spread_covers_it() -> None:
    learnt, others = drawn(repeats=1)
    model = fit(learnt)
    found = predict(model, others)
    assert model.noise is None
    assert not found.noise.any()
    values = truth(others) + np.random.default_rng(5).normal(size=len(others)) * deviation(others)
    assert np.mean(np.abs(values - found.mean) <= norm.ppf(0.9) * found.spread) == pytest.approx(0.8, abs=0.08)


def test_cells_that_lack_repeats_count_less_for_the_noise() -> None:
    learnt, others = drawn(repeats=5)
    learnt.repeats[::2, 1:] = np.nan
    assert predict(fit(learnt), others).noise.mean() == pytest.approx(deviation(others).mean(), rel=0.15)


def test_few_cells_share_one_variance() -> None:
    learnt, others = drawn(repeats=3, share=0.008)  # 20 cells, 40 degrees of freedom
    found = predict(fit(learnt), others)
    pooled = np.sqrt(np.var(learnt.repeats, axis=1, ddof=1).mean())
    assert found.noise == pytest.approx(np.full(len(others), pooled))


def test_a_variance_of_more_repeats_counts_more() -> None:
    learnt, others = drawn(repeats=3, share=0.008)
    learnt.repeats[:15, 2] = np.nan
    two, three = learnt.repeats[:15, :2], learnt.repeats[15:]
    squares = [((part - part.mean(axis=1, keepdims=True)) ** 2).sum() for part in (two, three)]
    pooled = np.sqrt(sum(squares) / (15 + 2 * len(three)))  # over the degrees of freedom
    assert predict(fit(learnt), others).noise == pytest.approx(np.full(len(others), pooled))


def test_the_luck_of_a_mean_is_not_that_of_a_single_repeat() -> None:
    rng = np.random.default_rng(0)  # cells that no feature tells apart, and luck that is larger than they differ by
    own, repeat_variance = rng.normal(size=(800, 1)), 1.5 * rng.normal(size=(800, 8))
    found = predict(fit(examples(np.sort(rng.choice(KEYS, 800, replace=False)), own + repeat_variance)), KEYS)
    assert found.spread.mean() == pytest.approx(1, abs=0.25)
    assert found.noise.mean() == pytest.approx(1.5, abs=0.1)


def test_unknown_seconds_are_0() -> None:
    learnt, others = drawn(repeats=2)
    model = fit(examples(learnt.keys, learnt.repeats))
    assert model.seconds is None
    assert not predict(model, others).seconds.any()


@pytest.mark.slow(reason="fits whole models, boosting among them, several times")
@pytest.mark.parametrize("model", ["forest", "boosting"])
def test_the_seed_decides(model: str) -> None:
    learnt, others = drawn(repeats=2, share=0.05)
    first, again, other = (predict(fit(learnt, model, seed=seed), others) for seed in (0, 0, 1))
    for name in ("mean", "spread", "noise", "seconds"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
    assert not np.array_equal(first.mean, other.mean)


@pytest.mark.slow(reason="fits whole models twice")
@pytest.mark.parametrize("grow", [forest, boosting])
def test_threads_change_nothing(grow: Callable[..., TreeEnsemble]) -> None:
    learnt, _ = drawn(repeats=1, share=0.1)
    features = encoded(SPACE, learnt.keys)
    one, two = (grow(features, learnt.values, EnsembleSettings(6, 3), seed=0, workers=workers) for workers in (1, 2))
    assert one.bias == two.bias
    for a, b in zip(one.trees, two.trees, strict=True):
        assert all(np.array_equal(getattr(a, part.name), getattr(b, part.name)) for part in fields(a))


def test_progress_is_told_to_the_end() -> None:
    told = list[tuple[int, int]]()
    fit(drawn(repeats=1, share=0.02)[0], report=lambda done, total: told.append((done, total)))
    assert told == [(done, 12) for done in range(1, 13)]


def test_equal_values_are_predicted_exactly_and_without_doubt() -> None:
    found = predict(fit(examples(KEYS[:40], np.full((40, 2), 0.25))), KEYS)
    assert found.mean == pytest.approx(np.full(len(KEYS), 0.25))
    assert found.spread == pytest.approx(np.zeros(len(KEYS)), abs=1e-12)
    assert not found.noise.any()


def test_an_unknown_model_is_named() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'forest'"):
        fit(drawn(repeats=1, share=0.02)[0], "forrest")


def test_features_that_hardly_vary_are_not_looked_at() -> None:
    features = np.zeros((100, 5), np.uint8)
    features[:4, 1], features[:5, 2], features[:95, 3], features[:, 4] = 7, 7, 9, 3
    assert varying(features).tolist() == [2, 3]
    assert varying(features[:20]).tolist() == [1, 2]  # 1 in 10 of few cells
    assert varying(np.ones((30, 2), np.uint8)).tolist() == [0]


@pytest.mark.parametrize("scale", [0.3, 1.0, 4.0])
def test_the_spread_is_scaled_to_the_errors(scale: float) -> None:
    rng = np.random.default_rng(0)
    spread, repeat_variance = rng.uniform(0.5, 2, 20_000), rng.uniform(0.0, 0.2, 20_000)
    errors = np.abs(rng.normal(size=20_000)) * np.sqrt((scale * spread) ** 2 + repeat_variance)
    assert calibrated(errors, spread, repeat_variance) == pytest.approx(scale, rel=0.05)


def test_errors_that_luck_explains_leave_no_spread() -> None:
    errors = np.abs(np.random.default_rng(0).normal(size=1000))
    assert calibrated(errors, np.ones(1000), np.full(1000, 2.0)) == 0.0
    assert calibrated(np.zeros(10), np.ones(10), np.zeros(10)) == 0.0


def test_errors_where_the_members_agree_stop_the_scale_at_its_end() -> None:
    assert calibrated(np.ones(10), np.zeros(10), np.zeros(10)) == 100.0


def test_the_recurrent_cells_that_ship_can_be_fitted() -> None:
    from backends.surrogate.examples import examples_of_table

    space, of = create_space("rnn2"), examples_of_table(open_table("rnn2-austen"))
    model = surrogate_model.fit(of, space, "forest", seed=0, report=silent)
    found = model.predict(encoded(space, of.keys))
    assert kendalltau(found.mean, of.values).statistic > 0.5
    assert (found.mean < 0).all()
