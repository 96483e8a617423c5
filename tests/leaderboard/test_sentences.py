"""The sentences about a policy: what they claim, in which unit, and what they leave open."""

from dataclasses import replace

import numpy as np
import pytest

from harness.core.numbers import Undefined
from harness.leaderboard.comparison import ONE_DRAW, Comparison, with_uniform_draws
from harness.leaderboard.leaderboard import build
from harness.leaderboard.sentences import finding, verdict
from harness.output.units import unit_of
from harness.statistics import Interval, UniformDraws, welch
from tests.fakes.judged_runs import (
    COURSES,
    NAO,
    RANDOM_AND_NAO,
    TRAINED_BOARD,
    TRUTH,
    board,
    entry,
    perplexity,
    runs,
)

ACCURACY, PERPLEXITY = unit_of("test_accuracy"), unit_of("test_perplexity")
BETTER = Comparison(
    other=ONE_DRAW,
    difference=0.072,
    interval=Interval(0.0167, 0.1272, 0.95),
    welch_p=0.016,
    holm_p=0.03,
    mann_whitney_p=0.01,
    hedges_g=1.1,
    improvement=0.9,
    improvement_interval=Interval(0.8, 1.0, 0.95),
    margin=0.039,
    equivalence_p=0.9,
    detectable=0.077,
    seeds_needed=12,
)
WORSE = replace(BETTER, difference=-0.072, interval=Interval(-0.1272, -0.0167, 0.95))
OPEN = replace(BETTER, difference=-0.009, interval=Interval(-0.02, 0.002, 0.95), welch_p=0.24, holm_p=0.24)


@pytest.mark.parametrize(
    ("comparison", "words"),
    [
        (
            BETTER,
            "better than one random draw by 7.20 points (95 % interval 1.67 to 12.72; Welch p = 0.016, Holm 0.030)",
        ),
        (
            WORSE,
            "worse than one random draw by 7.20 points (95 % interval 1.67 to 12.72; Welch p = 0.016, Holm 0.030)",
        ),
        (
            OPEN,
            "no difference from one random draw found (worse by 0.90 points, 95 % interval -0.20 to 2.00; Welch p = "
            "0.240), though one below 7.70 points may go unseen",
        ),
        (
            replace(OPEN, equivalence_p=0.01),
            "as good as one random draw to within 3.90 points (worse by 0.90 points, 95 % interval -0.20 to 2.00; "
            "Welch p = 0.240, equivalence p = 0.010)",
        ),
        (
            replace(BETTER, difference=0.003, interval=Interval(0.001, 0.005, 0.95), equivalence_p=0.001),
            "better than one random draw by 0.30 points, less than the margin of 3.90 points (95 % interval 0.10 to "
            "0.50; Welch p = 0.016, Holm 0.030, equivalence p = 0.001)",
        ),
        (
            replace(BETTER, holm_p=0.08),
            "no difference from one random draw found (better by 7.20 points, 95 % interval 1.67 to 12.72; Welch p = "
            "0.016, Holm 0.080), though one below 7.70 points may go unseen",
        ),
        (
            replace(BETTER, interval=Undefined("x"), welch_p=Undefined("one seed"), holm_p=Undefined("one seed")),
            "not tested against one random draw (better by 7.20 points): one seed",
        ),
        (
            replace(OPEN, difference=0.0, interval=Interval(-0.011, 0.011, 0.95), welch_p=1.0, holm_p=1.0),
            "no difference from one random draw found (equal means, 95 % interval -1.10 to 1.10; Welch p = 1.000), "
            "though one below 7.70 points may go unseen",
        ),
        (
            replace(BETTER, difference=Undefined("no run has a value")),
            "not compared with one random draw: no run has a value",
        ),
    ],
)
def test_a_finding_says_what_the_tests_show_and_no_more(comparison, words):
    assert finding(comparison, ACCURACY) == words


def test_perplexities_differ_by_what_they_are_and_not_by_points():
    found = replace(BETTER, difference=2.1, interval=Interval(1.5, 2.7, 0.95))
    assert finding(found, PERPLEXITY).startswith(
        "better than one random draw by 2.10 in perplexity (95 % interval 1.50 to"
    )


def test_a_verdict_names_the_policy_and_adds_random_search():
    searched = replace(OPEN, other="random search at as many queries")
    words = verdict("nao", BETTER, [searched], ACCURACY)
    assert words.startswith("nao: better than one random draw by 7.20 points (")
    assert "; no difference from random search at as many queries found (worse by 0.90 points" in words


def test_two_searches_that_say_the_same_are_told_of_once():
    by_queries = replace(OPEN, other="random search at as many queries")
    by_seconds = replace(OPEN, other="random search for as much training time")
    once = verdict("nao", BETTER, [by_queries, by_seconds], ACCURACY)
    assert once.count("random search") == 1
    assert "; no difference from random search at as many queries, or for as much training time, found (" in once
    twice = verdict("nao", BETTER, [by_queries, replace(by_seconds, welch_p=0.25)], ACCURACY)
    assert twice.count("random search") == 2
    unknown = replace(by_seconds, difference=Undefined("the table has no times"))
    assert verdict("nao", BETTER, [by_queries, unknown], ACCURACY).count("random search") == 1
    assert "the table has no times" in verdict("nao", BETTER, [unknown, unknown], ACCURACY)


def test_a_smaller_perplexity_is_better_and_a_larger_one_worse():
    values = [63.6, 64.2, 63.9, 64.4, 65.0, 64.1, 63.7, 64.9, 65.5, 63.9]
    draws = [67.0, 68.0, 69.9, 66.4, 71.2, 66.6, 70.4, 67.7, 68.8, 67.3]
    for policy, mine, others in (("better", values, draws), ("worse", draws, values)):
        sides = (runs("nao", [perplexity(v, 9) for v in mine]), runs("random", [perplexity(v, 9) for v in others]))
        assert entry("nao", board(*sides, truth=COURSES)).verdict.startswith(
            f"nao: {policy} than one random draw by 4.0"
        )


def test_a_large_p_alone_is_no_claim_that_two_are_the_same():
    draws = [0.87, 0.88, 0.89, 0.90, 0.90, 0.91, 0.92, 0.93, 0.91, 0.89]
    few = build(runs("random", draws) + runs("nao", draws[::-1]), TRUTH, margin=0.5)
    assert entry("nao", few).welch_p > 0.9
    assert "no difference from one random draw found" in entry("nao", few).verdict
    many = build(runs("random", draws * 20, range(200)) + runs("nao", draws * 20, range(200)), TRUTH, margin=0.5)
    assert "as good as one random draw to within 0.50 points" in entry("nao", many).verdict


def test_with_several_oracles_a_verdict_says_which():
    made = board(RANDOM_AND_NAO, runs("nao", NAO[::-1], oracle="supernet"))
    assert {row.verdict.partition(":")[0] for row in made.entries if row.policy == "nao"} == {
        "nao on tabular",
        "nao on supernet",
    }


def test_two_constant_policies_are_untested_for_a_reason():
    made = board(runs("random", [0.9] * 10), runs("enas", [0.92] * 10))
    expected = "enas: not tested against one random draw (better by 2.00 points): neither side varies over"
    assert entry("enas", made).verdict.startswith(expected)


def test_trained_cells_have_a_verdict_too():
    assert entry("nao", TRAINED_BOARD).verdict.startswith("nao: better than one random draw by ")


CHANCE = Interval(32.2, 67.8, 0.95)
EXACT = replace(BETTER, percentile=96.2, exact_p=0.00004, holm_p=0.00008, chance_interval=CHANCE, best_p=0.3)


@pytest.mark.parametrize(
    ("comparison", "words"),
    [
        (
            EXACT,
            "better than one random draw (above 96.2 % of the cells on average; exact p = 4e-05, Holm 8e-05; mean "
            "better by 7.20 points, 95 % interval 1.67 to 12.72; Welch p = 0.016)",
        ),
        (
            replace(EXACT, percentile=3.8, holm_p=EXACT.exact_p, difference=Undefined("no draw has a value")),
            "worse than one random draw (above 3.8 % of the cells on average; exact p = 4e-05)",
        ),
        (
            replace(EXACT, exact_p=1e-12, holm_p=1e-12, welch_p=Undefined("no deviation")),
            "better than one random draw (above 96.2 % of the cells on average; exact p < 1e-12; mean better by 7.20 "
            "points)",
        ),
        (
            replace(EXACT, percentile=55.0, exact_p=0.6, holm_p=0.6, welch_p=Undefined("no deviation")),
            "no difference from one random draw found (above 55.0 % of the cells on average; exact p = 0.600; mean "
            "better by 7.20 points), though averages from 32.2 to 67.8 % go unseen",
        ),
        (
            replace(EXACT, percentile=20.0, difference=-0.072, interval=WORSE.interval),
            "worse than one random draw (above 20.0 % of the cells on average; exact p = 4e-05, Holm 8e-05; mean "
            "worse by 7.20 points, 95 % interval 1.67 to 12.72; Welch p = 0.016)",
        ),
    ],
)
def test_a_finding_rests_on_the_exact_test_where_there_is_one(comparison, words):
    assert finding(comparison, ACCURACY) == words


def test_means_and_percentiles_may_disagree_and_the_percentile_decides():
    found = finding(replace(EXACT, percentile=20.0), ACCURACY)
    assert found.startswith("worse than one random draw (above 20.0 %")
    assert "; mean better by 7.20 points" in found


def test_the_sentence_is_wrong_as_seldom_as_its_level_says():
    """A skewed table with ties, on which Welch's test against ten draws is wrong too often about a constant policy."""
    rng = np.random.default_rng(7)
    table = np.round(0.9 - 0.02 * rng.lognormal(sigma=1.2, size=400), 2)
    draws = UniformDraws(table)

    def found(values):
        others = rng.choice(table, 10).tolist()
        test, difference = welch(values, others), float(np.mean(values) - np.mean(others))
        p = test if isinstance(test, Undefined) else test.p
        against = replace(BETTER, difference=difference, welch_p=p, holm_p=p)
        exact = with_uniform_draws(against, values, draws)
        return [finding(each, ACCURACY).startswith(("better than", "worse than")) for each in (against, exact)]

    drawing = np.mean([found(rng.choice(table, 10).tolist()) for _ in range(400)], axis=0)
    assert drawing[1] == pytest.approx(0.05, abs=3 * np.sqrt(0.05 * 0.95 / 400))
    mean, median = (
        np.mean([found([middle] * 10) for _ in range(200)], axis=0) for middle in (table.mean(), np.median(table))
    )
    assert mean[0] > 0.1
    assert median[1] == 0
