"""The summaries of one sample, against NumPy and SciPy."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from harness import statistics
from harness.core.numbers import Undefined
from tests.statistics.samples import FINITE, SAMPLES, SHIFTS, SLOPES

SUMMARIES = (statistics.mean, statistics.std, statistics.best, statistics.median, statistics.interquartile_mean)


@given(SAMPLES)
def test_the_summaries_agree_with_numpy_and_scipy(values: list[float]) -> None:
    assert statistics.mean(values) == pytest.approx(np.mean(values), rel=1e-9, abs=1e-9)
    assert statistics.std(values) == pytest.approx(np.std(values, ddof=1), rel=1e-9)
    assert statistics.median(values) == pytest.approx(np.median(values), rel=1e-9)
    # Agarwal et al. 2021, rliable/metrics.py: aggregate_iqm.
    trimmed = scipy.stats.trim_mean(values, proportiontocut=0.25)
    assert statistics.interquartile_mean(values) == pytest.approx(trimmed, rel=1e-9, abs=1e-9)
    assert statistics.best(values) == max(values)
    assert statistics.best(values, larger_is_better=False) == min(values)


def test_the_interquartile_mean_leaves_out_the_lowest_and_the_highest_quarter() -> None:
    assert statistics.interquartile_mean([100, 4, 1, 2, -50, 3, 5, 1000]) == 3.5
    assert statistics.interquartile_mean([9, 1, 2]) == 4
    assert statistics.interquartile_mean([9, 1, 2, 4]) == 3


@given(FINITE, st.integers(2, 20))
def test_equal_values_have_exactly_their_mean_and_no_deviation(value: float, count: int) -> None:
    assert statistics.std([value] * count) == 0
    for middle in (statistics.mean, statistics.median, statistics.interquartile_mean):
        assert middle([value] * count) == value


@given(SAMPLES, SLOPES, SHIFTS)
def test_the_summaries_move_with_the_unit(values: list[float], slope: float, shift: float) -> None:
    moved = [slope * value + shift for value in values]
    for middle in (statistics.mean, statistics.median, statistics.interquartile_mean):
        there = slope * middle(values) + shift
        assert middle(moved) == pytest.approx(there, rel=1e-9, abs=1e-6)
    assert statistics.std(moved) == pytest.approx(slope * statistics.std(values), rel=1e-6)


@given(SAMPLES, st.randoms())
def test_the_order_of_runs_does_not_change_a_summary(values: list[float], random: Random) -> None:
    shuffled = random.sample(values, len(values))
    for summary in SUMMARIES:
        assert summary(shuffled) == summary(values)


def test_numbers_of_too_few_values_say_why_they_are_undefined() -> None:
    assert statistics.std([0.9]) == Undefined("one seed has no standard deviation")
    for summary in SUMMARIES:
        assert summary([]) == Undefined("no run has a value")
    assert statistics.mean([0.9]) == statistics.median([0.9]) == statistics.interquartile_mean([0.9]) == 0.9


@pytest.mark.parametrize(
    ("value", "reason"),
    [(math.nan, "a value is not finite"), (-math.inf, "a value is not finite"), (-1.7e308, "a value is beyond 1e+100")],
)
def test_values_that_cannot_be_summed_are_undefined(value: float, reason: str) -> None:
    for summary in SUMMARIES:
        assert summary([0.5, value, 0.25]) == Undefined(reason)
