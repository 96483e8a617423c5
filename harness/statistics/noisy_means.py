"""What the repeats of a truth say of its noise: errors of means, intervals of ranks, and the best that tau can be.

The cells' means are ranked, and each holds an error that the search cannot see. Larger is better in all of this module.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from harness.core.numbers import Number, Undefined
from harness.core.random import stream
from harness.statistics.correlation import kendall
from harness.statistics.intervals import Interval
from harness.statistics.numbers import mean as mean_of

Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

NEIGHBOURS = 100
"""Cells, next to each other in rank, over which the variance of a repeat is pooled: that of three repeats alone has two
degrees of freedom and varies twentyfold by luck, and bad cells are noisier than good ones."""

TOP = 100
"""The best cells whose separation stands beside that of all."""

LEVEL = 0.95

NOISELESS = 1e-9
"""A deviation of repeats below this share of that of the means is the rounding of equal numbers."""

MOST_PLACES = 4096
"""Places of the ranking at which the noiseless truth is estimated; of a larger truth, evenly spaced ones."""

STEPS, COPIES = 10, 8
"""Steps of that estimate, and noisy copies of the truth in each: more steps would fit the noise."""

DRAWS = 100
"""Truths that the ceiling of tau is the mean of."""

MOST_CELLS = 1024
"""Cells that a ceiling of tau is computed from; of more, evenly spaced ones."""


def repeat_variances(values: Floats, recorded: Bools) -> Floats:
    """The sample variance of each row's recorded repeats, NaN with fewer than two: (rows, repeats) -> (rows,)."""
    counts = recorded.sum(axis=1)
    means = np.where(recorded, values, 0.0).sum(axis=1) / np.maximum(counts, 1)
    squares = (np.where(recorded, values - means[:, None], 0.0) ** 2).sum(axis=1)
    found: Floats = np.divide(squares, counts - 1, out=np.full(len(counts), np.nan), where=counts > 1)
    return found


def standard_errors(variances: Floats, counts: npt.NDArray[np.int64]) -> Floats:
    """The standard error of each mean of ``counts`` repeats; a cell of one repeat has the pooled variance."""
    known = ~np.isnan(variances)
    pooled = float((variances[known] * (counts[known] - 1)).sum() / (counts[known] - 1).sum())
    found: Floats = np.sqrt(np.where(np.isnan(variances), pooled, variances) / counts)
    return found


def separation(means: Floats, errors: Floats) -> Number:
    """The population standard deviation of some means over their errors' root mean square: 1 if they differ by luck."""
    error = math.sqrt(float(np.mean(errors**2)))
    return float(means.std()) / error if error else Undefined("the repeats do not differ")


def cross_fitted_best(values: Floats, recorded: Bools) -> Number:
    """What the best cell is worth: chosen by all repeats but one and read in that one, averaged over the repeats.

    ``values`` are (cells, repeats). The largest mean of many cells lies above that cell's true value, since noise
    helped to choose it (the winner's curse); a repeat that had no part in the choice has no such bias. A cell takes
    part in a repeat if it has that one and another.
    """
    found = []
    for repeat in range(values.shape[1]):
        others = recorded.copy()
        others[:, repeat] = False
        rows = np.flatnonzero(recorded[:, repeat] & others.any(axis=1))
        if len(rows):
            chosen = np.where(others[rows], values[rows], 0.0).sum(axis=1) / others[rows].sum(axis=1)
            best = rows[chosen >= chosen.max() - 1e-12]
            found.append(float(values[best, repeat].mean()))
    return mean_of(found) if found else Undefined("no cell has two repeats")


@dataclass(frozen=True, slots=True)
class NoisyMeans:
    """Means (cells,), best first, with their standard errors and an estimate of the truth behind them.

    ``errors`` are pooled over ``NEIGHBOURS``. ``truth`` (places,), best first, are values whose noisy copies, sorted,
    are on average the sorted means: an estimate of how the true values are distributed, not of which cell has which.
    ``ranks`` are the ranks of these places.
    """

    means: Floats
    errors: Floats
    truth: Floats
    ranks: npt.NDArray[np.int64]

    @classmethod
    def of(cls, means: Floats, variances: Floats, counts: npt.NDArray[np.int64]) -> NoisyMeans | Undefined:
        """From finite means (cells,), the variances of their repeats (NaN of one repeat alone) and the repeats."""
        if np.isnan(variances).all():
            return Undefined("each cell has one repeat, so the noise of the truth is not known")
        if not math.sqrt(float(np.nanmean(variances))) > NOISELESS * float(means.std()) > 0:
            return Undefined("the means or the repeats do not differ")
        order = np.argsort(-means, kind="stable")
        ordered = means[order]
        errors = np.sqrt(_pooled(variances[order], counts[order] - 1) / counts[order])
        errors = np.maximum(errors, NOISELESS * means.std())
        places = np.unique(np.linspace(0, len(means) - 1, min(len(means), MOST_PLACES)).round().astype(np.int64))
        return cls(ordered, errors, _noiseless(ordered[places], errors[places]), places + 1)

    @property
    def alike(self) -> int:
        """How many cells, the best mean included, the means cannot tell from the best cell.

        Gupta's subset selection (1965; multiple comparisons with the best, Hsu 1984): all cells whose mean is less than
        a critical number of standard errors of the difference below the largest. Were one of these cells the truly
        best one, it would be among them in 95 % of all such truths.
        """
        distances = (self.means[0] - self.means) / np.hypot(self.errors, self.errors[0])
        return int((distances < critical_distance(len(self.means))).sum())

    def rank_interval(self, mean: float) -> Interval:
        """The 95 % interval of the true rank of a cell with this mean.

        By Bayes' rule, with the estimated truth as the prior and normal errors: the ranks of ``truth``, weighted by how
        likely each would have this mean. The best mean of many cells so has an interval that allows for its luck.
        """
        share = np.cumsum(self._weights(np.array([mean]))[0])
        low, high = np.searchsorted(share, [(1 - LEVEL) / 2, (1 + LEVEL) / 2]).clip(max=len(share) - 1)
        after = np.append(self.ranks[1:], len(self.means) + 1)
        return Interval(float(self.ranks[low]), float(after[high] - 1), LEVEL)

    def tau_ceiling(self, means: Floats) -> Number:
        """The Kendall's tau-b with these noisy means that a ranking by the cells' true values has on average.

        ``DRAWS`` truths are drawn for the cells as ``rank_interval`` weighs them, and compared with the means.
        """
        chosen = means[np.unique(np.linspace(0, len(means) - 1, min(len(means), MOST_CELLS)).round().astype(np.int64))]
        rng, shares = stream(0, "noisy means", "tau"), np.cumsum(self._weights(chosen), axis=1)
        taus = []
        for _ in range(DRAWS):
            places = (shares < rng.random((len(chosen), 1))).sum(axis=1) + rng.random(len(chosen))
            taus.append(kendall(-places, chosen))
        known = [tau for tau in taus if not isinstance(tau, Undefined)]
        return mean_of(known) if known else taus[0]

    def _weights(self, means: Floats) -> Floats:
        """The probability of each place of ``truth`` for cells with these means: (cells, places)."""
        errors = np.interp(-means, -self.means, self.errors)[:, None]
        distances = ((means[:, None] - self.truth) / errors) ** 2
        weights = np.exp((distances.min(axis=1, keepdims=True) - distances) / 2)
        found: Floats = weights / weights.sum(axis=1, keepdims=True)
        return found


def critical_distance(cells: int) -> float:
    """The distance, in standard errors of a difference, that the best of equally good cells seldom exceeds.

    The largest of ``cells - 1`` normal values exceeds another one by more than it in 5 % of all cases, in units of √2.
    """
    from scipy.optimize import brentq
    from scipy.special import log_ndtr

    z = np.linspace(-9.0, 9.0, 3601)
    density = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)

    def missing(c: float) -> float:
        inside = np.exp((cells - 1) * log_ndtr(z + c * math.sqrt(2)))
        return float((density * inside).sum() * (z[1] - z[0])) - LEVEL

    return float(brentq(missing, 0.0, 10.0)) if cells > 1 else 0.0


def _pooled(variances: Floats, freedom: npt.NDArray[np.int64]) -> Floats:
    """Each variance pooled over its neighbours (cells,), weighted by the degrees of freedom; NaN has none."""
    known = np.where(np.isnan(variances), 0.0, variances) * freedom
    width, count = min(NEIGHBOURS, len(known)), len(known)
    start = np.clip(np.arange(count) - width // 2, 0, count - width)
    sums, weights = (np.concatenate([[0.0], np.cumsum(each)]) for each in (known, freedom * ~np.isnan(variances)))
    weight = weights[start + width] - weights[start]
    overall = known.sum() / weights[-1]
    inside = np.maximum(sums[start + width] - sums[start], 0.0)
    found: Floats = np.divide(inside, weight, out=np.full(count, overall), where=weight > 0)
    return found


def _noiseless(means: Floats, errors: Floats) -> Floats:
    """Values, best first, whose noisy copies are on average the sorted means: see ``NoisyMeans``."""
    noise = errors * stream(0, "noisy means").standard_normal((COPIES, len(means)))
    truth = means
    for _ in range(STEPS):
        copies = -np.sort(-(truth + noise), axis=1)
        truth = -np.sort(-(truth + means - copies.mean(axis=0)))
    return truth
