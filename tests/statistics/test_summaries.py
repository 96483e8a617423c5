"""Every statistic against SciPy, a hand-worked example, or the published figures of Yu et al. 2020."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from harness import statistics
from harness.statistics import Sample, Undefined, Welch, p_beats_random, welch, welch_from_summary

FINITE = st.floats(-1e6, 1e6).map(lambda x: round(x, 6))
SAMPLES = st.lists(FINITE, min_size=2, max_size=12).filter(lambda values: max(values) - min(values) > 1e-3)

CELLS = 423_624
"""The size of NASBench-101, the r_max of Yu et al. 2020."""


@pytest.mark.parametrize(
    ("best_rank", "printed", "exact"),
    [
        pytest.param(19_552, 0.62, 0.6234, id="NAO, Table 3"),
        pytest.param(57_079, 0.24, 0.2352, id="DARTS, Table 3"),
        pytest.param(96_939, 0.07, 0.0744, id="ENAS, Table 3"),
        pytest.param(3_543, 0.92, 0.9194, id="NAO without weight sharing, Table 4"),
        pytest.param(4_610, 0.90, 0.8964, id="ENAS without weight sharing, Table 4"),
    ],
)
def test_the_probability_to_beat_random_gives_the_published_values_and_not_the_printed_equation(
    best_rank, printed, exact
):
    p = p_beats_random(best_rank, CELLS, 10)
    assert p == pytest.approx(exact, abs=5e-5)
    assert round(p, 2) == printed
    assert 1 - (1 - best_rank / CELLS) ** 10 == pytest.approx(1 - p)


@given(st.integers(1, 40), st.integers(1, 5), st.data())
def test_the_probability_to_beat_random_is_that_of_draws_that_all_rank_worse(size, runs, data):
    best_rank = data.draw(st.integers(1, size))
    assert p_beats_random(best_rank, size, runs) == pytest.approx(((size - best_rank) / size) ** runs)


def test_the_probability_to_beat_random_is_defined_from_the_best_rank_to_the_last():
    assert p_beats_random(1, 100, 10) == pytest.approx(0.99**10)
    assert p_beats_random(100, 100, 10) == 0
    assert p_beats_random(1, 1, 1) == 0
    for wrong in [(0, 100, 10), (101, 100, 10), (1, 100, 0), (-1, 100, 1)]:
        with pytest.raises(ValueError, match="1 <= rank <= size"):
            p_beats_random(*wrong)


@pytest.mark.parametrize(
    ("mean", "std", "random", "expected"),
    [
        pytest.param(59.88, 1.92, (60.13, 0.65), 0.704, id="ENAS, PTB"),
        pytest.param(60.61, 2.54, (60.13, 0.65), 0.575, id="DARTS, PTB"),
        pytest.param(61.99, 1.95, (60.13, 0.65), 0.0155, id="NAO, PTB"),
        pytest.param(96.79, 0.11, (96.44, 0.19), 0.00016, id="ENAS, CIFAR-10"),
        pytest.param(96.62, 0.23, (96.44, 0.19), 0.073, id="DARTS, CIFAR-10"),
        pytest.param(96.86, 0.17, (96.44, 0.19), 0.00006, id="NAO, CIFAR-10"),
    ],
)
def test_welch_p_of_the_means_and_deviations_printed_in_table_1(mean, std, random, expected):
    test = welch_from_summary(Sample(10, mean, std), Sample(10, *random))
    scipys = scipy.stats.ttest_ind_from_stats(mean, std, 10, *random, 10, equal_var=False)
    assert test.p == pytest.approx(scipys.pvalue, rel=1e-9)
    digits = len(str(f"{expected:.5f}".rstrip("0"))) - 2
    assert round(test.p, digits) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("mean", "std", "expected"), [(59.88, 1.92, 0.718), (60.61, 2.54, 0.595), (61.99, 1.95, 0.020)]
)
def test_welch_p_of_table_1_if_its_deviations_are_those_of_a_population(mean, std, expected):
    wider = math.sqrt(10 / 9)
    test = welch_from_summary(Sample(10, mean, std * wider), Sample(10, 60.13, 0.65 * wider))
    assert test.p == pytest.approx(expected, abs=5e-4)


@given(SAMPLES, SAMPLES)
def test_welch_agrees_with_scipy(a, b):
    test, scipys = welch(a, b), scipy.stats.ttest_ind(a, b, equal_var=False)
    assert test.t == pytest.approx(scipys.statistic, rel=1e-6, abs=1e-9)
    assert test.df == pytest.approx(scipys.df, rel=1e-6)
    assert test.p == pytest.approx(scipys.pvalue, rel=1e-6, abs=1e-12)


def test_welch_worked_by_hand():
    """Means 2 and 4, variances 1 and 4, three values each: t = -2 / sqrt(5/3), df = (5/3)^2 / (1/18 + 16/18)."""
    test = welch([1, 2, 3], [2, 4, 6])
    assert test.t == pytest.approx(-2 / math.sqrt(5 / 3))
    assert test.df == pytest.approx((25 / 9) / (17 / 18))


def test_welch_is_defined_when_only_one_side_varies():
    test = welch([0.5, 0.5, 0.5], [0.1, 0.2, 0.6])
    assert isinstance(test, Welch)
    assert test.df == pytest.approx(2)
    assert test.p == pytest.approx(scipy.stats.ttest_1samp([0.1, 0.2, 0.6], 0.5).pvalue)


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
    ],
)
def test_welch_without_an_answer_says_why(a, b, reason):
    test = welch(a, b)
    assert isinstance(test, Undefined)
    assert reason in test.reason


def test_a_summary_of_one_value_has_no_test():
    assert isinstance(welch_from_summary(Sample(1, 0.5, 0.0), Sample(10, 0.4, 0.1)), Undefined)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=4), st.lists(st.floats(), max_size=4))
def test_no_number_is_ever_nan(a, b):
    test = welch(a, b)
    numbers = [statistics.mean(a), statistics.std(a), statistics.best(a)]
    numbers += [test] if isinstance(test, Undefined) else [test.t, test.df, test.p]
    assert not any(isinstance(number, float) and math.isnan(number) for number in numbers)


@given(SAMPLES)
def test_mean_deviation_and_best_agree_with_numpy(values):
    assert statistics.mean(values) == pytest.approx(np.mean(values), rel=1e-9, abs=1e-9)
    assert statistics.std(values) == pytest.approx(np.std(values, ddof=1), rel=1e-9)
    assert statistics.best(values) == max(values)
    assert statistics.best(values, larger_is_better=False) == min(values)


@given(FINITE, st.integers(2, 20))
def test_equal_values_have_exactly_their_mean_and_no_deviation(value, count):
    assert statistics.mean([value] * count) == value
    assert statistics.std([value] * count) == 0


def test_numbers_of_too_few_values_say_why_they_are_undefined():
    assert statistics.std([0.9]) == Undefined("one seed has no standard deviation")
    for number in (statistics.mean([]), statistics.std([]), statistics.best([])):
        assert number == Undefined("no run has a value")
    assert statistics.mean([0.9]) == 0.9


def kendall_by_counting(a, b):
    """Kendall 1945: concordant less discordant pairs, over the geometric mean of the pairs that are not tied."""
    pairs = [(np.sign(a[i] - a[j]), np.sign(b[i] - b[j])) for i, j in itertools.combinations(range(len(a)), 2)]
    untied = [sum(pair[side] != 0 for pair in pairs) for side in (0, 1)]
    return sum(x * y for x, y in pairs) / math.sqrt(untied[0] * untied[1])


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=15))
def test_kendalls_tau_agrees_with_counting_pairs_and_with_scipy(pairs):
    a, b = (list(map(float, side)) for side in zip(*pairs, strict=True))
    tau = statistics.kendall(a, b)
    if len(set(a)) == 1 or len(set(b)) == 1:
        assert tau == Undefined("one side does not vary, so Kendall's tau has no order to compare")
    else:
        assert tau == pytest.approx(kendall_by_counting(a, b))
        assert tau == pytest.approx(scipy.stats.kendalltau(a, b).statistic)


def test_kendalls_tau_of_orders_worked_by_hand():
    order = [1.0, 2.0, 3.0, 4.0, 5.0]
    assert statistics.kendall(order, [value**3 for value in order]) == pytest.approx(1)
    assert statistics.kendall(order, order[::-1]) == pytest.approx(-1)
    assert statistics.kendall(order, [1.0, 3.0, 2.0, 4.0, 5.0]) == pytest.approx(0.8)  # 9 of 10 pairs, one swapped
    assert statistics.kendall([1.0, 2.0, 3.0], [1.0, 3.0, 2.0]) == pytest.approx(1 / 3)  # Yu et al. 2020, Table 5
    assert statistics.kendall([1.0, 1.0, 2.0], [1.0, 2.0, 3.0]) == pytest.approx(2 / math.sqrt(2 * 3))


def test_kendalls_tau_of_less_than_three_pairs_is_undefined():
    for count in range(3):
        reason = f"Kendall's tau needs at least 3 pairs, not {count}"
        assert statistics.kendall([1.0, 2.0][:count], [2.0, 1.0][:count]) == Undefined(reason)
