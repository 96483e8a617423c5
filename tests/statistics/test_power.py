"""The power of Welch's test, against statsmodels, SciPy's noncentral t and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.power import TTestIndPower

from harness import statistics
from harness.core.numbers import Undefined

STDS = st.floats(0.01, 10)
COUNTS = st.integers(2, 60)


def power_by_statsmodels(effect: float, count: int, level: float) -> float:
    """The power of Student's test of two samples of ``count``, as the sum of its tails; SciPy lacks the farthest."""
    upper, lower = (TTestIndPower().power(effect, count, level / 2, alternative=tail) for tail in ("larger", "smaller"))
    return float(upper + np.nan_to_num(lower))


@given(st.floats(0.05, 3), STDS, COUNTS, st.sampled_from([0.01, 0.05, 0.2]))
def test_the_power_for_equal_deviations_agrees_with_statsmodels(
    effect: float, std: float, count: int, level: float
) -> None:
    theirs = power_by_statsmodels(effect, count, level)
    assert statistics.test_power(effect * std, std, std, count, count, level=level) == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize("count", [2, 3, 5, 10, 30, 200])
@pytest.mark.parametrize(("power", "level"), [(0.8, 0.05), (0.95, 0.01), (0.3, 0.2)])
def test_the_detectable_difference_for_equal_deviations_has_its_power_by_statsmodels(
    count: int, power: float, level: float
) -> None:
    found = statistics.detectable_difference(2.0, 2.0, count, count, power=power, level=level)
    assert power_by_statsmodels(found / 2.0, count, level) == pytest.approx(power, abs=1e-6)


def test_the_effects_that_ten_and_seventeen_seeds_find() -> None:
    """Cohen 1988, Table 2.3.5: with n = 10 a power of 0.80 takes d between 1.2 and 1.4, with n = 17 one of d = 1."""
    assert 1.2 < statistics.detectable_difference(1.0, 1.0, 10, 10) < 1.4
    assert statistics.seeds_needed(1.0, 1.0, 1.0) == 17


@pytest.mark.parametrize("effect", [0.1, 0.4, 0.8, 1.5, 4.0])
@pytest.mark.parametrize("power", [0.8, 0.95])
def test_the_seeds_needed_for_equal_deviations_agree_with_statsmodels(effect: float, power: float) -> None:
    found = statistics.seeds_needed(effect, 1.0, 1.0, power=power)
    assert power_by_statsmodels(effect, found, 0.05) >= power
    assert found == 2 or power_by_statsmodels(effect, found - 1, 0.05) < power


@given(st.floats(0, 5), STDS, STDS, COUNTS, COUNTS)
def test_the_power_is_that_of_the_noncentral_t_with_satterthwaites_degrees_of_freedom(
    difference: float, std_a: float, std_b: float, n_a: int, n_b: int
) -> None:
    a, b = std_a**2 / n_a, std_b**2 / n_b
    df = (a + b) ** 2 / (a**2 / (n_a - 1) + b**2 / (n_b - 1))
    far, limit = difference / math.sqrt(a + b), scipy.stats.t.ppf(0.975, df)
    theirs = scipy.stats.nct.sf(limit, df, far) + np.nan_to_num(scipy.stats.nct.cdf(-limit, df, far))
    assert statistics.test_power(difference, std_a, std_b, n_a, n_b) == pytest.approx(theirs, abs=1e-6)


@pytest.mark.parametrize(
    ("std_a", "std_b", "n_a", "n_b"), [(1.0, 3.0, 10, 10), (0.1, 1.0, 10, 10), (1.0, 1.5, 12, 20), (0.0, 1.0, 10, 8)]
)
def test_the_detectable_difference_is_found_in_four_of_five_simulated_comparisons(
    std_a: float, std_b: float, n_a: int, n_b: int
) -> None:
    difference, rng = statistics.detectable_difference(std_a, std_b, n_a, n_b), np.random.default_rng(0)
    a, b = rng.normal(difference, std_a, (20_000, n_a)), rng.normal(0, std_b, (20_000, n_b))
    ps = scipy.stats.ttest_ind_from_stats(
        a.mean(1), np.round(a.std(1, ddof=1), 12), n_a, b.mean(1), b.std(1, ddof=1), n_b, equal_var=False
    ).pvalue
    assert np.mean(ps < 0.05) == pytest.approx(0.8, abs=0.015)


@given(STDS, STDS, COUNTS, COUNTS, st.floats(0.1, 0.99))
def test_the_detectable_difference_has_the_power_asked_for(
    std_a: float, std_b: float, n_a: int, n_b: int, power: float
) -> None:
    found = statistics.detectable_difference(std_a, std_b, n_a, n_b, power=power)
    assert statistics.test_power(found, std_a, std_b, n_a, n_b) == pytest.approx(power, abs=1e-9)
    assert statistics.test_power(-found, std_a, std_b, n_a, n_b) == pytest.approx(power, abs=1e-9)


@given(st.floats(0.1, 5), STDS, STDS)
def test_one_seed_less_than_needed_is_not_enough(difference: float, std_a: float, std_b: float) -> None:
    found = statistics.seeds_needed(difference, std_a, std_b, most=10**9)
    assert statistics.test_power(difference, std_a, std_b, found, found) >= 0.8
    if found > 2:
        assert statistics.test_power(difference, std_a, std_b, found - 1, found - 1) < 0.8


@given(STDS, STDS, COUNTS, COUNTS, st.floats(0.01, 100))
def test_the_detectable_difference_is_in_the_unit_of_the_deviations(
    std_a: float, std_b: float, n_a: int, n_b: int, slope: float
) -> None:
    found = statistics.detectable_difference(std_a, std_b, n_a, n_b)
    assert statistics.detectable_difference(slope * std_a, slope * std_b, n_a, n_b) == pytest.approx(slope * found)
    assert statistics.detectable_difference(std_b, std_a, n_b, n_a) == pytest.approx(found)


def test_no_difference_is_found_at_the_level_and_a_huge_one_surely() -> None:
    assert statistics.test_power(0.0, 1.0, 2.0, 10, 10, level=0.05) == pytest.approx(0.05)
    for far in (40.0, 1e4, 1e50, -1e90):
        assert statistics.test_power(far, 1.0, 0.0, 10, 2) == pytest.approx(1.0)


@given(st.floats(0, 1e7), st.floats(0, 1), st.integers(2, 9), st.integers(2, 99), st.floats(1e-4, 0.5))
def test_a_power_is_a_probability_of_at_least_the_level(
    difference: float, std_a: float, n_a: int, n_b: int, level: float
) -> None:
    assert level - 1e-9 <= statistics.test_power(difference, std_a, 1.0, n_a, n_b, level=level) <= 1 + 1e-9


@pytest.mark.parametrize(
    ("std_a", "std_b", "n_a", "reason"),
    [
        (0.0, 0.0, 10, "neither side varies over its seeds, so Welch's test has no scale"),
        (1.0, 1.0, 1, "Welch's test needs at least two values on both sides"),
        (math.nan, 1.0, 10, "a value is not finite"),
    ],
)
def test_designs_without_a_power_say_why(std_a: float, std_b: float, n_a: int, reason: str) -> None:
    assert statistics.detectable_difference(std_a, std_b, n_a, 10) == Undefined(reason)
    assert statistics.test_power(1.0, std_a, std_b, n_a, 10) == Undefined(reason)
    if n_a > 1:
        assert statistics.seeds_needed(1.0, std_a, std_b) == Undefined(reason)


def test_differences_that_no_reasonable_number_of_seeds_shows_say_so() -> None:
    assert statistics.seeds_needed(0.0, 1.0, 1.0) == Undefined("no number of seeds shows a difference of zero")
    assert statistics.seeds_needed(0.01, 1.0, 1.0) == Undefined("it takes more than 10,000 seeds on either side")
    assert statistics.seeds_needed(1.0, 1.0, 1.0, most=17) == 17
    assert statistics.seeds_needed(1.0, 1.0, 1.0, most=16) == Undefined("it takes more than 16 seeds on either side")
    assert statistics.seeds_needed(100.0, 1.0, 1.0) == 2


@pytest.mark.parametrize(("power", "level"), [(1.0, 0.05), (0.05, 0.05), (0.8, 0.0), (0.8, 1e-5), (math.nan, 0.05)])
def test_a_power_outside_of_its_range_is_refused(power: float, level: float) -> None:
    with pytest.raises(ValueError, match="level < power < 1"):
        statistics.detectable_difference(1.0, 1.0, 10, 10, power=power, level=level)
    with pytest.raises(ValueError, match="level < power < 1"):
        statistics.seeds_needed(1.0, 1.0, 1.0, power=power, level=level)


@pytest.mark.parametrize("level", [0.0, 1e-5, 1.0, math.nan])
def test_a_level_outside_of_its_range_has_no_power(level: float) -> None:
    with pytest.raises(ValueError, match="no power at level"):
        statistics.test_power(1.0, 1.0, 1.0, 10, 10, level=level)
