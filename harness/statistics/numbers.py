"""The summaries of one sample, each ``Undefined`` with a reason where it does not exist."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from harness.core.numbers import Number, Undefined

HUGE = 1e100
"""Values beyond this have no statistics: the squares and sums of larger ones overflow."""


def mean(values: Sequence[float]) -> Number:
    """The arithmetic mean, correctly rounded, so that equal values have exactly their own mean."""
    return why_undefined(values) or statistics.mean(map(float, values))


def std(values: Sequence[float]) -> Number:
    """The sample standard deviation (divisor ``n - 1``), exactly 0 for equal values."""
    if len(values) == 1:
        return Undefined("one seed has no standard deviation")
    return why_undefined(values) or statistics.stdev(map(float, values))


def best(values: Sequence[float], *, larger_is_better: bool = True) -> Number:
    """The largest value, or the smallest of a metric where less is better."""
    return why_undefined(values) or (max if larger_is_better else min)(values)


def median(values: Sequence[float]) -> Number:
    """The middle value, or the mean of the two middle ones."""
    return why_undefined(values) or statistics.median(map(float, values))


def interquartile_mean(values: Sequence[float]) -> Number:
    """The mean of the middle half: a quarter of the values, rounded down, is cut off at either end.

    Agarwal et al. 2021, Sec. 4.3, as their published library computes it: ``scipy.stats.trim_mean(values, 0.25)``.
    """
    cut = len(values) // 4
    return why_undefined(values) or statistics.mean(sorted(map(float, values))[cut : len(values) - cut])


def why_undefined(values: Sequence[float]) -> Undefined | None:
    """Why these values have no statistics: there are none, or one is not finite or is huge; ``None`` if they have."""
    if not len(values):
        return Undefined("no run has a value")
    if not all(map(math.isfinite, values)):
        return Undefined("a value is not finite")
    return Undefined(f"a value is beyond {HUGE:g}") if max(map(abs, values)) > HUGE else None
