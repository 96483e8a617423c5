"""The noise in the judged value of a recommended cell, and in the numbers of a row of a leaderboard."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from harness.core.numbers import Number, Undefined
from harness.statistics import Interval, NoiseSummary


@dataclass(frozen=True, slots=True)
class CellNoise:
    """The standard error of a cell's value, the 95 % interval of its true rank, and the noise of the whole truth.

    ``key`` is the cell's canonical key.
    """

    key: int
    error: float
    ranks: Interval
    truth: NoiseSummary


def error_of_mean(found: Sequence[CellNoise | Undefined]) -> Number:
    """The standard error that the truth's noise leaves in the mean value of some runs.

    Runs that recommend the same cell share its error, so that no number of seeds removes it.
    """
    known = [each for each in found if isinstance(each, CellNoise)]
    if not known:
        return _reason(found)
    errors, counts = {each.key: each.error for each in known}, Counter(each.key for each in known)
    return math.sqrt(sum((counts[key] * error) ** 2 for key, error in errors.items())) / len(known)


def optimism_of(found: Sequence[CellNoise | Undefined]) -> Number:
    """How much better the truth's best mean is than the best cell in repeats that did not choose it."""
    known = [each for each in found if isinstance(each, CellNoise)]
    return known[0].truth.optimism if known else _reason(found)


def _reason(found: Sequence[CellNoise | Undefined]) -> Undefined:
    return next((each for each in found if isinstance(each, Undefined)), Undefined("there is no run"))
