"""The statistics of a comparison with random search: every number is defined, or it is ``Undefined`` with a reason."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

TOO_FEW = "Welch's test needs at least two values on both sides"

ENOUGH_PAIRS = 3
"""Two pairs are in one order or the other: their tau is 1 or -1 whatever was measured."""


@dataclass(frozen=True, slots=True)
class Undefined:
    """A number that does not exist, and why: printed as a dash with a footnote, never as nan."""

    reason: str


Number: TypeAlias = float | Undefined


@dataclass(frozen=True, slots=True)
class Sample:
    """The summary of a sample: how many values, their mean, and their standard deviation with ``count - 1`` below."""

    count: int
    mean: float
    std: float


@dataclass(frozen=True, slots=True)
class Welch:
    """The result of Welch's test: the statistic, its degrees of freedom, and the two-sided p."""

    t: float
    df: float
    p: float


def mean(values: Sequence[float]) -> Number:
    """The arithmetic mean, correctly rounded, so that equal values have exactly their own mean."""
    return _flaw(values) or statistics.mean(map(float, values))


def std(values: Sequence[float]) -> Number:
    """The sample standard deviation (``n - 1`` below), exactly 0 for equal values."""
    if len(values) == 1:
        return Undefined("one seed has no standard deviation")
    return _flaw(values) or statistics.stdev(map(float, values))


def best(values: Sequence[float], *, larger_is_better: bool = True) -> Number:
    """The largest value, or the smallest of a metric where less is better."""
    return _flaw(values) or (max if larger_is_better else min)(values)


def _flaw(values: Sequence[float]) -> Undefined | None:
    if not values:
        return Undefined("no run has a value")
    return None if all(map(math.isfinite, values)) else Undefined("a value is not finite")


def welch(a: Sequence[float], b: Sequence[float]) -> Welch | Undefined:
    """Welch's two-sided t-test of equal means without the assumption of equal variances."""
    first, second = _sample(a), _sample(b)
    if isinstance(first, Undefined):
        return first
    return second if isinstance(second, Undefined) else welch_from_summary(first, second)


def _sample(values: Sequence[float]) -> Sample | Undefined:
    if len(values) < 2:
        return Undefined(TOO_FEW)
    middle, spread = mean(values), std(values)
    if isinstance(middle, Undefined):
        return middle
    return spread if isinstance(spread, Undefined) else Sample(len(values), middle, spread)


def welch_from_summary(a: Sample, b: Sample) -> Welch | Undefined:
    """Welch's test from two summaries: t = (m1 - m2) / sqrt(s1^2/n1 + s2^2/n2), df after Satterthwaite."""
    if min(a.count, b.count) < 2:
        return Undefined(TOO_FEW)
    scale = max(a.std, b.std)
    if scale == 0:
        return Undefined("neither side varies over its seeds, so Welch's test has no scale")
    # Dividing by the larger deviation first keeps the squares of tiny deviations from vanishing.
    share_a, share_b = (a.std / scale) ** 2 / a.count, (b.std / scale) ** 2 / b.count
    t = (a.mean - b.mean) / scale / math.sqrt(share_a + share_b)
    df = (share_a + share_b) ** 2 / (share_a**2 / (a.count - 1) + share_b**2 / (b.count - 1))
    return Welch(t, df, _two_sided(t, df))


def _two_sided(t: float, df: float) -> float:
    from scipy.special import stdtr

    return float(2 * stdtr(df, -abs(t)))


def kendall(a: Sequence[float], b: Sequence[float]) -> Number:
    """Kendall's tau-b of two paired sequences: 1 for one order, -1 for reversed ones; ties are corrected for."""
    if len(a) < ENOUGH_PAIRS:
        return Undefined(f"Kendall's tau needs at least {ENOUGH_PAIRS} pairs, not {len(a)}")
    if len(set(a)) == 1 or len(set(b)) == 1:
        return Undefined("one side does not vary, so Kendall's tau has no order to compare")
    from scipy.stats import kendalltau

    return float(kendalltau(a, b, variant="b").statistic)


def p_beats_random(best_rank: int, size: int, runs: int) -> float:
    """The probability that all of ``runs`` uniform draws from ``size`` cells rank worse than ``best_rank`` (1 = best).

    It is (1 - r / rmax)^n. Yu et al. 2020 print the complement of this in their Eq. 1, but the values in their Tables 3
    and 4 are of the form used here. Defined for 1 <= r <= rmax and n >= 1.
    """
    if not (1 <= best_rank <= size and runs >= 1):
        raise ValueError(f"no rank {best_rank} of {size} cells in {runs} runs; need 1 <= rank <= size and runs >= 1")
    return float((1 - best_rank / size) ** runs)
