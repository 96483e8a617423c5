"""The noise of the truth in a leaderboard: beside a mean, a rank, a regret and a tau, and in one line of its own."""

import json
import math
from dataclasses import replace

import pytest

from harness.core.judgement import Truth
from harness.core.numbers import Undefined
from harness.judging.cell_noise import CellNoise, error_of_mean
from harness.judging.judged_runs import cross_fitted_regret_of, rank_interval_of, tau_ceiling_of, truth_error_of
from harness.leaderboard.formats import render
from harness.statistics import Interval, NoiseSummary
from tests.fakes.judged_runs import NAO, RANDOM, TRUTH, board, every_form, printed, runs

SUMMARY = NoiseSummary(2_532, 0.0167, 6.5, 0.82, 189, 0.9432, 0.9232, 0.02)


def noise(key, error=0.01, low=19.0, high=1_284.0):
    return CellNoise(key, error, Interval(low, high, 0.95), SUMMARY)


def noisy(policy, values, keys, **changes):
    """Runs whose cells have these keys and a standard error of a point."""
    found = runs(policy, values, **changes)
    return [replace(run, noise=noise(key)) for run, key in zip(found, keys, strict=True)]


BOARD = board(noisy("random", RANDOM, range(10)), noisy("nao", [(0.941, 3_543), *NAO[1:]], [7] * 10))


def test_the_error_of_a_mean_is_shared_by_the_seeds_of_one_cell() -> None:
    assert error_of_mean([noise(1)] * 10) == pytest.approx(0.01)
    assert error_of_mean([noise(key) for key in range(10)]) == pytest.approx(0.01 / math.sqrt(10))
    three = [noise(1, 0.02), noise(1, 0.02), noise(2, 0.03)]
    assert error_of_mean(three) == pytest.approx(math.hypot(2 * 0.02, 0.03) / 3)
    assert error_of_mean([Undefined("no table")]) == Undefined("no table")


def test_an_entry_has_its_error_the_interval_of_its_best_rank_and_a_regret_against_the_cross_fitted_best() -> None:
    nao = next(entry for entry in BOARD.entries if entry.policy == "nao")
    assert truth_error_of(nao.runs) == pytest.approx(0.01)
    assert rank_interval_of(nao.runs) == Interval(19.0, 1_284.0, 0.95)
    assert cross_fitted_regret_of(nao.runs) == pytest.approx(nao.mean_regret - 0.02)
    assert truth_error_of(runs("nao", ["it failed"] * 10)) != 0


def test_every_form_says_how_many_cells_the_table_cannot_tell_apart() -> None:
    line = (
        "the table cannot tell the best 189 of 2,532 cells apart; the best 100 spread 0.82 of their standard errors, "
        "all cells 6.5; the best mean is 94.32 %, the best cell by all repeats but one has 92.32 % in that one"
    )
    assert BOARD.warnings.count(line) == 1
    for text in (printed(BOARD, width=400), *every_form(BOARD)[1:]):
        if not text.startswith("policy,"):  # CSV holds the rows alone
            assert "cannot tell the best 189 of 2,532 cells apart" in text
    content = json.loads(render(BOARD, "json"))["leaderboard"]
    assert [entry["truth_error"] for entry in content] == pytest.approx([0.01, 0.01 / math.sqrt(10)])
    assert content[0]["rank_interval"] == {"low": 19.0, "high": 1_284.0, "level": 0.95}


def test_errors_and_intervals_have_columns_where_the_repeats_were_read_and_none_elsewhere() -> None:
    assert "truth's" in printed(BOARD)
    assert "19 to 1,284" in printed(BOARD)
    assert "cross-fitted" in printed(BOARD, statistics=True)
    plain = board(runs("random", RANDOM), runs("nao", NAO))
    assert "truth's" not in printed(plain, statistics=True)
    assert "cross-fitted" not in printed(plain, statistics=True)
    assert not [text for text in plain.warnings if "cells apart" in text]


def test_a_tau_stands_beside_its_ceiling() -> None:
    taus = [replace(run, tau_ceiling=0.84) for run in noisy("spos", NAO, [7] * 10, taus=[0.2] * 10)]
    shown = board(noisy("random", RANDOM, range(10)), taus)
    assert tau_ceiling_of(taus) == pytest.approx(0.84)
    assert "ceiling" in printed(shown)
    assert "0.84" in printed(shown)
    assert "ceiling" not in printed(board(runs("random", RANDOM), runs("spos", NAO, taus=[0.2] * 10)))


def test_perplexities_have_errors_in_their_own_unit() -> None:
    truth = Truth("test_perplexity", 10, 6, "table", "rnn2", "d" * 64, False, TRUTH.ranking)
    summary = NoiseSummary(32, 0.2, 8.0, Undefined("few"), 3, 54.57, 54.6, 0.03)
    group = [replace(run, noise=CellNoise(1, 0.25, Interval(1, 4, 0.95), summary)) for run in runs("nao", NAO)]
    line = next(text for text in board(group, truth=truth).warnings if "apart" in text)
    assert line == (
        "the table cannot tell the best 3 of 32 cells apart; the best mean is 54.57, the best cell by all repeats but "
        "one has 54.60 in that one"
    )
