"""Tests of one sample against another, and the correction of p values for multiple tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.core.numbers import Number, Undefined
from harness.statistics.intervals import Interval
from harness.statistics.numbers import mean, std, why_undefined

EXACT = 30
"""The largest sample for an exact Mann-Whitney p; the normal approximation is close for larger ones."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The summary of a sample: its count, mean and sample standard deviation (divisor ``count - 1``)."""

    count: int
    mean: float
    std: float


@dataclass(frozen=True, slots=True)
class Welch:
    """The result of Welch's test: the statistic, its degrees of freedom, and the two-sided p."""

    t: float
    df: float
    p: float


@dataclass(frozen=True, slots=True)
class Contrast:
    """The difference of two means; its standard error is ``scale * root``, and ``df`` are Satterthwaite's.

    ``scale``, the larger deviation, is divided out first, so that the squares of tiny deviations do not vanish.
    """

    difference: float
    scale: float
    root: float
    df: float

    def t(self, shift: float = 0.0) -> float:
        """The distance of the difference from ``-shift`` in standard errors."""
        return (self.difference + shift) / self.scale / self.root


def welch(a: Sequence[float], b: Sequence[float]) -> Welch | Undefined:
    """Welch's two-sided t-test of equal means without the assumption of equal variances."""
    pair = samples(a, b, "Welch's test")
    return pair if isinstance(pair, Undefined) else welch_from_summary(*pair)


def welch_from_summary(a: Sample, b: Sample) -> Welch | Undefined:
    """Welch's test from two summaries: t = (m1 - m2) / sqrt(s1^2/n1 + s2^2/n2), df after Satterthwaite."""
    contrast = contrast_of(a, b)
    if isinstance(contrast, Undefined):
        return contrast
    from scipy.special import stdtr

    t = contrast.t()
    return Welch(t, contrast.df, float(2 * stdtr(contrast.df, -abs(t))))


def mean_difference_interval(a: Sequence[float], b: Sequence[float], *, level: float = 0.95) -> Interval | Undefined:
    """Welch's t interval of mean(a) - mean(b); it excludes zero if and only if ``welch`` has p < 1 - level."""
    contrast = _contrast(a, b)
    if isinstance(contrast, Undefined):
        return contrast
    from scipy.special import stdtrit

    half = float(stdtrit(contrast.df, (1 + level) / 2)) * contrast.root * contrast.scale
    return Interval(contrast.difference - half, contrast.difference + half, level)


def equivalence(a: Sequence[float], b: Sequence[float], *, margin: float) -> Number:
    """The p of two one-sided Welch tests: small if the means differ by less than ``margin``, in their unit.

    Schuirmann 1987: the larger p of the tests of "a is lower by at least the margin" and "a is higher by at least it".
    """
    if not 0 <= margin < math.inf:
        raise ValueError(f"no margin {margin!r}; need a finite number that is not negative")
    contrast = _contrast(a, b)
    if isinstance(contrast, Undefined):
        return contrast
    from scipy.special import stdtr

    return float(max(stdtr(contrast.df, -contrast.t(margin)), stdtr(contrast.df, contrast.t(-margin))))


def _contrast(a: Sequence[float], b: Sequence[float]) -> Contrast | Undefined:
    pair = samples(a, b, "Welch's test")
    return pair if isinstance(pair, Undefined) else contrast_of(*pair)


def samples(a: Sequence[float], b: Sequence[float], test: str) -> tuple[Sample, Sample] | Undefined:
    """The summaries of both samples, or the reason why ``test`` cannot use them."""
    first, second = _sample(a, test), _sample(b, test)
    if isinstance(first, Undefined):
        return first
    return second if isinstance(second, Undefined) else (first, second)


def _sample(values: Sequence[float], test: str) -> Sample | Undefined:
    if len(values) < 2:
        return _too_few(test)
    middle, spread = mean(values), std(values)
    if isinstance(middle, Undefined):
        return middle
    return spread if isinstance(spread, Undefined) else Sample(len(values), middle, spread)


def _too_few(test: str) -> Undefined:
    return Undefined(f"{test} needs at least two values on both sides")


def contrast_of(a: Sample, b: Sample) -> Contrast | Undefined:
    if min(a.count, b.count) < 2:
        return _too_few("Welch's test")
    scale = max(a.std, b.std)
    if scale == 0:
        return Undefined("neither side varies over its seeds, so Welch's test has no scale")
    share_a, share_b = (a.std / scale) ** 2 / a.count, (b.std / scale) ** 2 / b.count
    df = (share_a + share_b) ** 2 / (share_a**2 / (a.count - 1) + share_b**2 / (b.count - 1))
    return Contrast(a.mean - b.mean, scale, math.sqrt(share_a + share_b), df)


def mann_whitney(a: Sequence[float], b: Sequence[float]) -> Number:
    """The two-sided p for "values of ``a`` are as often above those of ``b`` as below" (Mann and Whitney 1947).

    Exact without ties and up to 30 values a sample, else the normal approximation, corrected for ties and continuity.
    """
    if found := why_undefined(a) or why_undefined(b):
        return found
    different = len({*a, *b})
    if different == 1:
        return Undefined("all values of both sides are equal, so the Mann-Whitney test has no order")
    from scipy.stats import mannwhitneyu

    exact = different == len(a) + len(b) and max(len(a), len(b)) <= EXACT
    return float(mannwhitneyu(a, b, method="exact" if exact else "asymptotic").pvalue)


def holm(ps: Sequence[Number]) -> tuple[Number, ...]:
    """Holm's correction (1979) of p values for their number, in their order; undefined ones do not count.

    The smallest of m is multiplied by m, the next by m - 1 and so on; none is below that of a smaller p, or above 1.
    """
    order = sorted((p, place) for place, p in enumerate(ps) if not isinstance(p, Undefined))
    found, least = list(ps), 0.0
    for done, (p, place) in enumerate(order):
        found[place] = least = max(least, min(1.0, p * (len(order) - done)))
    return tuple(found)
