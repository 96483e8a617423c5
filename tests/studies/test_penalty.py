"""What weight sharing costs, from leaderboards made by hand and from real runs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import ttest_ind
from statsmodels.stats.multitest import multipletests

from harness.core.errors import IncompatibleError
from harness.leaderboard.leaderboard import Leaderboard
from harness.studies.penalty.measure import POLICIES, PenaltyResult, compare_oracles, space_of
from harness.studies.penalty.page import penalty_page
from tests.fakes.judged_runs import COURSES, SCRATCH, board, perplexity, runs

SEEDS = (1, 2, 3)
BEFORE, AFTER = [0.93, 0.94, 0.92], [0.90, 0.93, 0.92]


def welch_interval(a: list[float], b: list[float]) -> tuple[float, float]:
    return tuple(ttest_ind(a, b, equal_var=False).confidence_interval(0.95))


def accuracies(after: list[Any] = AFTER) -> Leaderboard:
    shared = runs("nao", after, SEEDS, taus=[0.1, 0.2, 0.3], oracle="supernet")
    return board(runs("random", [0.8, 0.9, 0.85], SEEDS), runs("nao", BEFORE, SEEDS), shared)


def test_the_penalty_is_what_an_accuracy_loses_seed_by_seed() -> None:
    (row,) = compare_oracles(accuracies(), ["nao"], "supernet")["rows"]
    cost = row["penalty"]
    assert cost["differences"] == pytest.approx([0.03, 0.01, 0.0])
    assert (cost["pairs"], cost["mean"]) == (3, pytest.approx(0.04 / 3))
    assert cost["std"] == pytest.approx(np.std([0.03, 0.01, 0.0], ddof=1))
    assert cost["welch_p"] == pytest.approx(ttest_ind(BEFORE, AFTER, equal_var=False).pvalue)


def test_the_penalty_is_what_a_perplexity_gains() -> None:
    before, after = [perplexity(63.0, 2), perplexity(64.0, 5)], [perplexity(70.0, 30), perplexity(63.5, 4)]
    sides = runs("enas", before, (1, 2)), runs("enas", after, (1, 2), taus=[0.1, 0.1], oracle="supernet")
    made = board(runs("random", [perplexity(68.0, 20)] * 2, (1, 2)), *sides, truth=COURSES)
    content = compare_oracles(made, ["enas"], "supernet")
    (row,) = content["rows"]
    assert row["penalty"]["differences"] == [7.0, -0.5]
    assert (row["without"]["ranks"], row["shared"]["ranks"]) == ([2, 5], [30, 4])
    assert (row["without"]["best"], row["shared"]["best_rank"]) == (63.0, 4)
    assert row["shared"]["p_beats_random"] == pytest.approx((1 - 4 / 32) ** 2)
    assert "The smaller, the better." in penalty_page(content).notes
    assert penalty_page(content).grids[0].rows[0][3] == "+3.25 ± 5.30"


def test_the_interval_is_welchs_and_has_the_sign_of_the_penalty() -> None:
    (row,) = compare_oracles(accuracies(), ["nao"], "supernet")["rows"]
    assert row["penalty"]["interval"] == pytest.approx(welch_interval(BEFORE, AFTER))
    perplexities = [[perplexity(value, 9) for value in side] for side in ([63.0, 64.0, 66.0], [70.0, 65.5, 64.0])]
    before, after = runs("enas", perplexities[0], SEEDS), runs("enas", perplexities[1], SEEDS, oracle="supernet")
    made = board(runs("random", [perplexity(68.0, 20)] * 3, SEEDS), before, after, truth=COURSES)
    (row,) = compare_oracles(made, ["enas"], "supernet")["rows"]
    assert row["penalty"]["interval"] == pytest.approx(welch_interval([70.0, 65.5, 64.0], [63.0, 64.0, 66.0]))
    assert row["verdict"].startswith(
        "enas: no difference from the search without weight sharing found (worse by 2.17 in"
    )


def test_holms_p_is_corrected_for_the_policies_of_the_study() -> None:
    early, late = [0.90, 0.91, 0.92, 0.93], [0.94, 0.95, 0.94, 0.96]
    pairs = {"nao": (late, early), "enas": (late, [0.93, 0.95, 0.94, 0.93])}
    sides = [
        runs(name, values, range(4), oracle=oracle)
        for name, both in pairs.items()
        for oracle, values in zip(("tabular", "supernet"), both, strict=True)
    ]
    content = compare_oracles(board(runs("random", early, range(4)), *sides), ["nao", "enas"], "supernet")
    expected = multipletests([ttest_ind(*both, equal_var=False).pvalue for both in pairs.values()], method="holm")[1]
    assert [row["penalty"]["holm_p"] for row in content["rows"]] == pytest.approx(expected)
    assert content["rows"][0]["verdict"].startswith("nao: worse than the search without weight sharing by 3.25 points")
    assert content["rows"][0]["verdict"] in penalty_page(content).notes


def test_a_seed_without_a_value_on_one_side_has_no_pair() -> None:
    (row,) = compare_oracles(accuracies([0.90, "diverged", 0.92]), ["nao"], "supernet")["rows"]
    assert row["penalty"]["differences"] == [pytest.approx(0.03), None, 0.0]
    assert row["penalty"]["pairs"] == 2
    assert row["shared"]["failed"] == {"2": "diverged"}
    assert row["shared"]["values"] == [0.90, None, 0.92]


def test_a_side_without_any_value_has_reasons_and_dashes() -> None:
    content = compare_oracles(accuracies(["gone", "gone", "gone"]), ["nao"], "supernet")
    cost = content["rows"][0]["penalty"]
    assert (cost["mean"], cost["std"], cost["welch_p"]) == (None, None, None)
    assert (cost["interval"], cost["holm_p"]) == (None, None)
    assert set(cost["reasons"]) == {"mean", "std", "interval", "welch_p", "holm_p"}
    assert "no run has a value" in content["rows"][0]["verdict"]
    values, chances = penalty_page(content).grids
    assert values.rows[0][2:5] == ("–", "–", "–")
    assert chances.rows[0][1:5] == ("94.00", "–", "50,000", "–")


def test_the_page_prints_accuracies_in_per_cent_and_random_below() -> None:
    values = penalty_page(compare_oracles(accuracies(), ["nao"], "supernet")).grids[0]
    p = ttest_ind(BEFORE, AFTER, equal_var=False).pvalue
    low, high = welch_interval(BEFORE, AFTER)
    between = f"{100 * low:.2f} to {100 * high:.2f}"
    spreads = ("93.00 ± 1.00", "91.67 ± 1.53", "+1.33 ± 1.53")
    assert values.rows[0] == ("nao", *spreads, between, f"{p:.3f}", f"{p:.3f}", "0.20 ± 0.10", "–")
    assert values.rows[1][:2] == ("random", "85.00 ± 5.00")


def test_estimated_slopes_are_marked() -> None:
    without = runs("darts", BEFORE, SEEDS, oracle="tabular+score-gradient")
    shared = runs("darts", AFTER, SEEDS, taus=[0.1] * 3, oracle="supernet")
    content: PenaltyResult = compare_oracles(
        board(runs("random", BEFORE, SEEDS), without, shared), ["darts"], "supernet"
    )
    page = penalty_page(content)
    assert page.grids[0].rows[0][0] == "darts †"
    assert any(note.startswith("† Without weight sharing by oracle tabular+score-gradient") for note in page.notes)


def test_trained_cells_have_no_ranks_to_compare() -> None:
    made = board(runs("random", BEFORE, SEEDS), truth=SCRATCH)
    with pytest.raises(IncompatibleError, match="ranks no cells"):
        compare_oracles(made, [], "supernet")


def test_the_defaults_are_the_policies_of_table_3_and_the_space_of_the_table() -> None:
    assert set(POLICIES) == {"enas", "nao", "darts"}
    assert (space_of(None, "rnn2-ptb"), space_of(None, None), space_of("rnn4", "x")) == (
        "rnn2",
        "nasbench101-v5",
        "rnn4",
    )
