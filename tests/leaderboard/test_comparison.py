"""Every number of a comparison against SciPy and statsmodels, and its signs."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.power import TTestIndPower
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from harness.core.numbers import Undefined
from harness.leaderboard.comparison import ONE_DRAW, SEARCH_NAMES, compare_samples
from harness.leaderboard.leaderboard import build
from tests.fakes.judged_runs import (
    COURSES,
    NAO,
    RANDOM,
    RANDOM_AND_NAO,
    TRAINED_BOARD,
    TRUTH,
    board,
    entry,
    perplexity,
    runs,
)

ENAS = [0.91, 0.93, 0.90, 0.915, 0.92, 0.905, 0.93, 0.90, 0.91, 0.925]
KEY = ("nao", "tabular", "nasbench101")
AGAINST = compare_samples(NAO, RANDOM, ONE_DRAW, larger_is_better=True, margin=0.02)


def test_difference_interval_and_p_agree_with_scipy():
    test = stats.ttest_ind(NAO, RANDOM, equal_var=False)
    assert AGAINST.difference == pytest.approx(np.mean(NAO) - np.mean(RANDOM))
    assert (AGAINST.interval.low, AGAINST.interval.high) == pytest.approx(tuple(test.confidence_interval(0.95)))
    assert AGAINST.welch_p == pytest.approx(test.pvalue)
    assert AGAINST.mann_whitney_p == pytest.approx(stats.mannwhitneyu(NAO, RANDOM, method="asymptotic").pvalue)


def test_the_effect_sizes_agree_with_their_definitions():
    pooled = np.sqrt((np.var(NAO, ddof=1) + np.var(RANDOM, ddof=1)) / 2)
    correction = 1 - 3 / (4 * 18 - 1)  # Hedges 1981, the approximation of the exact factor
    assert AGAINST.hedges_g == pytest.approx(correction * AGAINST.difference / pooled, rel=1e-3)
    wins = [(a > b) + (a == b) / 2 for a in NAO for b in RANDOM]
    assert AGAINST.improvement == pytest.approx(np.mean(wins))
    assert AGAINST.improvement_interval.low <= AGAINST.improvement <= AGAINST.improvement_interval.high


def test_the_equivalence_test_agrees_with_statsmodels():
    means = CompareMeans(DescrStatsW(ENAS), DescrStatsW(NAO))
    expected = means.ttost_ind(-0.03, 0.03, usevar="unequal")[0]
    found = compare_samples(ENAS, NAO, "nao", larger_is_better=True, margin=0.03)
    assert found.equivalence_p == pytest.approx(expected)
    assert found.equivalent
    assert not AGAINST.equivalent


def test_power_agrees_with_statsmodels_where_both_sides_vary_alike():
    a, b = [1.0, 2.0, 3.0, 4.0, 5.0], [1.5, 2.5, 3.5, 4.5, 5.5]
    found, std = compare_samples(a, b, "b", larger_is_better=True, margin=1.0), np.std(a, ddof=1)
    solved = TTestIndPower().solve_power(nobs1=5, alpha=0.05, power=0.8, ratio=1.0)
    assert found.detectable == pytest.approx(solved * std, rel=1e-4)
    assert found.seeds_needed == np.ceil(TTestIndPower().solve_power(0.5 / std, alpha=0.05, power=0.8, ratio=1.0))


def test_where_smaller_is_better_a_smaller_mean_is_a_positive_difference():
    turned = compare_samples([-v for v in NAO], [-v for v in RANDOM], ONE_DRAW, larger_is_better=False, margin=0.02)
    assert turned == AGAINST
    lower = compare_samples([63.0, 64.0, 62.5], [70.0, 68.0, 69.5], ONE_DRAW, larger_is_better=False, margin=1.0)
    assert lower.difference == pytest.approx(6.0)
    assert lower.interval.low > 0
    assert (lower.improvement, lower.hedges_g > 0) == (1.0, True)


samples = st.lists(st.integers(0, 1000).map(lambda n: n / 1000), min_size=2, max_size=12)


@settings(max_examples=25)
@given(samples, samples, st.sampled_from((2.0, 8.0, 64.0)))
def test_another_unit_changes_the_scale_of_differences_and_no_test(a, b, scale):
    one = compare_samples(a, b, "b", larger_is_better=True, margin=0.1)
    scaled = [[scale * value for value in side] for side in (a, b)]
    other = compare_samples(*scaled, "b", larger_is_better=True, margin=0.1 * scale)
    assert other.difference == pytest.approx(scale * one.difference)
    for name in ("welch_p", "mann_whitney_p", "hedges_g", "improvement", "equivalence_p"):
        before, after = getattr(one, name), getattr(other, name)
        assert after == (before if isinstance(before, Undefined) else pytest.approx(before))


@settings(max_examples=25)
@given(samples, samples)
def test_the_two_sides_of_a_comparison_say_the_same(a, b):
    there = compare_samples(a, b, "b", larger_is_better=True, margin=0.1)
    back = compare_samples(b, a, "a", larger_is_better=True, margin=0.1)
    assert back.difference == pytest.approx(-there.difference)
    assert back.improvement == pytest.approx(1 - there.improvement)
    for name in ("welch_p", "mann_whitney_p", "equivalence_p", "detectable", "seeds_needed"):
        before, after = getattr(there, name), getattr(back, name)
        assert after == (before if isinstance(before, Undefined) else pytest.approx(before))


def test_holms_correction_is_over_the_policies_of_the_leaderboard_that_have_a_test():
    values = {"nao": NAO, "enas": ENAS, "darts": ENAS[:5] + NAO[5:]}
    groups = [runs(name, sample) for name, sample in values.items()]
    made = board(runs("random", RANDOM), *groups, runs("broken", ["diverged"] * 10))
    ps = [stats.ttest_ind(sample, RANDOM, equal_var=False).pvalue for sample in values.values()]
    expected = dict(zip(values, multipletests(ps, method="holm")[1], strict=True))
    for name, p in expected.items():
        assert entry(name, made).against_random.holm_p == pytest.approx(p)
        assert entry(name, made).against_random.welch_p == entry(name, made).welch_p
    assert isinstance(entry("broken", made).against_random.holm_p, Undefined)


def test_the_margin_is_a_number_of_points_or_a_share_of_a_perplexity_whatever_varies():
    assert entry("nao", build(RANDOM_AND_NAO, TRUTH)).against_random.margin == 0.0025
    assert entry("nao", build(RANDOM_AND_NAO, TRUTH, margin=1)).against_random.margin == 0.01
    assert entry("nao", TRAINED_BOARD).against_random.margin == 0.0025
    sides = (runs("random", [perplexity(68.0, 20)] * 2, [1, 2]), runs("nao", [perplexity(64.0, 4)] * 2, [1, 2]))
    assert entry("nao", board(*sides, truth=COURSES)).against_random.margin == pytest.approx(0.68)
    assert entry("nao", build([*sides[0], *sides[1]], COURSES, margin=2)).against_random.margin == pytest.approx(1.36)


def test_random_search_at_both_costs_is_one_family():
    searched = {"queries": (*ENAS[:9], Undefined("diverged")), "seconds": (0.93,) * 10}
    made = build(RANDOM_AND_NAO, TRUTH, searches={KEY: searched})
    queries, seconds = entry("nao", made).against_search
    assert (queries.other, seconds.other) == (SEARCH_NAMES["queries"], SEARCH_NAMES["seconds"])
    ps = [stats.ttest_ind(NAO, ENAS[:9], equal_var=False).pvalue, stats.ttest_1samp(NAO, 0.93).pvalue]
    assert [queries.welch_p, seconds.welch_p] == pytest.approx(ps)
    assert [queries.holm_p, seconds.holm_p] == pytest.approx(multipletests(ps, method="holm")[1])
    assert queries.margin == seconds.margin == 0.0025


def test_two_costs_that_end_at_the_same_cells_are_one_test():
    made = build(RANDOM_AND_NAO, TRUTH, searches={KEY: {"evaluations": tuple(ENAS), "seconds": tuple(ENAS)}})
    for found in entry("nao", made).against_search:
        assert found.holm_p == found.welch_p


def test_random_has_no_comparison_and_a_leaderboard_without_it_says_so():
    assert entry("random", board(runs("random", RANDOM))).against_random == Undefined(
        "random is what the others are tested against"
    )
    alone = entry("nao", board(runs("nao", NAO)))
    assert alone.against_random == Undefined("there are no runs of random to test against")
    assert alone.verdict == "nao: there are no runs of random to test against"


def test_one_seed_is_compared_by_its_difference_and_nothing_else():
    made = board(runs("random", [perplexity(68.0, 20)], [1]), runs("nao", [perplexity(64.0, 4)], [1]), truth=COURSES)
    found = entry("nao", made).against_random
    assert (found.difference, found.improvement) == (4.0, 1.0)
    for number in (found.interval, found.welch_p, found.holm_p, found.hedges_g, found.equivalence_p, found.detectable):
        assert isinstance(number, Undefined)


def test_the_summaries_and_their_intervals_are_those_of_the_values():
    found = entry("nao", board(RANDOM_AND_NAO))
    assert found.median == np.median(NAO)
    assert found.iqm == pytest.approx(stats.trim_mean(NAO, 0.25))
    drawn = stats.bootstrap((NAO,), np.mean, method="percentile", rng=np.random.default_rng(0), n_resamples=20_000)
    ends = drawn.confidence_interval
    assert (found.mean_interval.low, found.mean_interval.high) == pytest.approx((ends.low, ends.high), abs=3e-4)
    for interval, value in ((found.median_interval, found.median), (found.iqm_interval, found.iqm)):
        assert interval.low <= value <= interval.high
