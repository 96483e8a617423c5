"""The measures of a training: accuracy, perplexity and seconds, each the last word of a metric's name.

Only this module says of each whether larger or smaller is better.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.core.oracle import Metric

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure: its range, whether larger or smaller is better, and its valid values in words (``wanted``)."""

    name: str
    low: float
    high: float
    larger_is_better: bool
    wanted: str

    @property
    def sign(self) -> float:
        """The factor, 1 or -1, that makes larger values better."""
        return 1.0 if self.larger_is_better else -1.0

    def outside(self, values: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
        """A mask of the values, of any shape, that are out of range or infinite; NaN, a missing value, is not."""
        with np.errstate(invalid="ignore"):
            wrong: npt.NDArray[np.bool_] = (values < self.low) | (values > self.high) | np.isinf(values)
        return wrong

    def best(self, values: Floats) -> float:
        """The best of at least one value."""
        return float(values.max() if self.larger_is_better else values.min())

    def scores(self, values: Floats) -> Floats:
        """Values as a search sees them, larger being better: unchanged, or negated natural logarithms of perplexities.

        The logarithm is the cross-entropy in nats: perplexities early in training are orders of magnitude above the
        final ones. The measure must be one of QUALITIES.
        """
        return values if self.larger_is_better else -np.log(values)

    def metric(self, split: str) -> Metric:
        """The metric of ``scores`` on a data split; a perplexity has no upper bound, so its score has no lower one."""
        if self.larger_is_better:
            return Metric(self.name, split, self.low, self.high)
        return Metric(f"negated log {self.name}", split, -math.inf, -math.log(self.low))


ACCURACY = Measure("accuracy", 0.0, 1.0, True, "a fraction from 0 to 1 (divide percents by 100)")
PERPLEXITY = Measure("perplexity", 1.0, math.inf, False, "a perplexity, which is 1 or more")
SECONDS = Measure("seconds", 0.0, math.inf, False, "seconds, 0 or more")

QUALITIES = (ACCURACY, PERPLEXITY)
"""The measures that cells are searched and judged by."""


def measure_of(metric: str) -> Measure | None:
    """The measure of a metric such as ``test_perplexity``; ``None`` if its name does not end in a measure."""
    word = metric.rpartition("_")[2]
    return next((measure for measure in (*QUALITIES, SECONDS) if measure.name == word), None)
