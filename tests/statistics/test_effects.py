"""The sizes of effects, against counting pairs, closed forms and the definitions of Agarwal et al. 2021."""

from __future__ import annotations

import math
from random import Random

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.meta_analysis import effectsize_smd

from harness import statistics
from harness.core.numbers import Undefined
from harness.statistics import Interval
from tests.statistics.samples import SAMPLES, SHIFTS, SLOPES

TIED = st.lists(st.integers(0, 5).map(float), min_size=1, max_size=8)


@given(TIED, TIED)
def test_the_probability_of_improvement_is_a_count_of_pairs_and_mann_whitneys_u(a: list[float], b: list[float]) -> None:
    pairs = [(x > y) + (x == y) / 2 for x in a for y in b]
    assert statistics.improvement(a, b) == pytest.approx(sum(pairs) / len(pairs))
    # Agarwal et al. 2021, rliable/metrics.py: the U of "greater" over the number of pairs of runs.
    u = scipy.stats.mannwhitneyu(a, b, alternative="greater", method="asymptotic").statistic
    assert statistics.improvement(a, b) == pytest.approx(u / (len(a) * len(b)))


@given(TIED, TIED)
def test_of_two_sides_one_improves_as_much_as_the_other_loses(a: list[float], b: list[float]) -> None:
    here = statistics.improvement(a, b)
    assert statistics.improvement(b, a) == pytest.approx(1 - here)
    assert statistics.improvement(a, b, larger_is_better=False) == pytest.approx(1 - here)


def test_hedges_g_of_two_values_a_side_worked_by_hand() -> None:
    """Means 1 and 3, variances 2 and 8: pooled 5; the exact factor of two degrees of freedom is 1 / sqrt(pi)."""
    assert statistics.hedges_g([0, 2], [1, 5]) == pytest.approx(-2 / math.sqrt(5) / math.sqrt(math.pi))


@given(SAMPLES, SAMPLES)
def test_hedges_g_is_near_that_of_statsmodels_whose_factor_is_approximate(a: list[float], b: list[float]) -> None:
    summaries = (f(side, **options) for side in (a, b) for f, options in ((np.mean, {}), (np.std, {"ddof": 1})))
    mean_a, std_a, mean_b, std_b = summaries
    theirs, _ = effectsize_smd(mean_a, std_a, len(a), mean_b, std_b, len(b))
    assert statistics.hedges_g(a, b) == pytest.approx(theirs, rel=0.015, abs=1e-9)


def test_hedges_g_has_no_bias() -> None:
    """Over many experiments the mean g is the true difference in deviations; without the factor it is 0.09 too far."""
    draws = np.random.default_rng(0).normal(size=(4000, 2, 5)) + np.array([[1.0], [0.0]])
    found = [statistics.hedges_g(a.tolist(), b.tolist()) for a, b in draws]
    assert np.mean(found) == pytest.approx(1.0, abs=4 * np.std(found) / math.sqrt(4000))


def test_hedges_g_of_sides_that_do_not_vary_has_no_unit() -> None:
    reason = "neither side varies over its seeds, so Hedges' g has no unit"
    assert statistics.hedges_g([0.5, 0.5], [0.4, 0.4]) == Undefined(reason)
    assert statistics.hedges_g([0.5], [0.4, 0.3]) == Undefined("Hedges' g needs at least two values on both sides")


@given(SAMPLES, SAMPLES, SLOPES, SHIFTS)
def test_the_unit_of_the_metric_does_not_change_an_effect(
    a: list[float], b: list[float], slope: float, shift: float
) -> None:
    c, d = ([slope * value + shift for value in side] for side in (a, b))
    assert statistics.hedges_g(c, d) == pytest.approx(statistics.hedges_g(a, b), rel=1e-4, abs=1e-9)


@given(TIED, TIED, st.integers(1, 9), st.integers(-9, 9))
def test_the_unit_of_the_metric_does_not_change_the_probability_of_improvement(
    a: list[float], b: list[float], slope: int, shift: int
) -> None:
    c, d = ([slope * value + shift for value in side] for side in (a, b))
    assert statistics.improvement(c, d) == statistics.improvement(a, b)


def test_the_interval_of_improvement_is_that_of_resampling_either_side_by_itself() -> None:
    """The stratified percentile bootstrap of Agarwal et al. 2021, written as a loop over resamples."""
    a, b = [0.93, 0.94, 0.92, 0.95, 0.91, 0.94], [0.90, 0.93, 0.92, 0.91]
    rng = np.random.default_rng(5)
    draws = []
    for _ in range(20_000):
        x, y = rng.choice(a, len(a)), rng.choice(b, len(b))
        draws.append(np.mean((x[:, None] > y) + (x[:, None] == y) / 2))
    for level in (0.95, 0.6):
        found = statistics.improvement_interval(a, b, level=level)
        assert isinstance(found, Interval)
        low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
        assert (found.low, found.high) == pytest.approx((low, high), abs=0.025)


def test_the_interval_of_improvement_turns_with_the_metric_and_forgets_the_order_of_runs() -> None:
    a, b = np.random.default_rng(0).normal(size=(2, 40)).tolist()
    found = statistics.improvement_interval(a, b, seed=3)
    assert statistics.improvement_interval(a[::-1], Random(1).sample(b, 40), seed=3) == found
    assert statistics.improvement_interval(a, b, seed=4) != found
    turned = statistics.improvement_interval(a, b, larger_is_better=False, seed=3)
    assert (turned.low, turned.high) == pytest.approx((1 - found.high, 1 - found.low))
    assert found.low <= statistics.improvement(a, b) <= found.high


def test_sides_that_never_overlap_are_better_in_every_resample() -> None:
    assert statistics.improvement_interval([2, 3], [0, 1]) == Interval(1, 1, 0.95)
    assert statistics.improvement_interval([1, 1], [1, 1]) == Interval(0.5, 0.5, 0.95)


def test_one_seed_or_a_value_that_is_not_finite_has_no_interval_of_improvement() -> None:
    assert statistics.improvement_interval([1], [0, 1]) == Undefined("one seed has no interval")
    assert statistics.improvement_interval([0, 1], [1]) == Undefined("one seed has no interval")
    assert statistics.improvement_interval([], [0, 1]) == Undefined("no run has a value")
    assert statistics.improvement_interval([0, 1], [math.nan, 1]) == Undefined("a value is not finite")
    assert statistics.improvement([], [0, 1]) == Undefined("no run has a value")
    assert statistics.improvement([0.5], [0.4]) == 1
