"""The leaderboard's numbers against SciPy, NumPy and published figures."""

import numpy as np
import pytest
import scipy.stats

from harness.core.budget import Cost
from harness.core.numbers import Undefined
from harness.leaderboard.columns import ENTRY_COLUMNS
from harness.leaderboard.document import document
from tests.fakes.judged_runs import (
    FULL,
    NAO,
    RANDOM,
    RANDOM_AND_NAO,
    SEEDS,
    SIZE,
    TRAINED_BOARD,
    board,
    entry,
    printed,
    runs,
)


def repeated_share(found):
    return next(column for column in ENTRY_COLUMNS if column.name == "repeated_share").of(found)


def test_the_numbers_of_an_entry_agree_with_scipy_and_numpy():
    found = entry("nao", FULL)
    values = [0.941, *NAO[1:]]
    assert found.seeds == tuple(SEEDS)
    assert found.values == tuple(values)
    assert found.mean == pytest.approx(np.mean(values))
    assert found.std == pytest.approx(np.std(values, ddof=1))
    assert found.best == 0.941
    assert (found.best_rank, found.size) == (3_543, SIZE)
    assert found.mean_regret == pytest.approx(0.9432 - np.mean(values))
    assert found.welch_p == pytest.approx(scipy.stats.ttest_ind(values, RANDOM, equal_var=False).pvalue)
    assert found.p_beats_random == pytest.approx(0.9194, abs=5e-5)  # Yu et al. 2020, Table 4, prints 0.92
    assert (found.queries, found.hours, repeated_share(found)) == (600, 500, 0.25)


def test_the_best_mean_comes_first_and_a_policy_without_a_value_last():
    leaderboard = board(
        runs("broken", ["gone"] * 10), runs("random", RANDOM), runs("nao", NAO), runs("enas", [0.92] * 10)
    )
    assert [entry.policy for entry in leaderboard.entries] == ["nao", "enas", "random", "broken"]


def test_costs_are_means_over_the_seeds():
    pair = runs("nao", [0.93], [1]) + runs("nao", [0.94], [2], spent=Cost(200, 0.0, 0.9e6), repeated=10)
    found = entry("nao", board(pair))
    assert (found.queries, found.hours, repeated_share(found)) == (400, 375, 160 / 800)


def test_random_itself_is_not_tested_against_random():
    found = entry("random", FULL)
    assert found.welch_p == Undefined("random is what the others are tested against")
    assert repeated_share(found) == Undefined("no query was asked")
    assert found.p_beats_random == pytest.approx((1 - 50_000 / SIZE) ** 10)


def test_the_baseline_is_random_on_the_same_space_with_the_same_oracle_if_there_is_one():
    other = [value - 0.05 for value in RANDOM]
    leaderboard = board(
        runs("nao", NAO, oracle="standalone"),
        runs("nao", NAO),
        runs("nao", NAO, space="elsewhere"),
        runs("random", other, oracle="standalone"),
        runs("random", RANDOM),
    )
    expected = {
        ("standalone", "nasbench101"): scipy.stats.ttest_ind(NAO, other, equal_var=False).pvalue,
        ("tabular", "nasbench101"): scipy.stats.ttest_ind(NAO, RANDOM, equal_var=False).pvalue,
    }
    for found in leaderboard.entries:
        if found.policy == "nao" and found.space == "nasbench101":
            assert found.welch_p == pytest.approx(expected[found.oracle, found.space])
        elif found.policy == "nao":
            assert found.welch_p == Undefined("there are no runs of random to test against")


def test_two_constant_policies_have_no_test_but_a_reason():
    leaderboard = board(runs("random", [0.9] * 10), runs("enas", [0.92] * 10))
    assert entry("enas", leaderboard).std == 0
    assert "neither side varies" in entry("enas", leaderboard).welch_p.reason
    assert "neither side varies" in printed(leaderboard)


def test_one_seed_has_a_mean_but_neither_deviation_nor_test():
    leaderboard = board(runs("random", [0.9], [1268]), runs("nao", [0.93], [1268]))
    found = entry("nao", leaderboard)
    assert (found.mean, found.best) == (0.93, 0.93)
    assert found.std == Undefined("one seed has no standard deviation")
    assert isinstance(found.welch_p, Undefined)
    assert found.p_beats_random == pytest.approx(1 - 50_000 / SIZE)
    assert "93.00 ± –¹" in printed(leaderboard)
    assert any("one seed a policy is little" in warning for warning in leaderboard.warnings)


def test_a_table_without_training_times_gets_a_dash_not_zero_hours():
    timeless = board(runs("random", RANDOM), runs("nao", NAO, spent=Cost(600, 64_800.0, 0.0)))
    assert entry("nao", timeless).hours == Undefined("the oracle knows no training times")
    assert entry("random", timeless).hours == 0
    record = next(row for row in document(timeless)["leaderboard"] if row["policy"] == "nao")
    assert record["hours"] is None
    assert "the oracle knows no training times" in printed(timeless)


def test_one_row_of_random_is_the_baseline_of_every_oracle():
    leaderboard = board(RANDOM_AND_NAO, runs("nao", NAO[::-1], oracle="supernet"))
    assert len(leaderboard.entries) == 3
    for found in leaderboard.entries[:2]:
        assert found.policy == "nao"
        assert found.welch_p == pytest.approx(scipy.stats.ttest_ind(NAO, RANDOM, equal_var=False).pvalue)
        assert found.p_beats_random == pytest.approx((1 - 50_000 / SIZE) ** 10)


def test_kendalls_tau_is_the_mean_over_the_seeds_with_their_deviation():
    taus = [0.282, -0.116, -0.004]  # the three runs that Yu et al. 2020, Fig. 4b, shows
    found = entry("nao", board(runs("nao", NAO[:3], [1, 2, 3], taus=taus)))
    assert (found.tau, found.tau_std) == (pytest.approx(np.mean(taus)), pytest.approx(np.std(taus, ddof=1)))
    assert found.probed == 200


def test_a_seed_without_a_tau_is_left_out_and_a_row_without_any_says_why():
    flat = Undefined("one side does not vary")
    found = entry("nao", board(runs("nao", NAO[:3], [1, 2, 3], taus=[0.5, flat, 0.1])))
    assert found.tau == pytest.approx(0.3)
    assert entry("nao", board(runs("nao", NAO[:2], [1, 2], taus=[flat, flat]))).tau == flat
    assert entry("nao", board(runs("nao", NAO[:2], [1, 2]))).tau == Undefined("shares no weights")


def test_values_of_a_space_that_is_not_ranked_have_means_and_a_test_but_no_ranks():
    found = entry("nao", TRAINED_BOARD)
    assert found.values == tuple(NAO)
    assert (found.mean, found.best) == (pytest.approx(np.mean(NAO)), 0.941)
    assert found.welch_p == pytest.approx(scipy.stats.ttest_ind(NAO, RANDOM, equal_var=False).pvalue)
    for number in (found.best_rank, found.size, found.mean_regret, found.p_beats_random):
        assert number == Undefined("not ranked")
    assert document(TRAINED_BOARD)["leaderboard"][0]["judge"] == "recipe nasbench101-cifar10"


def test_the_ranks_follow_the_seeds_and_the_best_one_is_the_smallest():
    found = entry("nao", board(runs("nao", [(0.94, 12), "diverged", (0.93, 7)], [3, 1, 2])))
    assert found.seeds == (1, 2, 3)
    assert found.ranks == (Undefined("diverged"), 7, 12)
    assert found.best_rank == 7
