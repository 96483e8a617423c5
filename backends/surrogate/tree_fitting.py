"""Fits regression trees with scikit-learn and extracts them as plain arrays.

Features are small whole numbers, so that ``x <= t`` and ``x <= floor(t)`` are equivalent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from backends.surrogate.trees import Features, Floats, Tree, TreeEnsemble, TreeEnsembles
from harness.core.errors import IncompatibleError

TOLERANCE = 1e-9
"""The largest allowed difference between the extracted trees' and scikit-learn's predictions."""

CHECKED_CELLS = 100
"""The number of cells on which the predictions are compared."""


@dataclass(frozen=True, slots=True)
class EnsembleSettings:
    """Settings of one ensemble: its number of trees, and the fewest cells in a leaf."""

    trees: int
    leaf: int


def forest(
    features: Features, values: Floats, growth: EnsembleSettings, *, seed: int, workers: int = 1
) -> TreeEnsemble:
    """Extremely randomised trees (Geurts, Ernst, Wehenkel 2006); each split considers a third of the features."""
    return _forest(features, values, growth, {"min_samples_leaf": growth.leaf}, seed=seed, workers=workers)


def pooled_forest(
    features: Features, values: Floats, weights: Floats, growth: EnsembleSettings, *, pooled: float, seed: int
) -> TreeEnsemble:
    """A ``forest`` of weighted values, in which each leaf has at least the total weight ``pooled``."""
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
    """Histogram gradient boosting without early stopping; each split considers 30 % of the features."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    model = HistGradientBoostingRegressor(
        max_iter=growth.trees, min_samples_leaf=growth.leaf, max_features=0.3, early_stopping=False, random_state=seed
    )
    with threadpool_limits(workers):
        model.fit(_plain(features), values)
    return _checked(of_boosting(model), model, features)


def of_forest(model: Any) -> TreeEnsemble:
    """The trees of a fitted scikit-learn forest, which predicts their mean."""
    return TreeEnsemble(tuple(_of_tree(each.tree_, len(model.estimators_)) for each in model.estimators_), 0.0)


def of_boosting(model: Any) -> TreeEnsemble:
    """The trees of scikit-learn's fitted histogram boosting, read from its private attributes."""
    trees = tuple(_of_nodes(predictor.nodes) for (predictor,) in model._predictors)
    return TreeEnsemble(trees, float(model._baseline_prediction.item()))


def _plain(features: Features) -> Any:
    return features.astype(np.float32)


def _of_tree(tree: Any, count: int) -> Tree:
    """A tree of a forest of ``count`` trees, with its values divided by ``count``, since a forest predicts the mean."""
    leaf = tree.children_left < 0
    children = np.stack([tree.children_left, tree.children_right], axis=1)
    return _tree(leaf, tree.feature, tree.threshold, children, tree.value[:, 0, 0] / count)


def _of_nodes(nodes: Any) -> Tree:
    """A tree of scikit-learn's histogram boosting; its values already include the learning rate."""
    leaf = nodes["is_leaf"].astype(bool)
    children = np.stack([nodes["left"], nodes["right"]], axis=1)
    return _tree(leaf, nodes["feature_idx"], nodes["num_threshold"], children, nodes["value"])


def _tree(leaf: Any, feature: Any, threshold: Any, children: Any, value: Any) -> Tree:
    """A tree in the common form: the children of a leaf are the leaf itself, and the value of an inner node is 0."""
    places = np.arange(len(leaf))[:, None]
    return Tree(
        np.where(leaf, 0, feature).astype("<i4"),
        np.where(leaf, 0, np.floor(threshold)).astype("u1"),
        np.where(leaf[:, None], places, children).astype("<i4"),
        np.where(leaf, value, 0.0).astype("<f8"),
    )


def _checked(member: TreeEnsemble, model: Any, features: Features) -> TreeEnsemble:
    """The member, if it predicts as the model does; raises IncompatibleError for an unknown scikit-learn format."""
    some = features[:CHECKED_CELLS]
    ours = TreeEnsembles.joined([member]).predict(some)[:, 0]
    if np.abs(ours - model.predict(_plain(some))).max() > TOLERANCE:
        import sklearn

        raise IncompatibleError(
            f"scikit-learn {sklearn.__version__} keeps its trees in a form that is not known here; "
            "install the version that constraints.txt names"
        )
    return member


ENSEMBLE_FITTERS: Mapping[str, Callable[..., TreeEnsemble]] = {"forest": forest, "boosting": boosting}
