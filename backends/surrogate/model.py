"""A fitted model: what it expects of a cell's training, how unsure it is of that, and how trainings differ by luck."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from backends.surrogate.examples import Examples, Keys
from backends.surrogate.tree_fitting import ENSEMBLE_FITTERS, EnsembleSettings, TreeEnsemble, forest, pooled_forest
from backends.surrogate.trees import Features, Floats, TreeEnsembles
from harness.core.random import stream

ENSEMBLE_SETTINGS: Mapping[str, EnsembleSettings] = {
    "forest": EnsembleSettings(trees=10, leaf=3),
    "boosting": EnsembleSettings(trees=200, leaf=5),
}
ENSEMBLE_COUNTS: Mapping[str, int] = {"forest": 10, "boosting": 5}
"""How many ensembles are grown, whose spread says how unsure the model is."""

BAG_SHARE = 0.8
"""Each of them learns from so much of the cells, the others being out of its bag."""

NOISE_SETTINGS = EnsembleSettings(trees=30, leaf=1)
MIN_POOLED_FREEDOM = 100.0
"""The fewest degrees of freedom that a variance of repeats is taken over: it then has a relative error of 14 %."""

SECONDS_SETTINGS = EnsembleSettings(trees=30, leaf=3)

MIN_VARYING_CELLS = 5
"""A feature that fewer cells than this have otherwise than the others can teach nothing, and is not looked at."""

ProgressCallback = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Prediction:
    """Of each cell, (cells,): the expected score, the standard deviations of what the model does not know of it
    (``spread``) and of trainings by luck (``noise``), and the seconds of a training; 0 where nothing is known.
    """

    mean: Floats
    spread: Floats
    noise: Floats
    seconds: Floats


@dataclass(frozen=True, slots=True)
class SurrogateModel:
    """Trees over some of the features (``columns``).

    The members' standard deviation times ``scale`` is the spread; ``noise`` predicts variances of repeats, and is
    ``None`` where no cell was trained twice, as ``seconds`` is where no times are known.
    """

    columns: npt.NDArray[np.int32]
    members: TreeEnsembles
    scale: float
    noise: TreeEnsembles | None
    seconds: TreeEnsembles | None

    def predict(self, features: Features) -> Prediction:
        """What is expected of cells with these features, (cells, features)."""
        seen = features[:, self.columns]
        said = self.members.predict(seen)
        return Prediction(
            said.mean(axis=1),
            self.scale * said.std(axis=1, ddof=1),
            np.sqrt(_first(self.noise, seen)),
            _first(self.seconds, seen),
        )


def _first(trees: TreeEnsembles | None, seen: Features) -> Floats:
    """What the one member of these trees says, never below 0; 0 without trees."""
    return np.zeros(len(seen)) if trees is None else np.maximum(trees.predict(seen)[:, 0], 0.0)


def fit(
    examples: Examples, features: Features, model: str, *, seed: int, workers: int = 1, report: ProgressCallback
) -> SurrogateModel:
    """Fit a model, ``forest`` or ``boosting``, to examples with these features, (cells, features).

    ``report`` is told the ensembles that are grown, and their number.
    """
    columns = varying(features)
    seen, count = features[:, columns], ENSEMBLE_COUNTS[model]
    seeds = stream(seed, "surrogate", "trees").integers(2**31, size=count + 2).tolist()
    bags = [stream(seed, "surrogate", "bag", number).random(len(seen)).argsort() for number in range(count)]
    bags = [bag[: round(BAG_SHARE * len(seen))] for bag in bags]
    grown = list[TreeEnsemble]()
    for bag, own in zip(bags, seeds, strict=False):
        grow = ENSEMBLE_FITTERS[model]
        grown.append(grow(seen[bag], examples.values[bag], ENSEMBLE_SETTINGS[model], seed=own, workers=workers))
        report(len(grown), count + 2)
    members, noise = _joined(grown), _noise(examples, seen, seeds[-2])
    report(count + 1, count + 2)
    seconds = None
    if examples.seconds is not None:
        seconds = _joined([forest(seen, examples.seconds, SECONDS_SETTINGS, seed=seeds[-1], workers=workers)])
    report(count + 2, count + 2)
    return SurrogateModel(columns, members, _scale(examples, seen, members, noise, bags), noise, seconds)


def varying(features: Features) -> npt.NDArray[np.int32]:
    """The features of these cells, (cells, features), that tell ``MIN_VARYING_CELLS`` of them or 1 in 10 apart.

    Where there is none, the first one stands for all.
    """
    usual = np.array([np.bincount(column).max() for column in features.T])
    columns = np.flatnonzero(len(features) - usual >= max(1, min(MIN_VARYING_CELLS, len(features) // 10))).astype("<i4")
    return columns if len(columns) else np.zeros(1, "<i4")


def _joined(members: list[TreeEnsemble]) -> TreeEnsembles:
    return TreeEnsembles.joined([member.trees for member in members], [member.bias for member in members])


def _noise(examples: Examples, seen: Features, seed: int) -> TreeEnsembles | None:
    """Trees of the variance of repeats, over the cells that were trained more than once."""
    counts = examples.counts
    several = np.flatnonzero(counts > 1)
    if not len(several):
        return None
    variances = np.nanvar(examples.repeats[several], axis=1, ddof=1)
    freedom = (counts[several] - 1).astype(np.float64)
    return _joined(
        [pooled_forest(seen[several], variances, freedom, NOISE_SETTINGS, pooled=MIN_POOLED_FREEDOM, seed=seed)]
    )


def _scale(
    examples: Examples, seen: Features, members: TreeEnsembles, noise: TreeEnsembles | None, bags: list[Keys]
) -> float:
    """The factor that makes central intervals hold, on average over their levels, of cells out of the bag.

    An interval of level p around the members that did not learn from a cell holds its value with the probability p;
    so the smallest levels that hold it are uniform, with the mean one half.
    """
    said, outside = members.predict(seen), np.ones((len(seen), len(bags)), dtype=bool)
    for number, bag in enumerate(bags):
        outside[bag, number] = False
    some = np.flatnonzero(outside.any(axis=1))
    means = np.average(said[some], axis=1, weights=outside[some])
    missed = np.abs(examples.values[some] - means)
    spread = said[some].std(axis=1, ddof=1)
    repeat_variance = _first(noise, seen[some]) / np.maximum(examples.counts[some], 1)
    return calibrated(missed, spread, repeat_variance)


BISECTION_STEPS = 60
MAX_SCALE = 100.0


def calibrated(missed: Floats, spread: Floats, repeat_variance: Floats) -> float:
    """The factor s for which |error| / sqrt(s^2 spread^2 + luck) is as that of a normal deviate; all (cells,).

    ``repeat_variance`` are variances. It is 0 where luck alone explains the errors, and at most ``MAX_SCALE``.
    """
    low, high = 0.0, MAX_SCALE
    if _mean_level(missed, spread, repeat_variance, low) <= 0.5:
        return 0.0
    for _ in range(BISECTION_STEPS):
        middle = (low + high) / 2
        if _mean_level(missed, spread, repeat_variance, middle) > 0.5:
            low = middle
        else:
            high = middle
    return high


def _mean_level(missed: Floats, spread: Floats, repeat_variance: Floats, scale: float) -> float:
    """The mean level of the smallest central intervals that hold the values."""
    from scipy.special import erf

    deviation = np.sqrt((scale * spread) ** 2 + repeat_variance)
    away = np.divide(missed, deviation, out=np.where(missed > 0, np.inf, 0.0), where=deviation > 0)
    return float(erf(away / np.sqrt(2)).mean())
