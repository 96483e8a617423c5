"""Exact comparisons with uniform random draws from cells whose values are all known.

The percentile of a cell is the share of all cells that it beats, ties (and itself) counting half. A uniform draw has a
percentile of mean 1/2, whatever the ties. Without ties it is uniform over (1/2, 3/2, ..., N - 1/2) / N, so that the sum
of n draws follows the discrete form of the Irwin-Hall law (Irwin 1927; Hall 1927). With ties the law is the n-fold
convolution of the mid-ranks' own.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from harness.core.numbers import Number, Undefined
from harness.statistics.intervals import Interval

Floats: TypeAlias = npt.NDArray[np.float64]

MOST_POINTS = 2**24
"""The most points of a sum's law, 2 N n, that are convolved; beyond, the sum's normal limit is used."""

LEAST_P = 1e-12
"""Smaller p values are given as this: the rounding errors of a convolution by Fourier transform are far below it."""


class UniformDraws:
    """Independent uniform draws from cells with these ``values`` (cells,), of which larger or smaller are better.

    ``values`` are ties if they agree after rounding to ``decimals``. Sums of percentiles are exact up to
    ``MOST_POINTS``, which holds all 423,624 cells of NAS-Bench-101 for 19 draws; beyond, they are normal with the exact
    mean and variance.
    """

    def __init__(self, values: Floats, *, larger_is_better: bool = True, decimals: int = 12) -> None:
        if not len(values):
            raise ValueError("no cell to draw from")
        self._sign, self._decimals = 1 if larger_is_better else -1, decimals
        self._ascending = np.sort(self._comparable(values))
        self._laws: dict[int, Floats] = {}

    @property
    def size(self) -> int:
        """The number of cells."""
        return len(self._ascending)

    def percentiles(self, values: Sequence[float]) -> Floats:
        """The share of the cells below each value, ties counting half, (values,)."""
        shares: Floats = self._places(values) / (2 * self.size)
        return shares

    def p_of_mean(self, values: Sequence[float]) -> Number:
        """The two-sided p of the mean percentile of ``values``, if each of them is a uniform draw.

        Twice the smaller tail, the observed mean included in both, and at most 1.
        """
        if not len(values):
            return Undefined("no run has a value")
        lower, upper = self._tails(int(self._places(values).sum()), len(values))
        return float(min(1.0, max(LEAST_P, 2 * min(lower, upper))))

    def mean_interval(self, count: int, *, level: float = 0.95) -> Interval:
        """The mean percentiles of ``count`` draws whose two-sided p is above 1 - ``level``."""
        points = 2 * self.size * count
        low = _first(lambda total: self._tails(total, count)[0] > (1 - level) / 2, points)
        high = _first(lambda total: self._tails(total, count)[1] <= (1 - level) / 2, points + 1) - 1
        return Interval(low / points, high / points, level)

    def p_of_best(self, values: Sequence[float]) -> Number:
        """The chance that the best of as many draws is as good as the best of ``values``, or better.

        1 - F^n, where F is the share of the cells that are worse.
        """
        if not len(values):
            return Undefined("no run has a value")
        worse = np.searchsorted(self._ascending, self._comparable(values).max(), side="left") / self.size
        return float(1 - worse ** len(values))

    def _places(self, values: Sequence[float]) -> npt.NDArray[np.int64]:
        """Twice the mid-rank of each value less one, (values,): the cells below it plus those no better."""
        return self._counts(self._comparable(values))

    def _comparable(self, values: Sequence[float] | Floats) -> Floats:
        """The values with larger ones better, and ties equal."""
        return np.round(np.asarray(values, dtype=np.float64) * self._sign, self._decimals)

    def _counts(self, sought: Floats) -> npt.NDArray[np.int64]:
        below = np.searchsorted(self._ascending, sought, side="left")
        return np.asarray(below + np.searchsorted(self._ascending, sought, side="right"), dtype=np.int64)

    def _tails(self, total: int, count: int) -> tuple[float, float]:
        """The chances that the places of ``count`` draws sum to at most, and to at least, ``total``."""
        if 2 * self.size * count > MOST_POINTS:
            return self._normal_tails(total, count)
        law = self._law(count)
        return float(law[: total + 1].sum()), float(law[total:].sum())

    def _law(self, count: int) -> Floats:
        """The chances (2 N count + 1,) that the places of ``count`` draws sum to 0, 1, ...; the last one is kept."""
        if count not in self._laws:
            from scipy.fft import irfft, next_fast_len, rfft

            points = 2 * self.size * count + 1
            single = np.bincount(self._counts(self._ascending)) / self.size
            length = next_fast_len(points, real=True)
            self._laws = {count: irfft(rfft(single, length) ** count, length)[:points]}
        return self._laws[count]

    def _normal_tails(self, total: int, count: int) -> tuple[float, float]:
        """The normal limit of ``_tails``, corrected for continuity."""
        from scipy.special import ndtr

        deviation = float(np.std(self._counts(self._ascending)) * np.sqrt(count)) or 1.0
        shift = total - count * self.size
        return float(ndtr((shift + 0.5) / deviation)), float(ndtr((0.5 - shift) / deviation))


def _first(holds: Callable[[int], bool], end: int) -> int:
    """The first number below ``end`` from which on ``holds`` is true, by bisection; ``end`` without one."""
    return bisect.bisect_left(range(end), True, key=holds)
