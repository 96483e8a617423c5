"""Rank correlations of scores and truth of the same cells, paired by index; larger is better in both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from harness.core.numbers import Number, Undefined

Floats: TypeAlias = npt.NDArray[np.float64]
PairedValues: TypeAlias = Sequence[float] | Floats

ENOUGH_PAIRS = 3
"""The fewest pairs that have a correlation: the tau of two pairs is always 1 or -1."""


def kendall(a: PairedValues, b: PairedValues) -> Number:
    """Kendall's tau-b of two paired sequences: 1 for the same order, -1 for reversed ones; corrected for ties."""
    if found := _why_no_order(a, b, "Kendall's tau"):
        return found
    from scipy.stats import kendalltau

    return float(kendalltau(a, b, variant="b").statistic)


def sparse_kendall(a: PairedValues, b: PairedValues, *, decimals: int = 3) -> Number:
    """``kendall`` of both sequences rounded to ``decimals``, so that smaller differences count as ties.

    After eval-nas (search_policies/cnn/search_space/nas_bench/util.py, compute_sparse_kendalltau), where ranks differ
    only if accuracies differ by a step. There the bins come from the truth, rounded down, and serve for the scores too.
    """
    return kendall(_rounded(a, decimals), _rounded(b, decimals))


def _rounded(values: PairedValues, decimals: int) -> Floats:
    return np.asarray(values, dtype=np.float64).round(decimals)


def spearman(a: PairedValues, b: PairedValues) -> Number:
    """Pearson's correlation of the ranks; ties have their mean rank."""
    if found := _why_no_order(a, b, "Spearman's correlation"):
        return found
    from scipy.stats import spearmanr

    return float(spearmanr(a, b).statistic)


def weighted_kendall(a: PairedValues, b: PairedValues) -> Number:
    """Kendall's tau with pairs weighted by 1 / r + 1 / s, so that the order at the top counts most (Vigna 2015).

    r and s are the ranks of a pair's two members, 1 for the largest. Returns the mean of the tau by the ranks in ``a``
    and the tau by those in ``b``.
    """
    if found := _why_no_order(a, b, "the weighted tau"):
        return found
    from scipy.stats import weightedtau

    return float(weightedtau(a, b, rank=True).statistic)


def _why_no_order(a: PairedValues, b: PairedValues, name: str) -> Undefined | None:
    """Why two sequences have no orders to compare; ``None`` if they have."""
    if len(a) != len(b):
        raise ValueError(f"{len(a)} values cannot be paired with {len(b)}")
    if len(a) < ENOUGH_PAIRS:
        return Undefined(f"{name} needs at least {ENOUGH_PAIRS} pairs, not {len(a)}")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return Undefined("a value is not finite")
    if not np.ptp(a) or not np.ptp(b):
        return Undefined(f"one side does not vary, so {name} has no order to compare")
    return None


def top_precision(scores: PairedValues, truth: PairedValues, k: int) -> Number:
    """The share of the true top k among the top k by score; with ties, the mean over all orders of the tied cells."""
    if found := _why_no_top(scores, truth, k):
        return found
    return float((_top_probabilities(scores, k) * _top_probabilities(truth, k)).sum() / k)


def top_regret(scores: PairedValues, truth: PairedValues, k: int) -> Number:
    """The best truth of all cells minus the best truth among the top k by score, in the unit of the truth.

    If cells tie for the last places of the top k, it is the mean over all orders of the tied cells.
    """
    if found := _why_no_top(scores, truth, k):
        return found
    values, worth = np.asarray(scores, dtype=np.float64), np.asarray(truth, dtype=np.float64)
    edge = np.sort(values)[-k]
    sure = worth[values > edge]
    bests = np.maximum(-np.sort(-worth[values == edge]), sure.max(initial=-np.inf))
    return float(worth.max() - bests @ _first_drawn_probabilities(len(bests), k - len(sure)))


def _first_drawn_probabilities(count: int, drawn: int) -> Floats:
    """The probability (count,) of each place in an order to be the first of ``drawn`` distinct random places."""
    earlier = np.arange(count)
    missed = np.maximum(count - drawn - earlier, 0) / (count - earlier)
    found: Floats = np.cumprod(np.append(1.0, missed[:-1])) * drawn / (count - earlier)
    return found


def _top_probabilities(values: PairedValues, k: int) -> Floats:
    """The probability (cells,) of each cell to be among the largest k, with ties in random order."""
    column = np.asarray(values, dtype=np.float64)
    edge = np.sort(column)[-k]
    above, level = column > edge, column == edge
    shares: Floats = above + level * (k - above.sum()) / level.sum()
    return shares


def _why_no_top(scores: PairedValues, truth: PairedValues, k: int) -> Undefined | None:
    """Why there is no top k; ``None`` if there is one."""
    if len(scores) != len(truth) or k < 1:
        raise ValueError(f"no top {k} of {len(scores)} scores and {len(truth)} truths; need as many, and k >= 1")
    if k > len(scores):
        return Undefined(f"a top {k} needs as many cells, not {len(scores)}")
    known = np.isfinite(scores).all() and np.isfinite(truth).all()
    return None if known else Undefined("a value is not finite")
