"""Tests whether the ranks of several policies differ over the same seeds or spaces."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.core.numbers import Undefined


@dataclass(frozen=True, slots=True)
class Friedman:
    """The result of Friedman's test: the statistic, its p, and each policy's mean rank over the blocks, 1 for best."""

    statistic: float
    p: float
    mean_ranks: tuple[float, ...]


def friedman(blocks: npt.NDArray[np.float64]) -> Friedman | Undefined:
    """Friedman's test (1937) that all policies rank alike, over values (blocks, policies) where larger is better.

    Corrected for ties; the p is that of a chi-square with ``policies - 1`` degrees of freedom, an approximation that
    Demsar 2006, Sec. 3.2.2, trusts with more than 10 blocks and 5 policies.
    """
    count, policies = blocks.shape
    if policies < 3 or count < 2:
        return Undefined(f"Friedman's test needs at least 3 policies on 2 blocks, not {policies} on {count}")
    if not np.isfinite(blocks).all():
        return Undefined("a value is not finite")
    if not np.ptp(blocks, axis=1).any():
        return Undefined("no block tells the policies apart, so Friedman's test has no ranks")
    from scipy.stats import friedmanchisquare, rankdata

    test = friedmanchisquare(*blocks.T)
    mean_ranks = rankdata(-blocks, axis=1).mean(axis=0)
    return Friedman(float(test.statistic), float(test.pvalue), tuple(mean_ranks.tolist()))


def tukey_distance(means: int, error: float, freedom: int, *, level: float = 0.05) -> float:
    """The honestly significant difference of so many means of equal standard error ``error`` (Tukey 1953).

    Of equal true values, the largest and the smallest mean lie further apart in a share ``level`` of all cases.
    ``freedom`` is the degrees of freedom that the error is estimated from.
    """
    if means < 2 or freedom < 1:
        raise ValueError(f"no differences of {means} means by {freedom} degrees of freedom; need 2 means and 1 degree")
    from scipy.stats import studentized_range

    return float(studentized_range.ppf(1 - level, means, freedom)) * error


def nemenyi_distance(policies: int, blocks: int, *, level: float = 0.05) -> float:
    """The critical distance of mean ranks: policies that lie further apart differ at ``level`` (Nemenyi 1963).

    q sqrt(k (k + 1) / (6 N)) after Demsar 2006, Sec. 3.2.2, where q is a quantile of the studentised range over
    sqrt(2).
    """
    if policies < 2 or blocks < 1:
        raise ValueError(f"no ranks of {policies} policies on {blocks} blocks; need 2 policies and 1 block")
    from scipy.stats import studentized_range

    q = float(studentized_range.ppf(1 - level, policies, math.inf)) / math.sqrt(2)
    return q * math.sqrt(policies * (policies + 1) / (6 * blocks))
