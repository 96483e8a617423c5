"""Seeds, differences and powers of comparisons to come, against statsmodels and simulation."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import TTestIndPower

from backends.tabular.named_tables import open_table
from harness.core.errors import SettingError
from harness.core.numbers import Undefined
from harness.leaderboard.power_analysis import (
    PolicySpread,
    PowerQuestion,
    basis_of_board,
    basis_of_table,
    deviation_range,
)
from harness.leaderboard.power_page import planning_page
from tests.fakes.judged_runs import COURSES, FULL, NAO, RANDOM, board, perplexity, runs

ALIKE = PolicySpread("alike", 2.0, 2.0, 10)


@pytest.mark.parametrize(("difference", "power", "level"), [(2.0, 0.8, 0.05), (1.0, 0.9, 0.05), (3.0, 0.8, 0.01)])
def test_seeds_and_differences_agree_with_statsmodels_where_both_sides_vary_alike(difference, power, level):
    question = PowerQuestion(power=power, level=level)
    solve = TTestIndPower().solve_power
    needed = solve(difference / 2.0, alpha=level, power=power, ratio=1.0)
    assert ALIKE.needed(difference, question) == math.ceil(needed)
    assert ALIKE.detectable(12, question) == pytest.approx(2.0 * solve(nobs1=12, alpha=level, power=power), rel=1e-4)
    expected = TTestIndPower().power(difference / 2.0, 12, level)
    assert ALIKE.power(difference, 12, question) == pytest.approx(expected, rel=1e-6)


def test_the_power_of_unlike_sides_is_how_often_a_simulated_test_finds_the_difference():
    rng = np.random.default_rng(7)
    a, b = rng.normal(1.5, 0.3, (20_000, 10)), rng.normal(0.0, 2.0, (20_000, 10))
    found = (stats.ttest_ind(a, b, axis=1, equal_var=False).pvalue < 0.05).mean()
    assert PolicySpread("calm", 0.3, 2.0, 10).power(1.5, 10, PowerQuestion()) == pytest.approx(found, abs=0.015)


def test_a_spread_without_a_deviation_answers_nothing_and_says_why():
    reason = Undefined("one seed has no standard deviation")
    for spread in (PolicySpread("one", reason, 2.0, 1), PolicySpread("one", 2.0, reason, 5)):
        assert spread.needed(1.0, PowerQuestion()) == reason
        assert spread.detectable(5, PowerQuestion()) == reason
        assert spread.power(1.0, 5, PowerQuestion()) == reason


def test_a_leaderboard_gives_each_policy_beside_random():
    made = board(runs("random", RANDOM), runs("nao", ["diverged", *NAO[1:]]), runs("enas", NAO, oracle="supernet"))
    basis = basis_of_board(made)
    found = {spread.name: spread for spread in basis.spreads}
    assert set(found) == {"nao on tabular", "enas on supernet"}
    assert found["nao on tabular"].std == pytest.approx(np.std(NAO[1:], ddof=1))
    assert [spread.random_std for spread in basis.spreads] == pytest.approx([np.std(RANDOM, ddof=1)] * 2)
    assert (found["nao on tabular"].runs, basis.space) == (9, "nasbench101")
    (alone,) = basis_of_board(board(runs("nao", NAO))).spreads
    assert alone.random_std == Undefined("there are no runs of random")


def test_a_table_supposes_a_policy_that_draws_and_one_that_never_varies():
    basis = basis_of_table("rnn2-austen")
    std = np.std(open_table("rnn2-austen").mean("test_perplexity"))
    assert [(spread.std, spread.random_std) for spread in basis.spreads] == [
        (pytest.approx(std), pytest.approx(std)),
        (0.0, pytest.approx(std)),
    ]
    assert (basis.of, basis.space, basis.truth.metric) == ("cells", "rnn2", "test_perplexity")


def test_a_page_of_accuracies_asks_in_points_and_answers_in_fractions():
    question = PowerQuestion(differences=(2.0,), seeds=(10,))
    page = planning_page([basis_of_board(FULL)], question)
    needed, detectable, power = page.grids
    a, b = np.std([0.941, *NAO[1:]], ddof=1), np.std(RANDOM, ddof=1)
    spread = PolicySpread("nao", float(a), float(b), 10)
    seeds = spread.needed(0.02, question)
    assert needed.rows == (("nao", f"{100 * a:.2f}", f"{100 * b:.2f}", f"{seeds}"),)
    assert detectable.rows == (("nao", f"{100 * spread.detectable(10, question):.2f}"),)
    assert power.rows == (("nao", f"{spread.power(0.02, 10, question):.2f}"),)
    (row,) = page.content["bases"][0]["policies"]
    assert row["seeds_needed"] == [{"difference": 0.02, "seeds": seeds, "reasons": {}}]
    assert row["powers"] == [
        {"difference": 0.02, "seeds": 10, "power": spread.power(0.02, 10, question), "reasons": {}}
    ]
    assert planning_page([basis_of_board(FULL)], PowerQuestion()).content["bases"][0]["policies"][0]["powers"] == []


def test_a_page_of_perplexities_takes_differences_as_they_are():
    made = board(
        runs("random", [perplexity(v, 9) for v in (68.0, 69.0, 70.0)], (1, 2, 3)),
        runs("nao", [perplexity(v, 3) for v in (63.0, 64.0, 65.0)], (1, 2, 3)),
        truth=COURSES,
    )
    page = planning_page([basis_of_board(made)], PowerQuestion(differences=(1.0,)))
    expected = math.ceil(TTestIndPower().solve_power(1.0, alpha=0.05, power=0.8, ratio=1.0))
    assert page.grids[0].rows == (("nao", "1.00", "1.00", f"{expected}"),)
    assert "by difference in perplexity" in page.grids[0].title


def test_what_takes_too_many_seeds_is_a_dash_with_its_reason():
    page = planning_page([basis_of_board(FULL)], PowerQuestion(differences=(0.001,)))
    assert page.grids[0].rows[0][-1] == "–"
    assert any(note.startswith("–: it takes more than 10,000 seeds") for note in page.notes)
    (row,) = page.content["bases"][0]["policies"]
    assert row["seeds_needed"][0]["seeds"] is None
    assert "10,000" in row["seeds_needed"][0]["reasons"]["seeds"]


def test_several_truths_stand_on_one_page_and_each_table_says_which():
    page = planning_page([basis_of_board(FULL), basis_of_table("rnn2-austen")], PowerQuestion())
    assert len(page.grids) == 4
    assert "table nasbench101" in page.grids[0].title
    assert "table rnn2-austen" in page.grids[2].title
    assert "table" not in page.title


def test_the_true_deviation_lies_in_the_chi_squared_range():
    rng = np.random.default_rng(3)
    low, high = deviation_range(10)
    ratios = 1.0 / np.std(rng.normal(size=(50_000, 10)), axis=1, ddof=1)
    assert np.quantile(ratios, [0.025, 0.975]) == pytest.approx((low, high), rel=0.02)


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"power": 1.0}, "power 1.0 at level 0.05"),
        ({"power": 0.04}, "power 0.04 at level 0.05"),
        ({"power": math.nan}, "power nan"),
        ({"level": 0.0}, "at least 0.0001"),
        ({"differences": (0.0,)}, "difference 0.0 must be a number above 0"),
        ({"differences": (math.nan,)}, "difference nan must be"),
        ({"differences": (math.inf,)}, "difference inf must be"),
    ],
)
def test_what_no_test_can_have_is_refused(asked, words):
    with pytest.raises(SettingError, match=words):
        PowerQuestion(**asked)
