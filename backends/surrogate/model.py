"""A fitted surrogate model: predicts a training's score, the model's uncertainty, and the noise between trainings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backends.surrogate.examples import Examples
from backends.surrogate.features import encoded
from backends.surrogate.tree_fitting import ENSEMBLE_FITTERS, EnsembleSettings, forest, pooled_forest
from backends.surrogate.trees import Features, Floats, Keys, TreeEnsemble, TreeEnsembles
from harness.core.errors import UnknownNameError
from harness.core.random import stream
from harness.core.space import SearchSpace

ENSEMBLE_SETTINGS: Mapping[str, EnsembleSettings] = {
    "forest": EnsembleSettings(trees=10, leaf=3),
    "boosting": EnsembleSettings(trees=200, leaf=5),
}
ENSEMBLE_COUNTS: Mapping[str, int] = {"forest": 10, "boosting": 5}
"""The number of ensembles that are fitted; the spread of their predictions measures the model's uncertainty."""

BAG_SHARE = 0.8
"""The share of the cells that each ensemble is fitted to (its bag); the others are out of its bag."""

NOISE_SETTINGS = EnsembleSettings(trees=30, leaf=1)
MIN_POOLED_FREEDOM = 100.0
"""The fewest degrees of freedom for a variance of repeats, which then has a relative error of 14 %."""

SECONDS_SETTINGS = EnsembleSettings(trees=30, leaf=3)

MIN_VARYING_CELLS = 5
"""A feature is ignored if fewer cells than this differ in it from the most frequent value."""

ProgressCallback = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Prediction:
    """For each cell, (cells,): the expected score, the standard deviations of the model's uncertainty (``spread``) and
    of the noise between trainings (``noise``), and the seconds of a training; 0 where unknown.
    """

    mean: Floats
    spread: Floats
    noise: Floats
    seconds: Floats


@dataclass(frozen=True, slots=True)
class SurrogateModel:
    """Trees over some of the features (``columns``).

    The spread is ``scale`` times the standard deviation of the members' predictions. ``noise`` predicts variances of
    repeats; it is ``None`` if no cell was trained twice. ``seconds`` is ``None`` if no training times are known.
    """

    columns: npt.NDArray[np.int32]
    members: TreeEnsembles
    scale: float
    noise: TreeEnsembles | None
    seconds: TreeEnsembles | None

    def predict(self, features: Features) -> Prediction:
        """The prediction for cells with these features, (cells, features)."""
        used = features[:, self.columns]
        predicted = self.members.predict(used)
        return Prediction(
            predicted.mean(axis=1),
            self.scale * predicted.std(axis=1, ddof=1),
            np.sqrt(_first(self.noise, used)),
            _first(self.seconds, used),
        )


def _first(trees: TreeEnsembles | None, used: Features) -> Floats:
    """The prediction of the only member of these trees, clipped at 0; 0 without trees."""
    return np.zeros(len(used)) if trees is None else np.maximum(trees.predict(used)[:, 0], 0.0)


def fit(
    examples: Examples, space: SearchSpace, model: str, *, seed: int, workers: int = 1, report: ProgressCallback
) -> SurrogateModel:
    """Fit a model, ``forest`` or ``boosting``, to examples of a space; raises UnknownNameError for another model name.

    ``report`` receives the number of fitted ensembles and the total number.
    """
    if model not in ENSEMBLE_FITTERS:
        raise UnknownNameError.among("model", model, ENSEMBLE_FITTERS)
    features = encoded(space, examples.keys)
    columns = varying(features)
    used, count = features[:, columns], ENSEMBLE_COUNTS[model]
    seeds = stream(seed, "surrogate", "trees").integers(2**31, size=count + 2).tolist()
    bags = [stream(seed, "surrogate", "bag", number).random(len(used)).argsort() for number in range(count)]
    bags = [bag[: round(BAG_SHARE * len(used))] for bag in bags]
    ensembles, fit_ensemble = list[TreeEnsemble](), ENSEMBLE_FITTERS[model]
    for bag, own in zip(bags, seeds, strict=False):
        part, values = used[bag], examples.values[bag]
        ensembles.append(fit_ensemble(part, values, ENSEMBLE_SETTINGS[model], seed=own, workers=workers))
        report(len(ensembles), count + 2)
    members, noise = TreeEnsembles.joined(ensembles), _noise(examples, used, seeds[-2])
    report(count + 1, count + 2)
    seconds = None
    if examples.seconds is not None:
        fitted = forest(used, examples.seconds, SECONDS_SETTINGS, seed=seeds[-1], workers=workers)
        seconds = TreeEnsembles.joined([fitted])
    report(count + 2, count + 2)
    return SurrogateModel(columns, members, _scale(examples, used, members, noise, bags), noise, seconds)


def varying(features: Features) -> npt.NDArray[np.int32]:
    """The indices of the varying features of cells, (cells, features); the first index if no feature varies.

    A feature varies if at least ``MIN_VARYING_CELLS`` or 1 in 10 of the cells differ from its most frequent value.
    """
    usual = np.array([np.bincount(column).max() for column in features.T])
    columns = np.flatnonzero(len(features) - usual >= max(1, min(MIN_VARYING_CELLS, len(features) // 10))).astype("<i4")
    return columns if len(columns) else np.zeros(1, "<i4")


def _noise(examples: Examples, used: Features, seed: int) -> TreeEnsembles | None:
    """Trees that predict the variance of repeats, fitted to the cells with several repeats."""
    counts = examples.counts
    several = np.flatnonzero(counts > 1)
    if not len(several):
        return None
    variances = np.nanvar(examples.repeats[several], axis=1, ddof=1)
    freedom = (counts[several] - 1).astype(np.float64)
    trees = pooled_forest(used[several], variances, freedom, NOISE_SETTINGS, pooled=MIN_POOLED_FREEDOM, seed=seed)
    return TreeEnsembles.joined([trees])


def _scale(
    examples: Examples, used: Features, members: TreeEnsembles, noise: TreeEnsembles | None, bags: list[Keys]
) -> float:
    """The factor of the spread that calibrates central intervals on out-of-bag cells, on average over all levels.

    A calibrated interval of level p, around the mean of the members that were not fitted to a cell, contains the cell's
    value with probability p. So the smallest levels that contain the values are uniform, with mean one half.
    """
    predicted, outside = members.predict(used), np.ones((len(used), len(bags)), dtype=bool)
    for number, bag in enumerate(bags):
        outside[bag, number] = False
    some = np.flatnonzero(outside.any(axis=1))
    means = np.average(predicted[some], axis=1, weights=outside[some])
    errors = np.abs(examples.values[some] - means)
    spread = predicted[some].std(axis=1, ddof=1)
    repeat_variance = _first(noise, used[some]) / np.maximum(examples.counts[some], 1)
    return calibrated(errors, spread, repeat_variance)


BISECTION_STEPS = 60
MAX_SCALE = 100.0


def calibrated(errors: Floats, spread: Floats, repeat_variance: Floats) -> float:
    """The factor s for which ``errors`` / sqrt(s^2 spread^2 + repeat_variance) are like absolute normal deviates.

    All arguments have the shape (cells,); ``errors`` are absolute. s is 0 if the repeats' variance alone explains the
    errors, and at most ``MAX_SCALE``.
    """
    low, high = 0.0, MAX_SCALE
    if _mean_level(errors, spread, repeat_variance, low) <= 0.5:
        return 0.0
    for _ in range(BISECTION_STEPS):
        middle = (low + high) / 2
        if _mean_level(errors, spread, repeat_variance, middle) > 0.5:
            low = middle
        else:
            high = middle
    return high


def _mean_level(errors: Floats, spread: Floats, repeat_variance: Floats, scale: float) -> float:
    """The mean level of the smallest central intervals that contain the values."""
    from scipy.special import erf

    deviation = np.sqrt((scale * spread) ** 2 + repeat_variance)
    standardised = np.divide(errors, deviation, out=np.where(errors > 0, np.inf, 0.0), where=deviation > 0)
    return float(erf(standardised / np.sqrt(2)).mean())
