"""Grows regression trees with scikit-learn, and takes them out of it as plain arrays.

Features are small whole numbers, so that ``x <= t`` and ``x <= floor(t)`` are the same question.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backends.surrogate.trees import Features, Floats, Tree
from harness.core.errors import IncompatibleError

TOLERANCE = 1e-9
"""How far what was taken out may be from what scikit-learn predicts."""

CHECKED_CELLS = 100
"""On so many cells that is looked at."""


@dataclass(frozen=True, slots=True)
class TreeEnsemble:
    """One ensemble of trees, which says ``bias`` plus the sum of their values."""

    trees: tuple[Tree, ...]
    bias: float


@dataclass(frozen=True, slots=True)
class EnsembleSettings:
    """How one member is grown: the trees in it, and the fewest cells in a leaf."""

    trees: int
    leaf: int


def forest(
    features: Features, values: Floats, growth: EnsembleSettings, *, seed: int, workers: int = 1
) -> TreeEnsemble:
    """Extremely randomised trees (Geurts, Ernst, Wehenkel 2006), each split among a third of the features."""
    return _forest(features, values, growth, {"min_samples_leaf": growth.leaf}, seed=seed, workers=workers)


def pooled_forest(
    features: Features, values: Floats, weights: Floats, growth: EnsembleSettings, *, pooled: float, seed: int
) -> TreeEnsemble:
    """The same, of values with weights; each leaf holds at least a weight of ``pooled``."""
    share = pooled / float(weights.sum())
    single = {"min_samples_leaf": len(values)}  # scikit-learn takes no share above one half, which still lets it split
    settings = {"min_weight_fraction_leaf": share} if share <= 0.5 else single
    return _forest(features, values, growth, settings, seed=seed, weights=weights)


def _forest(
    features: Features,
    values: Floats,
    growth: EnsembleSettings,
    settings: Mapping[str, Any],
    *,
    seed: int,
    workers: int = 1,
    weights: Floats | None = None,
) -> TreeEnsemble:
    from sklearn.ensemble import ExtraTreesRegressor

    model = ExtraTreesRegressor(growth.trees, max_features=1 / 3, random_state=seed, n_jobs=workers, **settings)
    model.fit(_plain(features), values, sample_weight=weights)
    return _checked(of_forest(model), model, features)


def boosting(
    features: Features, values: Floats, growth: EnsembleSettings, *, seed: int, workers: int = 1
) -> TreeEnsemble:
    """Gradient boosting on histograms, without early stopping, each split among 30 % of the features."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    model = HistGradientBoostingRegressor(
        max_iter=growth.trees,
        min_samples_leaf=growth.leaf,
        max_features=0.3,
        early_stopping=False,
        random_state=seed,
    )
    with threadpool_limits(workers):
        model.fit(_plain(features), values)
    return _checked(of_boosting(model), model, features)


def of_forest(model: Any) -> TreeEnsemble:
    """The trees of a fitted forest of scikit-learn, whose mean is what it says."""
    return TreeEnsemble(tuple(_of_tree(each.tree_, len(model.estimators_)) for each in model.estimators_), 0.0)


def of_boosting(model: Any) -> TreeEnsemble:
    """The trees of scikit-learn's fitted histogram boosting, which keeps them and the constant in private places."""
    trees = tuple(_of_nodes(predictor.nodes) for (predictor,) in model._predictors)
    return TreeEnsemble(trees, float(model._baseline_prediction.item()))


def _plain(features: Features) -> Any:
    return features.astype(np.float32)


def _of_tree(tree: Any, count: int) -> Tree:
    """A tree of a forest of so many, whose mean is what the forest says."""
    leaf = tree.children_left < 0
    children = np.stack([tree.children_left, tree.children_right], axis=1)
    return _tree(leaf, tree.feature, tree.threshold, children, tree.value[:, 0, 0] / count)


def _of_nodes(nodes: Any) -> Tree:
    """A tree of scikit-learn's histogram boosting, the learning rate being in its values already."""
    leaf = nodes["is_leaf"].astype(bool)
    children = np.stack([nodes["left"], nodes["right"]], axis=1)
    return _tree(leaf, nodes["feature_idx"], nodes["num_threshold"], children, nodes["value"])


def _tree(leaf: Any, feature: Any, threshold: Any, children: Any, value: Any) -> Tree:
    """In one form: a leaf leads to itself, and a node that is none says 0."""
    places = np.arange(len(leaf))[:, None]
    return Tree(
        np.where(leaf, 0, feature).astype("<i4"),
        np.where(leaf, 0, np.floor(threshold)).astype("u1"),
        np.where(leaf[:, None], places, children).astype("<i4"),
        np.where(leaf, value, 0.0).astype("<f8"),
    )


def _checked(member: TreeEnsemble, model: Any, features: Features) -> TreeEnsemble:
    """The member, if it says what the model says; raises IncompatibleError where scikit-learn keeps trees otherwise."""
    from backends.surrogate.trees import TreeEnsembles

    some = features[:CHECKED_CELLS]
    ours = TreeEnsembles.joined([member.trees], [member.bias]).predict(some)[:, 0]
    if np.abs(ours - model.predict(_plain(some))).max() > TOLERANCE:
        import sklearn

        raise IncompatibleError(
            f"scikit-learn {sklearn.__version__} keeps its trees in a form that is not known here; "
            "install the version that constraints.txt names"
        )
    return member


ENSEMBLE_FITTERS: Mapping[str, Callable[..., TreeEnsemble]] = {"forest": forest, "boosting": boosting}
