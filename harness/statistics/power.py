"""Power analysis of Welch's test: which differences a number of seeds can show.

If the true means differ by d, the statistic is taken to have the noncentral t distribution with Satterthwaite's degrees
of freedom, as in ``welch``, and noncentrality d / sqrt(v), v = s1^2 / n1 + s2^2 / n2. For equal deviations and numbers
of seeds this is the textbook power of Student's test (Cohen 1988); otherwise it is close.
"""

from __future__ import annotations

import math
from bisect import bisect_left

from harness.core.numbers import Number, Undefined
from harness.statistics.comparison import Contrast, Sample, contrast_of
from harness.statistics.numbers import why_undefined

SMALLEST_LEVEL = 1e-4
"""The smallest level for which power is computed: SciPy's noncentral t fails for smaller ones."""

CERTAIN = 1e5
"""The largest noncentrality that SciPy can compute; its power is 1 at every level from the smallest."""


def detectable_difference(
    std_a: float, std_b: float, n_a: int, n_b: int, *, power: float = 0.8, level: float = 0.05
) -> Number:
    """The smallest true difference of means, in their unit, that the test finds with probability ``power``."""
    _check(power, level)
    design = _design(0.0, std_a, std_b, n_a, n_b)
    if isinstance(design, Undefined):
        return design
    return _noncentrality(power, design.df, level) * design.root * design.scale


def test_power(
    difference: float,
    std_a: float,
    std_b: float,
    n_a: int,
    n_b: int,
    *,
    level: float = 0.05,  # noqa: PT028 (no test)
) -> Number:
    """The probability that Welch's two-sided test has p below ``level`` where the true means differ that much."""
    if not SMALLEST_LEVEL <= level < 1:
        raise ValueError(f"no power at level {level!r}; need {SMALLEST_LEVEL} <= level < 1")
    design = _design(difference, std_a, std_b, n_a, n_b)
    return design if isinstance(design, Undefined) else _power(design.t(), design.df, level)


def seeds_needed(
    difference: float, std_a: float, std_b: float, *, power: float = 0.8, level: float = 0.05, most: int = 10_000
) -> int | Undefined:
    """The fewest seeds per sample with which the test finds this true difference with probability ``power``."""
    _check(power, level)
    smallest = _design(difference, std_a, std_b, 2, 2)
    if isinstance(smallest, Undefined):
        return smallest
    if difference == 0:
        return Undefined("no number of seeds shows a difference of zero")

    def enough(seeds: int) -> bool:
        design = _design(difference, std_a, std_b, seeds, seeds)
        return isinstance(design, Contrast) and _power(design.t(), design.df, level) >= power

    found = 2 + bisect_left(range(2, most + 1), True, key=enough)
    return found if found <= most else Undefined(f"it takes more than {most:,} seeds on either side")


def _check(power: float, level: float) -> None:
    if not SMALLEST_LEVEL <= level < power < 1:
        raise ValueError(f"no power of {power!r} at level {level!r}; need {SMALLEST_LEVEL} <= level < power < 1")


def _design(difference: float, std_a: float, std_b: float, n_a: int, n_b: int) -> Contrast | Undefined:
    """The test of means that truly differ by ``difference``: its statistic ``t()`` is the noncentrality."""
    return why_undefined((difference, std_a, std_b)) or contrast_of(
        Sample(n_a, difference, std_a), Sample(n_b, 0.0, std_b)
    )


def _power(noncentrality: float, df: float, level: float) -> float:
    from scipy.special import nctdtr, stdtrit

    far, limit = min(abs(noncentrality), CERTAIN), stdtrit(df, 1 - level / 2)
    wrong_side = float(nctdtr(df, far, -limit))
    # SciPy has no number for some tails, all of them below 1e-12.
    return float(nctdtr(df, -far, -limit)) + (0.0 if math.isnan(wrong_side) else wrong_side)


def _noncentrality(power: float, df: float, level: float) -> float:
    """The noncentrality that gives this power; the power grows with it."""
    from scipy.optimize import brentq

    high = 1.0
    while _power(high, df, level) < power:
        high *= 2
    return float(brentq(lambda far: _power(far, df, level) - power, 0.0, high, xtol=1e-12))
