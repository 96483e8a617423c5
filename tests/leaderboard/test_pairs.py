"""Every pair of policies, with one correction for all of them."""

import itertools
import json

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from harness.leaderboard.pairs import pairs, pairs_page
from harness.output.page import render
from tests.fakes.judged_runs import COURSES, FULL, NAO, RANDOM, board, perplexity, runs

ENAS = [0.91, 0.93, 0.90, 0.915, 0.92, 0.905, 0.93, 0.90, 0.91, 0.925]
VALUES = {"nao": NAO, "enas": ENAS, "random": RANDOM}
BOARD = board(*(runs(name, values) for name, values in VALUES.items()))


def test_every_pair_is_there_once_with_the_better_mean_first():
    names = [(pair.first, pair.second) for pair in pairs(BOARD)]
    assert names == [("nao", "enas"), ("nao", "random"), ("enas", "random")]
    assert all(pair.comparison.difference > 0 for pair in pairs(BOARD))
    assert pairs(board()) == pairs(board(runs("nao", NAO))) == []


def test_the_tests_are_scipys_and_holms_correction_is_over_all_pairs():
    expected = [stats.ttest_ind(*both, equal_var=False).pvalue for both in itertools.combinations(VALUES.values(), 2)]
    found = [pair.comparison for pair in pairs(BOARD)]
    assert [each.welch_p for each in found] == pytest.approx(expected)
    assert [each.holm_p for each in found] == pytest.approx(multipletests(expected, method="holm")[1])
    assert found[0].improvement == pytest.approx(np.mean([(a > b) + (a == b) / 2 for a in NAO for b in ENAS]))


def test_a_smaller_perplexity_comes_first_and_differs_by_a_positive_number():
    low, high = [63.0, 64.0, 65.5], [68.0, 69.0, 70.0]
    made = board(
        *(runs(n, [perplexity(v, 3) for v in x], (1, 2, 3)) for n, x in (("a", high), ("b", low))), truth=COURSES
    )
    (pair,) = pairs(made)
    assert (pair.first, pair.second) == ("b", "a")
    assert pair.comparison.difference == pytest.approx(np.mean(high) - np.mean(low))


def test_the_page_prints_points_and_says_why_no_test_is_paired():
    page = pairs_page(BOARD)
    (grid,) = page.grids
    low, high = (100 * end for end in stats.ttest_ind(NAO, RANDOM, equal_var=False).confidence_interval(0.95))
    difference = 100 * (np.mean(NAO) - np.mean(RANDOM))
    assert grid.rows[1][:3] == ("nao", "random", f"+{difference:.2f} [{low:.2f}, {high:.2f}]")
    assert grid.heads[2] == "difference\npoints"
    assert "Tests are unpaired" in page.notes[0]
    assert page.title.startswith("Test accuracy, mean of 3 repeats at 108 epochs; 10 seeds a policy")


def test_the_json_of_the_pairs_is_in_the_metrics_unit_with_reasons():
    content = json.loads(render(pairs_page(BOARD), "json"))
    first = content["pairs"][0]
    assert (first["policy"], first["against"]) == ("nao", "enas")
    assert first["difference"] == pytest.approx(np.mean(NAO) - np.mean(ENAS))
    constant = board(runs("nao", [0.9] * 3, range(3)), runs("enas", [0.8] * 3, range(3)))
    (row,) = pairs_page(constant).content["pairs"]
    assert row["welch_p"] is None
    assert "neither side varies" in row["reasons"]["welch_p"]
    assert any(note.startswith("–: neither side varies") for note in pairs_page(constant).notes)
    assert not any("margin" in note for note in pairs_page(constant).notes)


def test_several_oracles_are_told_apart():
    made = board(runs("nao", NAO), runs("nao", ENAS, oracle="supernet"))
    (pair,) = pairs(made)
    assert (pair.first, pair.second) == ("nao on tabular", "nao on supernet")
    assert [(pair.first, pair.second) for pair in pairs(FULL)] == [("nao", "random")]
