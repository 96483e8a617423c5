"""Effect sizes: the difference of two samples in units that do not depend on the metric's."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from harness.core.numbers import Number, Undefined
from harness.core.random import stream
from harness.statistics.comparison import Sample, samples
from harness.statistics.intervals import RESAMPLES, Interval, percentile_interval
from harness.statistics.numbers import why_undefined

Floats = npt.NDArray[np.float64]


def hedges_g(a: Sequence[float], b: Sequence[float]) -> Number:
    """mean(a) - mean(b) in pooled standard deviations, corrected for few values by the exact factor (Hedges 1981)."""
    pair = samples(a, b, "Hedges' g")
    if isinstance(pair, Undefined):
        return pair
    first, second = pair
    scale, df = max(first.std, second.std), first.count + second.count - 2
    if scale == 0:
        return Undefined("neither side varies over its seeds, so Hedges' g has no unit")
    return (first.mean - second.mean) / scale / _pooled(first, second, scale) * _correction(df)


def _pooled(a: Sample, b: Sample, scale: float) -> float:
    """The pooled standard deviation in units of ``scale``, so that the squares of tiny deviations do not vanish."""
    squares = (a.count - 1) * (a.std / scale) ** 2 + (b.count - 1) * (b.std / scale) ** 2
    return math.sqrt(squares / (a.count + b.count - 2))


def _correction(df: int) -> float:
    """Hedges 1981, Eq. 6e: gamma(df / 2) / (sqrt(df / 2) gamma((df - 1) / 2)), about 1 - 3 / (4 df - 1)."""
    return math.exp(math.lgamma(df / 2) - math.lgamma((df - 1) / 2)) / math.sqrt(df / 2)


def improvement(a: Sequence[float], b: Sequence[float], *, larger_is_better: bool = True) -> Number:
    """The probability that a run of ``a`` is better than one of ``b``, a tie counting half.

    Agarwal et al. 2021, Sec. 4.3, on one task: Mann and Whitney's U over the number of pairs, Vargha and Delaney's A.
    """
    return why_undefined(a) or why_undefined(b) or float(_wins(a, b, larger_is_better).mean())


def _wins(a: Sequence[float], b: Sequence[float], larger_is_better: bool) -> Floats:
    """(a, b): 1 where the value of ``a`` is the better one, 1/2 where they tie."""
    sign = 1 if larger_is_better else -1
    ordered = [sign * np.sort(np.asarray(side, dtype=np.float64)) for side in (a, b)]
    found: Floats = (1 + np.sign(ordered[0][:, None] - ordered[1])) / 2
    return found


def improvement_interval(
    a: Sequence[float], b: Sequence[float], *, larger_is_better: bool = True, seed: int = 0, level: float = 0.95
) -> Interval | Undefined:
    """The percentile bootstrap of ``improvement``, with each sample resampled from its own values."""
    if 1 in (len(a), len(b)):
        return Undefined("one seed has no interval")
    if found := why_undefined(a) or why_undefined(b):
        return found
    wins, rng = _wins(a, b, larger_is_better), stream(seed, "bootstrap", "improvement")
    # A resample is how often it holds each value: its share of wins is a bilinear form of these counts.
    drawn_a, drawn_b = (rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES) for n in wins.shape)
    return percentile_interval((drawn_a @ wins * drawn_b).sum(axis=1) / wins.size, level)
