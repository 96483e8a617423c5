"""What a training is measured by: accuracies, perplexities and seconds, told apart by the last word of a metric's name.

This is the one place that knows of each whether larger or smaller is better.
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
    """A kind of number: its range, which end of it is better, and what a value must be, in words."""

    name: str
    low: float
    high: float
    larger_is_better: bool
    wanted: str

    @property
    def sign(self) -> float:
        """What values are multiplied by so that larger is better."""
        return 1.0 if self.larger_is_better else -1.0

    def outside(self, values: npt.NDArray[np.floating]) -> npt.NDArray[np.bool_]:
        """Which values, of any shape, are out of range or infinite; NaN is no value, and so is not."""
        with np.errstate(invalid="ignore"):
            wrong: npt.NDArray[np.bool_] = (values < self.low) | (values > self.high) | np.isinf(values)
        return wrong

    def best(self, values: Floats) -> float:
        """The best of at least one value."""
        return float(values.max() if self.larger_is_better else values.min())

    def scores(self, values: Floats) -> Floats:
        """Values as a search sees them, larger being better: as they are, or the negated logarithms of perplexities.

        A logarithm, which is the cross-entropy in nats, since perplexities early in training are orders of magnitude
        above the final ones. ``values`` are of one of QUALITIES.
        """
        return values if self.larger_is_better else -np.log(values)

    def metric(self, split: str) -> Metric:
        """What ``scores`` of a data split mean; a perplexity has no upper bound, so its negated logarithm no lower."""
        if self.larger_is_better:
            return Metric(self.name, split, self.low, self.high)
        return Metric(f"negated log {self.name}", split, -math.inf, -math.log(self.low))


ACCURACY = Measure("accuracy", 0.0, 1.0, True, "a fraction from 0 to 1 (divide percents by 100)")
PERPLEXITY = Measure("perplexity", 1.0, math.inf, False, "a perplexity, which is 1 or more")
SECONDS = Measure("seconds", 0.0, math.inf, False, "seconds, 0 or more")

QUALITIES = (ACCURACY, PERPLEXITY)
"""The measures that cells are searched and judged by."""


def measure_of(metric: str) -> Measure | None:
    """The measure of a metric such as ``test_perplexity``, or ``None`` for a name that ends in none of them."""
    word = metric.rpartition("_")[2]
    return next((measure for measure in (*QUALITIES, SECONDS) if measure.name == word), None)
