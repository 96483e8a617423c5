"""What the leaderboard says about runs without a value, and before its numbers are believed."""

import re
from dataclasses import replace

import numpy as np
import pytest

from harness.core.driver import AnswerCount
from harness.core.judgement import Ranking, Truth
from harness.core.numbers import Undefined
from harness.leaderboard.leaderboard import build
from tests.fakes.judged_runs import (
    FULL,
    NAO,
    RANDOM,
    RANDOM_AND_NAO,
    SIZE,
    TRUTH,
    board,
    entry,
    every_form,
    printed,
    runs,
)


def test_failed_runs_are_counted_and_named_and_each_still_counts_as_a_draw_of_randoms():
    leaderboard = board(runs("random", RANDOM), runs("nao", ["diverged", *NAO[1:9], "killed"]))
    found = entry("nao", leaderboard)
    assert found.mean == pytest.approx(np.mean(NAO[1:9]))
    assert found.failed == ((1268, "diverged"), (1277, "killed"))
    assert found.p_beats_random == pytest.approx((1 - 50_000 / SIZE) ** 10)
    assert "nao: 2 of 10 runs have no value (seed 1268: diverged; seed 1277: killed)" in leaderboard.warnings
    assert re.search(r"nao +8/10 ", printed(leaderboard))
    for text in every_form(leaderboard):
        assert "1268" in text
        assert "diverged" in text


def test_a_policy_whose_runs_all_failed_is_shown_with_dashes_and_reasons():
    leaderboard = board(runs("nao", ["diverged"] * 10), runs("random", ["absent"] * 10))
    found = entry("nao", leaderboard)
    for number in (found.mean, found.std, found.best, found.best_rank, found.mean_regret, found.p_beats_random):
        assert number == Undefined("no run has a value")
    assert re.search(r"nao +0/10 +–¹", printed(leaderboard))
    for text in every_form(leaderboard):
        assert "no run has a value" in text


def test_a_search_that_saw_the_judged_metric_is_warned_of():
    for saw in ("test_accuracy", "test"):
        leaderboard = board(runs("random", RANDOM, search_metric=saw), runs("nao", NAO, search_metric=saw))
        assert [warning for warning in leaderboard.warnings if "the search of nao saw test_accuracy" in warning]
    assert not FULL.warnings


def test_a_truth_of_part_of_the_space_few_seeds_and_mixed_settings_are_warned_of():
    part = Truth("test_accuracy", 3, 108, "table", "part", "d" * 64, True, Ranking(91, SIZE, 0.9, 0.8, 0.1))
    warnings = board(runs("nao", [(0.9, 1), (0.8, 40)], [1, 1]), truth=part).warnings
    assert "ranks and regrets are among the 91 of 423,624 cells that the table judges" in warnings
    assert "one seed a policy is little: Yu et al. 2020 compare over 10" in warnings
    assert any(warning.startswith("nao: a seed stands twice") for warning in warnings)


def test_with_several_oracles_a_warning_says_whose_runs_failed():
    leaderboard = board(runs("nao", NAO), runs("nao", ["CUDA out of memory", *NAO[1:]], oracle="supernet"))
    assert "nao on supernet: 1 of 10 runs have no value (seed 1268: CUDA out of memory)" in leaderboard.warnings


def test_a_policy_that_always_ends_at_one_value_is_warned_of_only_where_a_test_rests_on_it():
    constant = runs("nao", [0.93] * 10)
    (warning,) = board(runs("random", RANDOM), constant).warnings
    assert warning == (
        "nao: all seeds ended at one value, so Welch's p rests on random's deviation alone; --set oracle.repeat=sample "
        "lets the table's noise in"
    )
    live = board(runs("random", RANDOM), runs("nao", [0.93] * 10, oracle="supernet"), runs("enas", NAO))
    (warning,) = live.warnings
    assert warning.startswith("nao on supernet: all seeds ended at one value")
    assert "repeat" not in warning
    assert not any("one value" in text for text in board(runs("random", [0.9] * 10), constant).warnings)
    assert not any("one value" in text for text in board(constant).warnings)


def test_seeds_that_are_too_few_for_a_difference_are_counted_and_those_that_suffice_are_not():
    middling = [value - 0.024 for value in NAO]
    groups = RANDOM_AND_NAO + runs("enas", middling)
    made = build(groups, TRUTH, margin=0.1)
    needed = entry("enas", made).against_random.seeds_needed
    assert needed > 10
    assert made.warnings == (
        f"too few seeds to tell from one random draw: enas (a difference of that size takes {needed})",
    )


def test_a_difference_that_is_surely_small_wants_no_more_seeds():
    both = runs("random", RANDOM) + runs("nao", [value + 0.004 for value in RANDOM])
    assert not build(both, TRUTH, margin=5).warnings
    (warning,) = build(both, TRUTH, margin=0.5).warnings
    assert warning.startswith("too few seeds to tell from one random draw: nao (a difference of that size takes")


def test_the_noise_of_a_few_trainings_is_a_note_and_that_of_many_is_not():
    assert "A cell's truth is a mean of 3 trainings" in " ".join(printed(FULL).split())
    many = board(runs("nao", NAO), truth=replace(TRUTH, repeats=10))
    one = board(runs("nao", NAO), truth=replace(TRUTH, repeats=1))
    assert "A cell's truth" not in printed(many) + printed(one)


def test_scores_that_are_predictions_are_said_to_be_once():
    caution = "its scores are predictions (held-out tau 0.82)"
    searched = board(runs("random", RANDOM), runs("nao", NAO, oracle="surrogate", caution=caution))
    assert [text for text in searched.warnings if "predictions" in text] == [f"oracle surrogate: {caution}"]
    assert not [text for text in board(RANDOM_AND_NAO).warnings if "predictions" in text]


def test_failed_answers_are_counted_over_the_runs_that_ended_well():
    well = runs("nao", NAO[:2], [1, 2], answers={"Score": AnswerCount(10, 3, "absent"), "Update": AnswerCount(4)})
    badly = runs("nao", ["61 of 64 Update queries failed (diverged)"], [3], failed=True)
    badly = [replace(run, answers={"Update": AnswerCount(64, 61, "diverged")}) for run in badly]
    leaderboard = board(runs("random", RANDOM[:3], [1, 2, 3]), well + badly)
    assert "nao: 6 of 20 Score queries failed (first: absent)" in leaderboard.warnings
    assert not [warning for warning in leaderboard.warnings if warning.startswith("nao: 61")]
    assert "nao: 1 of 3 runs have no value (seed 3: 61 of 64 Update queries failed (diverged))" in leaderboard.warnings
    assert entry("nao", leaderboard).failed_answers == 67
    assert (leaderboard.failed_runs, FULL.failed_runs) == (1, 0)
