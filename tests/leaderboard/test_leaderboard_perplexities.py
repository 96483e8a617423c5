"""A leaderboard of perplexities: the smallest is the best, and nothing is a percentage."""

import json

import numpy as np
import pytest
import scipy.stats

from harness.leaderboard.formats import render
from tests.fakes.judged_runs import COURSES, FULL, board, entry, every_form, perplexity, printed, runs

NAO = [63.59, 66.22, 70.1, 64.4, 65.0, 66.1, 68.3, 67.2, 65.5, 63.9]
RANDOM = [67.0, 68.0, 69.9, 63.4, 71.2, 66.6, 70.4, 65.7, 68.8, 66.3]
RANKS = [2, 9, 28, 5, 6, 8, 21, 14, 7, 3]
PLACES = {"oracle": "tabular", "space": "rnn2", "search_metric": "validation"}
BOARD = board(
    runs("random", [perplexity(value, 20) for value in RANDOM], **PLACES),
    runs("nao", [perplexity(*pair) for pair in zip(NAO, RANKS, strict=True)], **PLACES),
    truth=COURSES,
)


def test_the_policy_with_the_smallest_mean_leads():
    assert [row.policy for row in BOARD.entries] == ["nao", "random"]
    turned = board(
        runs("random", [perplexity(value, 3) for value in NAO], **PLACES),
        runs("nao", [perplexity(value, 20) for value in RANDOM], **PLACES),
        truth=COURSES,
    )
    assert [row.policy for row in turned.entries] == ["random", "nao"]


def test_the_numbers_agree_with_numpy_and_scipy():
    nao = entry("nao", BOARD)
    assert (nao.best, nao.best_rank, nao.size) == (63.59, 2, 32)
    assert nao.mean == pytest.approx(np.mean(NAO))
    assert nao.std == pytest.approx(np.std(NAO, ddof=1))
    assert nao.mean_regret == pytest.approx(np.mean(NAO) - 62.63)
    assert nao.mean_regret > 0
    assert nao.p_beats_random == pytest.approx((1 - 2 / 32) ** 10)
    assert nao.welch_p == pytest.approx(scipy.stats.ttest_ind(NAO, RANDOM, equal_var=False).pvalue)


def test_perplexities_are_printed_with_two_decimals_and_only_intervals_have_a_level_in_percent():
    lines = printed(BOARD).splitlines()
    spread = f"{np.mean(NAO):.2f} ± {np.std(NAO, ddof=1):.2f}"
    row = next(line for line in lines if line.startswith("nao"))
    assert row.split()[:6] == ["nao", *spread.split(), "63.59", "2"]
    assert f"{np.mean(NAO) - 62.63:.2f}" in row
    for text in every_form(BOARD):
        words = " ".join(text.replace("\\%", "%").split())
        assert "%" not in words.replace("% needs", "").replace("95 % interval", "")


def test_every_printed_form_says_that_smaller_is_better():
    for text in (printed(BOARD), render(BOARD, "markdown"), render(BOARD, "latex")):
        assert "Test perplexity, mean of 10 repeats at 1000 epochs" in " ".join(text.split())
        assert "The smaller, the better." in " ".join(text.split())
    assert "The smaller" not in printed(FULL)
    assert json.loads(render(BOARD, "json"))["leaderboard"][0]["values"] == NAO


def test_the_smallest_mean_is_the_bold_one():
    spread = f"{np.mean(NAO):.2f} ± {np.std(NAO, ddof=1):.2f}"
    assert f"| nao | **{spread}** |" in render(BOARD, "markdown")


def test_a_search_that_saw_the_test_perplexities_is_warned_of():
    seen = board(runs("nao", [perplexity(66.0, 9)], [1], **{**PLACES, "search_metric": "test"}), truth=COURSES)
    assert any("the search of nao saw test_perplexity" in warning for warning in seen.warnings)
    assert not any("saw" in warning for warning in BOARD.warnings)
