"""Uniform draws from ranked cells: against enumeration, closed forms, and simulation; ties included."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import product
from math import comb, factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.core.numbers import Undefined
from harness.statistics import UniformDraws, uniform_draws

tables = st.lists(st.integers(0, 4), min_size=1, max_size=6)


def percentile(value, table):
    return Fraction(2 * sum(v < value for v in table) + sum(v == value for v in table), 2 * len(table))


def means(table, count):
    """The mean percentile of every possible outcome of ``count`` draws, with how often it comes up."""
    return Counter(sum(percentile(v, table) for v in drawn) / count for drawn in product(table, repeat=count))


def counted_p(values, table):
    found, seen = means(table, len(values)), sum(percentile(v, table) for v in values) / len(values)
    lower = sum(n for mean, n in found.items() if mean <= seen)
    upper = sum(n for mean, n in found.items() if mean >= seen)
    return float(min(1, Fraction(2 * min(lower, upper), len(table) ** len(values))))


def draws(table):
    return UniformDraws(np.array(table, dtype=np.float64))


@settings(max_examples=60, derandomize=True)
@given(tables, st.integers(1, 4), st.data())
def test_p_and_interval_agree_with_every_possible_outcome(table, count, data):
    values = data.draw(st.lists(st.sampled_from(table), min_size=count, max_size=count))
    exact = draws(table)
    assert exact.percentiles(values).tolist() == pytest.approx([float(percentile(v, table)) for v in values])
    assert exact.p_of_mean(values) == pytest.approx(counted_p(values, table))
    found, limits = means(table, count), exact.mean_interval(count, level=0.8)
    total = len(table) ** count
    outside = sum(n for mean, n in found.items() if not limits.low - 1e-9 <= float(mean) <= limits.high + 1e-9)
    assert outside <= 0.2 * total + 1e-9
    assert sum(n for mean, n in found.items() if float(mean) < limits.low - 1e-9) <= 0.1 * total + 1e-9


@settings(max_examples=60, derandomize=True)
@given(tables, st.integers(1, 4), st.data())
def test_the_best_agrees_with_every_possible_outcome(table, count, data):
    values = data.draw(st.lists(st.sampled_from(table), min_size=count, max_size=count))
    as_good = sum(max(drawn) >= max(values) for drawn in product(table, repeat=count))
    assert draws(table).p_of_best(values) == pytest.approx(as_good / len(table) ** count)


def test_without_ties_the_mean_follows_the_irwin_hall_law():
    """The distribution function of a sum x of n uniforms: sum over k <= x of (-1)^k C(n, k) (x - k)^n / n!."""
    cells, n = 20_000, 5
    values = [4_000.0, 6_000.0, 5_000.0, 9_000.0, 7_500.0]
    x = sum(values) / cells
    tail = sum((-1) ** k * comb(n, k) * (x - k) ** n for k in range(int(x) + 1)) / factorial(n)
    assert draws(range(cells)).p_of_mean(values) == pytest.approx(2 * tail, rel=1e-3)


def test_without_ties_the_tail_is_the_count_of_whole_numbers_of_a_small_sum():
    """n numbers from 1 to N sum to at most s in: sum over k of (-1)^k C(n, k) C(s - k N, n) of N^n ways."""
    cells, n, place = 5_000, 10, 4_400
    s = n * (cells - place)
    ways = sum((-1) ** k * comb(n, k) * comb(s - k * cells, n) for k in range(n + 1) if s - k * cells >= n)
    assert draws(range(cells)).p_of_mean([place] * n) == pytest.approx(float(Fraction(2 * ways, cells**n)), rel=1e-7)


def test_where_smaller_is_better_the_smallest_value_has_the_highest_percentile():
    exact = UniformDraws(np.array([60.0, 61.0, 61.0 + 1e-13, 70.0]), larger_is_better=False, decimals=9)
    assert exact.percentiles([60.0, 61.0, 70.0]).tolist() == [7 / 8, 4 / 8, 1 / 8]
    assert exact.p_of_best([70.0, 60.0]) == pytest.approx(1 - (3 / 4) ** 2)


def test_one_draw_of_cells_that_all_tie_says_nothing():
    assert draws([3, 3, 3]).p_of_mean([3]) == 1.0
    assert draws([3, 3, 3]).percentiles([3]).tolist() == [0.5]
    assert draws([3, 3, 3]).p_of_best([3]) == 1.0


def test_a_constant_policy_in_the_middle_is_never_found_and_one_at_an_end_always():
    exact = draws(range(101))
    assert exact.p_of_mean([50] * 10) == 1.0
    assert exact.p_of_mean([100] * 10) == uniform_draws.LEAST_P
    assert exact.p_of_mean([0] * 3) == pytest.approx(2 * (1 / 101) ** 3)


@pytest.mark.parametrize("tied", [False, True])
def test_draws_at_random_are_found_as_often_as_the_level_says(tied):
    rng, cells = np.random.default_rng(3), 300
    table = np.sort(rng.integers(0, 12, cells)) if tied else np.arange(cells)
    exact = draws(table)
    ps = np.array([exact.p_of_mean(rng.choice(table, 10)) for _ in range(4_000)])
    for level in (0.01, 0.05, 0.2):
        assert (ps <= level).mean() == pytest.approx(level, abs=3.5 * np.sqrt(level / 4_000))


def test_beyond_the_limit_the_normal_law_is_close_to_the_exact_one(monkeypatch):
    table = np.round(np.random.default_rng(5).normal(size=500), 1)
    values = np.sort(table)[200:240].tolist()
    exact, limits = draws(table).p_of_mean(values), draws(table).mean_interval(40)
    monkeypatch.setattr(uniform_draws, "MOST_POINTS", 0)
    assert draws(table).p_of_mean(values) == pytest.approx(exact, rel=0.02)
    near = draws(table).mean_interval(40)
    assert (near.low, near.high) == pytest.approx((limits.low, limits.high), abs=1e-3)


def test_ten_uniform_draws_average_between_a_third_and_two_thirds():
    limits = draws(range(2_532)).mean_interval(10)
    assert (limits.low, limits.high) == pytest.approx((0.3220, 0.6780), abs=2e-3)
    assert limits.high == pytest.approx(0.5 + stats.norm.ppf(0.975) / np.sqrt(120), abs=2e-3)


def test_nothing_to_compare_has_a_reason_and_nothing_to_draw_from_is_an_error():
    assert isinstance(draws([1]).p_of_mean([]), Undefined)
    assert isinstance(draws([1]).p_of_best([]), Undefined)
    with pytest.raises(ValueError, match="no cell"):
        draws([])
