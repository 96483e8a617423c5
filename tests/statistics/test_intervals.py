"""Bootstrap intervals, against all resamples of a small sample, SciPy's bootstrap and what they are to hold."""

from __future__ import annotations

import itertools
import math
from random import Random
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import statistics
from harness.core.numbers import Undefined
from harness.statistics import Interval
from tests.statistics.samples import FINITE, SAMPLES, SHIFTS, SLOPES

WHICH = ("mean", "median", "iqm")


def trimmed(resamples: Any, axis: int) -> Any:
    """The interquartile mean of Agarwal et al. 2021."""
    return scipy.stats.trim_mean(resamples, 0.25, axis=axis)


THEIRS = {"mean": np.mean, "median": np.median, "iqm": trimmed}


@pytest.mark.parametrize("which", WHICH)
def test_an_interval_holds_its_share_of_all_resamples(which: str) -> None:
    values = [0.1, 0.25, 0.45, 0.8, 0.3]
    every = THEIRS[which](np.array(list(itertools.product(values, repeat=5))), axis=1)
    for level in (0.95, 0.5):
        found = statistics.interval_of(values, which, level=level)
        assert np.mean((every >= found.low - 1e-12) & (every <= found.high + 1e-12)) >= level - 0.02
        assert np.mean((every > found.low + 1e-12) & (every < found.high - 1e-12)) <= level + 0.02


@pytest.mark.parametrize("which", WHICH)
def test_an_interval_agrees_with_scipys_percentile_bootstrap(which: str) -> None:
    values = np.random.default_rng(0).normal(size=20)
    for level in (0.95, 0.6):
        theirs = scipy.stats.bootstrap(
            (values,),
            THEIRS[which],
            confidence_level=level,
            n_resamples=20_000,
            method="percentile",
            rng=np.random.default_rng(1),
        ).confidence_interval
        found = statistics.interval_of(values.tolist(), which, level=level)
        assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=0.05)
        assert found.level == level


@pytest.mark.parametrize("which", WHICH)
@pytest.mark.parametrize("count", [4, 9, 23])
def test_an_interval_is_the_bootstrap_of_the_statistic_that_it_names(which: str, count: int) -> None:
    values = np.random.default_rng(count).normal(size=count).tolist()
    found = statistics.interval_of(values, which, seed=2)
    theirs = statistics.bootstrap(values, THEIRS[which], name=which, seed=2)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high))


def test_the_interval_of_the_mean_of_ten_normal_values_holds_the_true_mean_nine_times_in_ten() -> None:
    draws = np.random.default_rng(1).normal(size=(2000, 10))
    found = [statistics.bootstrap(row.tolist(), np.mean, name="mean", resamples=500) for row in draws]
    share = np.mean([interval.low <= 0 <= interval.high for interval in found])
    assert share == pytest.approx(0.90, abs=0.02)


@settings(deadline=None, max_examples=30)
@given(SAMPLES, st.randoms(), st.sampled_from(WHICH))
def test_the_same_seed_gives_the_same_interval_whatever_the_order_of_runs(
    values: list[float], random: Random, which: str
) -> None:
    shuffled = random.sample(values, len(values))
    found = statistics.interval_of(values, which, seed=7)
    assert statistics.interval_of(shuffled, which, seed=7) == found
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9


@settings(deadline=None, max_examples=30)
@given(SAMPLES, SLOPES, SHIFTS, st.sampled_from(WHICH))
def test_an_interval_moves_with_the_unit(values: list[float], slope: float, shift: float, which: str) -> None:
    found = statistics.interval_of(values, which)
    moved = statistics.interval_of([slope * value + shift for value in values], which)
    assert (moved.low, moved.high) == pytest.approx((slope * found.low + shift, slope * found.high + shift), abs=1e-4)


def test_another_seed_or_another_name_draws_other_resamples() -> None:
    values = np.random.default_rng(0).normal(size=30).tolist()
    found = statistics.bootstrap(values, np.mean, name="one")
    assert statistics.bootstrap(values, np.mean, name="one") == found
    assert statistics.bootstrap(values, np.mean, name="one", seed=1) != found
    assert statistics.bootstrap(values, np.mean, name="two") != found


def test_a_higher_level_and_fewer_values_widen_an_interval() -> None:
    values = np.random.default_rng(0).normal(size=40).tolist()

    def width(*args: Any, **options: Any) -> float:
        found = statistics.interval_of(*args, **options)
        return float(found.high - found.low)

    assert width(values, "mean", level=0.99) > width(values, "mean") > width(values, "mean", level=0.5)
    assert width(values[:10], "mean") > width(values, "mean")


@given(FINITE, st.integers(2, 12), st.sampled_from(WHICH))
def test_values_that_are_all_equal_have_an_interval_without_width(value: float, count: int, which: str) -> None:
    assert statistics.interval_of([value] * count, which) == Interval(value, value, 0.95)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([], "no run has a value"),
        ([0.9], "one seed has no interval"),
        ([0.9, math.nan], "a value is not finite"),
        ([0.9, -math.inf], "a value is not finite"),
        ([0.9, 1e200], "a value is beyond 1e+100"),
    ],
)
def test_what_has_no_interval_says_why(values: list[float], reason: str) -> None:
    assert statistics.interval_of(values, "mean") == Undefined(reason)


@pytest.mark.parametrize("level", [0.0, 1.0, 95, math.nan])
def test_a_level_that_is_no_share_is_refused(level: float) -> None:
    for values in ([0.1, 0.1], [0.1, 0.2]):
        with pytest.raises(ValueError, match=r"level|[Qq]uantiles"):
            statistics.interval_of(values, "mean", level=level)
