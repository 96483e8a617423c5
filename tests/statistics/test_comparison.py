"""The tests of two samples, against SciPy, statsmodels, counting, and the published figures of Yu et al. 2020."""

from __future__ import annotations

import itertools
import math
from random import Random

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_ind

from harness import statistics
from harness.core.numbers import Undefined
from harness.statistics import Interval, Sample, Welch, welch, welch_from_summary
from tests.statistics.samples import ANYTHING, SAMPLES, SHIFTS, SLOPES, numbers_in


@pytest.mark.parametrize(
    ("mean", "std", "random", "expected"),
    [
        pytest.param(59.88, 1.92, (60.13, 0.65), 0.704, id="ENAS, PTB, Table 1"),
        pytest.param(60.61, 2.54, (60.13, 0.65), 0.575, id="DARTS, PTB, Table 1"),
        pytest.param(61.99, 1.95, (60.13, 0.65), 0.0155, id="NAO, PTB, Table 1"),
        pytest.param(96.79, 0.11, (96.44, 0.19), 0.00016, id="ENAS, CIFAR-10, Table 1"),
        pytest.param(96.62, 0.23, (96.44, 0.19), 0.073, id="DARTS, CIFAR-10, Table 1"),
        pytest.param(96.86, 0.17, (96.44, 0.19), 0.00006, id="NAO, CIFAR-10, Table 1"),
        pytest.param(96.76, 0.10, (96.48, 0.18), 0.0007, id="ENAS, CIFAR-10, Table 2"),
        pytest.param(96.62, 0.23, (96.48, 0.18), 0.148, id="DARTS, CIFAR-10, Table 2"),
        pytest.param(96.86, 0.17, (96.48, 0.18), 0.0001, id="NAO, CIFAR-10, Table 2"),
    ],
)
def test_welch_p_of_the_printed_means_and_deviations_of_ten_runs(
    mean: float, std: float, random: tuple[float, float], expected: float
) -> None:
    test = welch_from_summary(Sample(10, mean, std), Sample(10, *random))
    scipys = scipy.stats.ttest_ind_from_stats(mean, std, 10, *random, 10, equal_var=False)
    assert test.p == pytest.approx(scipys.pvalue, rel=1e-9)
    digits = len(str(f"{expected:.5f}".rstrip("0"))) - 2
    assert round(test.p, digits) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("mean", "std", "expected"), [(59.88, 1.92, 0.718), (60.61, 2.54, 0.595), (61.99, 1.95, 0.020)]
)
def test_welch_p_of_table_1_if_its_deviations_are_those_of_a_population(
    mean: float, std: float, expected: float
) -> None:
    wider = math.sqrt(10 / 9)
    test = welch_from_summary(Sample(10, mean, std * wider), Sample(10, 60.13, 0.65 * wider))
    assert test.p == pytest.approx(expected, abs=5e-4)


@given(SAMPLES, SAMPLES)
def test_welch_and_its_interval_agree_with_scipy(a: list[float], b: list[float]) -> None:
    test, scipys = welch(a, b), scipy.stats.ttest_ind(a, b, equal_var=False)
    assert test.t == pytest.approx(scipys.statistic, rel=1e-6, abs=1e-9)
    assert test.df == pytest.approx(scipys.df, rel=1e-6)
    assert test.p == pytest.approx(scipys.pvalue, rel=1e-6, abs=1e-12)
    for level in (0.95, 0.5):
        theirs = scipys.confidence_interval(level)
        ours = statistics.mean_difference_interval(a, b, level=level)
        assert (ours.low, ours.high) == pytest.approx(tuple(theirs), rel=1e-6, abs=1e-6)
        assert ours.level == level


@given(SAMPLES, SAMPLES, st.floats(0, 1e6))
def test_equivalence_agrees_with_statsmodels(a: list[float], b: list[float], margin: float) -> None:
    theirs = ttost_ind(np.array(a), np.array(b), -margin, margin, usevar="unequal")[0]
    assert statistics.equivalence(a, b, margin=margin) == pytest.approx(theirs, rel=1e-6, abs=1e-12)


def test_welch_worked_by_hand() -> None:
    """Means 2 and 4, variances 1 and 4, three values each: t = -2 / sqrt(5/3), df = (5/3)^2 / (1/18 + 16/18)."""
    test = welch([1, 2, 3], [2, 4, 6])
    assert test.t == pytest.approx(-2 / math.sqrt(5 / 3))
    assert test.df == pytest.approx((25 / 9) / (17 / 18))


def test_equivalence_is_shown_within_a_wide_margin_and_not_within_the_difference_itself() -> None:
    a, b = [0.1, 0.2, 0.3], [0.2, 0.3, 0.4]
    assert statistics.equivalence(a, b, margin=1.0) < 0.01
    assert statistics.equivalence(a, b, margin=0.1) == pytest.approx(0.5)
    assert statistics.equivalence(a, b, margin=0.0) > 0.5
    for margin in (-0.1, math.nan, math.inf):
        with pytest.raises(ValueError, match=f"no margin {margin!r}"):
            statistics.equivalence(a, b, margin=margin)


def test_welch_is_defined_when_only_one_side_varies() -> None:
    test = welch([0.5, 0.5, 0.5], [0.1, 0.2, 0.6])
    assert isinstance(test, Welch)
    assert test.df == pytest.approx(2)
    assert test.p == pytest.approx(scipy.stats.ttest_1samp([0.1, 0.2, 0.6], 0.5).pvalue)


@pytest.mark.parametrize("scale", [1e-160, 1e-200])
def test_deviations_whose_squares_vanish_still_have_a_test(scale: float) -> None:
    a, b = [1 * scale, 2 * scale, 3 * scale], [2 * scale, 4 * scale, 6 * scale]
    assert welch(a, b).p == pytest.approx(welch([1, 2, 3], [2, 4, 6]).p)
    assert statistics.hedges_g(a, b) == pytest.approx(statistics.hedges_g([1, 2, 3], [2, 4, 6]))


@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        ([0.1] * 10, [0.3] * 10, "neither side varies"),
        ([0.1] * 3, [0.1] * 7, "neither side varies"),
        ([0.1], [0.1, 0.2], "at least two values"),
        ([], [0.1, 0.2], "at least two values"),
        ([0.1, 0.2], [0.3], "at least two values"),
        ([0.1, math.nan], [0.3, 0.4], "not finite"),
        ([0.1, 0.2], [0.3, math.inf], "not finite"),
        ([0.1, 0.2], [0.3, 1e200], "beyond 1e+100"),
    ],
)
def test_what_has_no_answer_says_why(a: list[float], b: list[float], reason: str) -> None:
    for found in (
        welch(a, b),
        statistics.mean_difference_interval(a, b),
        statistics.equivalence(a, b, margin=0.1),
        statistics.hedges_g(a, b),
    ):
        assert isinstance(found, Undefined)
        assert reason in found.reason


def test_a_summary_of_one_value_has_no_test() -> None:
    assert isinstance(welch_from_summary(Sample(1, 0.5, 0.0), Sample(10, 0.4, 0.1)), Undefined)


@given(ANYTHING, ANYTHING)
def test_no_number_is_ever_nan(a: list[float], b: list[float]) -> None:
    results = [
        statistics.mean(a),
        statistics.std(a),
        statistics.best(a),
        statistics.median(a),
        statistics.interquartile_mean(a),
        welch(a, b),
        statistics.mean_difference_interval(a, b),
        statistics.equivalence(a, b, margin=0.5),
        statistics.mann_whitney(a, b),
        statistics.hedges_g(a, b),
        statistics.improvement(a, b),
    ]
    assert not any(math.isnan(number) for result in results for number in numbers_in(result))


def mann_whitney_by_counting(a: list[float], b: list[float]) -> float:
    """Twice the smaller share of the ways to split all values whose U is as far out, at most 1."""
    every, n = a + b, len(a)
    mine = range(n)

    def u(chosen: tuple[int, ...] | range) -> int:
        rest = [i for i in range(len(every)) if i not in chosen]
        return sum(every[i] > every[j] for i in chosen for j in rest)

    us = [u(chosen) for chosen in itertools.combinations(range(len(every)), n)]
    return min(1.0, 2 * min(sum(x <= u(mine) for x in us), sum(x >= u(mine) for x in us)) / len(us))


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=8, unique=True), st.data())
def test_mann_whitneys_p_is_counted_over_all_splits_where_nothing_ties(every: list[int], data: st.DataObject) -> None:
    cut = data.draw(st.integers(1, len(every) - 1))
    a, b = [float(x) for x in every[:cut]], [float(x) for x in every[cut:]]
    assert statistics.mann_whitney(a, b) == pytest.approx(mann_whitney_by_counting(a, b))


def test_mann_whitneys_p_of_two_sides_that_do_not_overlap() -> None:
    assert statistics.mann_whitney([1, 2, 3], [4, 5, 6]) == pytest.approx(2 / math.comb(6, 3))
    ten = list(range(10))
    assert statistics.mann_whitney(ten, [x + 20 for x in ten]) == pytest.approx(2 / math.comb(20, 10))
    assert statistics.mann_whitney([1], [2]) == 1


@pytest.mark.parametrize(("a", "b"), [([1, 2, 2, 3], [2, 3, 3, 4, 5]), ([0.5] * 5, [0.5, 0.5, 0.6, 0.7])])
def test_mann_whitneys_p_with_ties_is_the_corrected_normal_approximation(a: list[float], b: list[float]) -> None:
    """z = (|U - nm/2| - 1/2) / sqrt(nm / 12 ((N + 1) - sum(t^3 - t) / (N (N - 1))))."""
    n, m = len(a), len(b)
    u = sum((x > y) + (x == y) / 2 for x in a for y in b)
    ties = sum(count**3 - count for count in np.unique(a + b, return_counts=True)[1].tolist())
    deviation = math.sqrt(n * m / 12 * (n + m + 1 - ties / ((n + m) * (n + m - 1))))
    z = (abs(u - n * m / 2) - 0.5) / deviation
    assert statistics.mann_whitney(a, b) == pytest.approx(math.erfc(z / math.sqrt(2)))


def test_mann_whitneys_p_of_many_values_is_approximate() -> None:
    a, b = np.arange(31.0), np.arange(31.0) + 0.5
    theirs = scipy.stats.mannwhitneyu(a, b, method="asymptotic").pvalue
    assert statistics.mann_whitney(a.tolist(), b.tolist()) == pytest.approx(theirs)


def test_mann_whitney_without_an_order_says_why() -> None:
    assert statistics.mann_whitney([0.5] * 3, [0.5] * 4) == Undefined(
        "all values of both sides are equal, so the Mann-Whitney test has no order"
    )
    assert statistics.mann_whitney([], [0.5]) == Undefined("no run has a value")


@pytest.mark.slow(reason="imports statsmodels")
@settings(max_examples=15, deadline=None)  # statsmodels takes its time
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.data())
def test_holm_agrees_with_statsmodels_and_passes_undefined_entries_by(ps: list[float], data: st.DataObject) -> None:
    theirs = multipletests(ps, method="holm")[1]
    assert statistics.holm(ps) == pytest.approx(tuple(theirs))
    gap = data.draw(st.integers(0, len(ps)))
    with_gap = statistics.holm([*ps[:gap], Undefined("no test"), *ps[gap:]])
    assert with_gap[gap] == Undefined("no test")
    assert with_gap[:gap] + with_gap[gap + 1 :] == pytest.approx(tuple(theirs))


def test_holm_worked_by_hand() -> None:
    """0.01 x 3, then max(that, 0.02 x 2), then max(that, 0.03 x 1)."""
    assert statistics.holm([0.02, 0.01, 0.03]) == pytest.approx((0.04, 0.03, 0.04))
    assert statistics.holm([0.9, 0.8]) == (1.0, 1.0)
    assert statistics.holm([]) == ()


@given(SAMPLES, SAMPLES, st.randoms())
def test_the_order_of_runs_does_not_change_a_comparison(a: list[float], b: list[float], random: Random) -> None:
    c, d = random.sample(a, len(a)), random.sample(b, len(b))
    assert welch(c, d) == welch(a, b)
    assert statistics.mean_difference_interval(c, d) == statistics.mean_difference_interval(a, b)
    assert statistics.mann_whitney(c, d) == statistics.mann_whitney(a, b)
    assert statistics.equivalence(c, d, margin=1) == statistics.equivalence(a, b, margin=1)


@given(SAMPLES, SAMPLES, SLOPES, SHIFTS)
def test_the_unit_of_the_metric_moves_differences_and_leaves_p_values(
    a: list[float], b: list[float], slope: float, shift: float
) -> None:
    c, d = ([slope * value + shift for value in side] for side in (a, b))
    close = {"rel": 1e-4, "abs": 1e-9}
    assert welch(c, d).p == pytest.approx(welch(a, b).p, **close)
    margins = {"there": slope * 2.0, "here": 2.0}
    there = statistics.equivalence(c, d, margin=margins["there"])
    assert there == pytest.approx(statistics.equivalence(a, b, margin=margins["here"]), **close)
    ours, moved = statistics.mean_difference_interval(a, b), statistics.mean_difference_interval(c, d)
    assert isinstance(ours, Interval)
    assert (moved.low, moved.high) == pytest.approx((slope * ours.low, slope * ours.high), rel=1e-4, abs=1e-4)


@given(SAMPLES, SAMPLES)
def test_the_interval_of_the_difference_leaves_out_zero_just_where_the_test_rejects(
    a: list[float], b: list[float]
) -> None:
    test, interval = welch(a, b), statistics.mean_difference_interval(a, b)
    if abs(test.p - 0.05) > 1e-9:
        assert (interval.low > 0 or interval.high < 0) == (test.p < 0.05)
