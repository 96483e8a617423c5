"""Trees as arrays say what scikit-learn's say, and arrays that are no trees are refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesRegressor, HistGradientBoostingRegressor, RandomForestRegressor

from backends.surrogate import tree_fitting
from backends.surrogate.features import encoded
from backends.surrogate.tree_fitting import EnsembleSettings, boosting, forest, of_boosting, of_forest, pooled_forest
from backends.surrogate.trees import Tree, TreeEnsemble, TreeEnsembles
from harness.core.errors import IncompatibleError, TableError
from harness.spaces.nasbench101 import NASBench101

MODELS = [
    (ExtraTreesRegressor(20, random_state=1), of_forest),
    (ExtraTreesRegressor(7, random_state=2, max_features=0.3, min_samples_leaf=4), of_forest),
    (RandomForestRegressor(15, random_state=3), of_forest),
    (HistGradientBoostingRegressor(max_iter=40, early_stopping=False, random_state=4), of_boosting),
    (HistGradientBoostingRegressor(max_iter=25, min_samples_leaf=2, max_features=0.5, random_state=5), of_boosting),
]


def whole_numbers(seed: int, cells: int, high: int = 256) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).integers(high, size=(cells, 9)).astype(np.uint8)


@pytest.mark.parametrize("number", range(len(MODELS)))
@pytest.mark.parametrize("high", [2, 6, 256])
def test_the_arrays_of_any_ensemble_say_what_scikit_learn_predicts(number: int, high: int) -> None:
    model, taken = MODELS[number]
    features = whole_numbers(number, 300, high)
    values = np.random.default_rng(9).normal(size=300) + features[:, 0]
    model.fit(features.astype(np.float32), values)
    member, others = taken(model), whole_numbers(number + 100, 1000, high)
    said = TreeEnsembles.joined([member]).predict(others)
    assert np.abs(said[:, 0] - model.predict(others.astype(np.float32))).max() < 1e-9


@pytest.mark.parametrize("grow", [forest, boosting])
def test_the_same_holds_for_the_features_of_cells(grow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    models = []
    monkeypatch.setattr(tree_fitting, "_checked", lambda member, model, features: models.append(model) or member)
    space, rng = NASBench101(vertices=6), np.random.default_rng(0)
    learnt, others = (encoded(space, space.keys(space.sample_many(rng, 400))) for _ in range(2))
    member = grow(learnt, rng.normal(size=400), EnsembleSettings(10, 3), seed=1)
    said = TreeEnsembles.joined([member]).predict(others)
    assert np.abs(said[:, 0] - models[0].predict(others.astype(np.float32))).max() < 1e-9


@pytest.mark.parametrize("grow", [forest, boosting])
def test_trees_that_are_kept_in_another_form_are_noticed(grow: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = tree_fitting._tree

    def swapped(leaf: Any, feature: Any, threshold: Any, children: Any, value: Any) -> Tree:
        return plain(leaf, feature, threshold, children[:, ::-1], value)

    monkeypatch.setattr(tree_fitting, "_tree", swapped)
    features = whole_numbers(0, 100)
    with pytest.raises(IncompatibleError, match="scikit-learn"):
        grow(features, features[:, 0] * 1.0, EnsembleSettings(5, 3), seed=0)


def test_a_pooled_forest_says_the_weighted_mean_where_its_leaves_must_hold_everything() -> None:
    features, values = whole_numbers(0, 40), np.random.default_rng(1).random(40)
    weights = np.random.default_rng(2).integers(1, 9, size=40) * 1.0
    member = pooled_forest(features, values, weights, EnsembleSettings(3, 1), pooled=1e9, seed=0)
    said = TreeEnsembles.joined([member]).predict(features)
    assert said == pytest.approx(np.full((40, 1), np.average(values, weights=weights)))


def stump(feature: int, threshold: int, no_more: float, more: float) -> Tree:
    """One question, two leaves."""
    return Tree(
        np.array([feature, 0, 0], "<i4"),
        np.array([threshold, 0, 0], "u1"),
        np.array([[1, 2], [1, 1], [2, 2]], "<i4"),
        np.array([0.0, no_more, more]),
    )


def two_members() -> TreeEnsembles:
    first = TreeEnsemble((stump(0, 3, 1.0, 2.0), stump(1, 0, 10.0, 20.0)), 0.5)
    return TreeEnsembles.joined([first, TreeEnsemble((stump(1, 0, 5.0, 6.0),) * 2, -1.0)])


def test_a_member_adds_its_leaves_to_its_constant_and_a_threshold_belongs_to_the_left() -> None:
    features = np.array([[3, 0], [4, 0], [3, 1], [4, 255]], np.uint8)
    assert two_members().predict(features).tolist() == [[11.5, 9.0], [12.5, 9.0], [21.5, 11.0], [22.5, 11.0]]


@settings(max_examples=30)
@given(st.integers(0, 2**31), st.integers(1, 12))
def test_what_is_said_of_a_cell_does_not_depend_on_the_others(seed: int, parts: int) -> None:
    model = MODELS[1][0].fit(whole_numbers(0, 60), np.arange(60.0))
    trees = TreeEnsembles.joined([TreeEnsemble(of_forest(model).trees, bias) for bias in (0.0, 1.0)])
    features = whole_numbers(seed, 50)
    split = [trees.predict(part) for part in np.array_split(features, parts)]
    assert np.array_equal(np.concatenate(split), trees.predict(features))


def test_many_cells_are_walked_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    features = whole_numbers(3, 25, 5)
    expected = two_members().predict(features)
    monkeypatch.setattr("backends.surrogate.trees.MAX_PAIRS", 12)
    assert np.array_equal(two_members().predict(features), expected)
    assert two_members().predict(features[:0]).shape == (0, 2)


def test_trees_can_be_read_back_from_their_arrays() -> None:
    trees = two_members()
    read = TreeEnsembles.read(dict(trees.arrays("members")), "members", features=2)
    features = whole_numbers(4, 20, 5)
    assert np.array_equal(read.predict(features), trees.predict(features))


BROKEN: dict[str, dict[str, Any]] = {
    "a circle": {"children": np.array([[1, 2], [0, 0], [2, 2], *[[3, 3]] * 9], "<i4")},
    "beyond the end": {"children": np.array([[1, 99], *[[i, i] for i in range(1, 12)]], "<i4")},
    "a leaf on one side": {"children": np.array([[0, 2], *[[i, i] for i in range(1, 12)]], "<i4")},
    "an unknown feature": {"feature": np.full(12, 2, "<i4")},
    "a negative feature": {"feature": np.full(12, -1, "<i4")},
    "a root nowhere": {"roots": np.array([[0, 12], [6, 9]], "<i4")},
    "no roots": {"roots": np.zeros((2, 0), "<i4")},
    "no number": {"value": np.full(12, np.nan)},
    "an infinite constant": {"bias": np.array([0.0, np.inf])},
    "too few thresholds": {"threshold": np.zeros(11, "u1")},
    "one constant for two": {"bias": np.zeros(1)},
}


@pytest.mark.parametrize("name", BROKEN)
def test_arrays_that_are_no_trees_are_refused(name: str) -> None:
    arrays = dict(replace(two_members(), **BROKEN[name]).arrays("members"))
    with pytest.raises(TableError, match="members trees"):
        TreeEnsembles.read(arrays, "members", features=2)


def test_a_missing_array_is_named() -> None:
    arrays = dict(two_members().arrays("members"))
    del arrays["members/value"]
    with pytest.raises(TableError, match="members/value"):
        TreeEnsembles.read(arrays, "members", features=2)
