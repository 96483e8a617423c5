"""Two tables against each other, by hand and against SciPy, and those that ship."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau, spearmanr, weightedtau

from backends.tabular.named_tables import open_table
from harness.core.errors import IncompatibleError, TableError, UnknownNameError
from harness.studies.transfer.measure import TransferResult, study_transfer
from harness.studies.transfer.page import transfer_page
from tests.backends.tabular import courses
from tests.fakes.tables import numbered, recurrent_table

NAN = float("nan")


def table_of(means: dict[str, dict[int, float]], **changes: Any) -> Any:
    """A table from the mean of each cell by each metric."""
    return recurrent_table(means, metrics=tuple(means), **changes)


def perplexities(values: list[float], **changes: Any) -> Any:
    return table_of({"validation_perplexity": numbered(values)}, **changes)


def compared(first: list[float], second: list[float], **changes: Any) -> TransferResult:
    return study_transfer(
        perplexities(first, name="a", digest="a"), perplexities(second, name="b", digest="b"), **changes
    )


A, B = [10.0, 20.0, 30.0, 40.0, 50.0], [30.0, 10.0, 20.0, 60.0, 45.0]
"""Perplexities, the smaller the better: by B cell 1 is best, then 2, 0, 4 and 3."""


def test_the_agreements_are_those_of_scipy() -> None:
    (row,) = compared(A, B, top=2)["rows"]
    worse = [-value for value in A], [-value for value in B]
    assert row["tau"] == pytest.approx(kendalltau(A, B).statistic)
    assert row["spearman"] == pytest.approx(spearmanr(A, B).statistic)
    assert row["weighted_tau"] == pytest.approx(weightedtau(*worse, rank=True).statistic)
    assert (row["cells"], row["kept"], row["chance"]) == (5, 0.5, 0.4)


def test_what_the_best_of_one_is_in_the_other_is_told_both_ways() -> None:
    (row,) = compared(A, B)["rows"]
    assert row["there"] == {"chosen": [courses.text_of(0)], "rank": 3.0, "regret": 20.0}
    assert row["back"] == {"chosen": [courses.text_of(1)], "rank": 2.0, "regret": 10.0}


def test_cells_that_tie_for_the_best_are_chosen_together() -> None:
    (row,) = compared([5.0, 5.0 + 1e-13, 9.0], [3.0, 1.0, 2.0])["rows"]
    assert row["there"] == {"chosen": [courses.text_of(0), courses.text_of(1)], "rank": 2.0, "regret": 1.0}


def test_only_cells_with_a_mean_in_both_are_ranked() -> None:
    first = table_of({"validation_perplexity": {0: 1.0, 1: 2.0, 2: NAN, 3: 4.0, 5: 0.5}}, digest="a")
    second = table_of({"validation_perplexity": {0: 7.0, 1: 6.0, 2: 1.0, 3: 8.0, 4: 2.0}}, digest="b")
    content = study_transfer(first, second, top=1)
    assert (content["common"], content["rows"][0]["cells"]) == (4, 3)
    assert [cell["ranks"] for cell in content["cells"]] == [[1, 2], [2, 1], [3, 3]]
    assert [cell["cell"] for cell in content["cells"]] == [courses.text_of(key) for key in (0, 1, 3)]
    assert content["cells"][0]["values"] == [1.0, 7.0]


def test_of_accuracies_the_largest_is_best_and_measures_may_differ() -> None:
    first = table_of({"validation_accuracy": numbered([0.9, 0.8, 0.7]), "test_accuracy": numbered([0.7, 0.8, 0.9])})
    second = perplexities([10.0, 20.0, 30.0], digest="b")
    found, reversed_ = study_transfer(first, second)["rows"]
    assert (found["first"], found["second"], found["tau"], found["there"]["regret"]) == (
        "validation_accuracy",
        "validation_perplexity",
        pytest.approx(1),
        0.0,
    )
    assert (reversed_["first"], reversed_["tau"], reversed_["there"]["regret"]) == (
        "test_accuracy",
        pytest.approx(-1),
        20.0,
    )
    assert reversed_["back"]["regret"] == pytest.approx(0.2)
    grids = transfer_page(study_transfer(first, second)).grids
    assert (grids[1].rows[1][-1], grids[2].rows[1][-1]) == ("20.00", "20.00 %")


def test_one_table_is_compared_with_itself_by_two_metrics() -> None:
    table = table_of({"validation_accuracy": numbered([0.9, 0.8, 0.7]), "test_accuracy": numbered([0.9, 0.7, 0.8])})
    (row,) = study_transfer(table, table)["rows"]
    assert (row["first"], row["second"], row["tau"]) == ("validation_accuracy", "test_accuracy", pytest.approx(1 / 3))
    with pytest.raises(TableError, match="no other than itself"):
        study_transfer(table, table, "test_accuracy")


@pytest.mark.slow(reason="compares two whole tables both ways")
@given(st.lists(st.integers(1, 9), min_size=3, max_size=12), st.randoms(use_true_random=False))
def test_turned_round_everything_is_the_same_with_both_ways_exchanged(values: list[int], random: Any) -> None:
    other = random.sample(values, len(values))
    (there,) = compared(list(map(float, values)), list(map(float, other)), top=2)["rows"]
    (back,) = compared(list(map(float, other)), list(map(float, values)), top=2)["rows"]
    assert (there["there"], there["back"]) == (back["back"], back["there"])
    assert (there["cells"], there["reasons"]) == (back["cells"], back["reasons"])
    for figure in ("tau", "spearman", "weighted_tau", "kept"):
        assert there[figure] == pytest.approx(back[figure]) if there[figure] is not None else back[figure] is None  # type: ignore[literal-required]


def test_what_does_not_exist_has_a_reason() -> None:
    content = compared([5.0, 5.0, 5.0, 5.0], [1.0, 2.0, 3.0, 4.0])
    (row,) = content["rows"]
    assert (row["tau"], row["kept"], row["chance"]) == (None, None, None)
    assert "does not vary" in row["reasons"]["tau"]
    assert row["reasons"]["kept"] == "a top 5 needs as many cells, not 4"
    page = transfer_page(content)
    assert page.grids[0].rows[0][3:] == ("–", "–", "–", "–")
    assert "– a top 5 needs as many cells, not 4" in page.notes


def test_tables_that_have_nothing_to_compare_are_refused() -> None:
    with pytest.raises(IncompatibleError, match="they share no cells"):
        study_transfer(open_table("rnn2-ptb"), open_table("nasbench101-v5-digits"))
    with pytest.raises(TableError, match="fewer than 3 cells in common, of 2"):
        compared([1.0, 2.0], [1.0, 2.0, 3.0])
    with pytest.raises(UnknownNameError, match="did you mean 'test_perplexity'"):
        study_transfer(open_table("rnn2-ptb"), open_table("rnn2-austen"), "test_perplexiti")
    with pytest.raises(UnknownNameError, match="known: none"):
        study_transfer(table_of({"training_seconds": numbered(A)}), perplexities(B))


def test_the_recurrent_tables_that_ship_agree_as_their_means_do() -> None:
    first, second = open_table("rnn2-ptb"), open_table("rnn2-austen")
    rows = {(row["first"], row["second"]): row for row in study_transfer(first, second)["rows"]}
    assert len(rows) == 4
    for (a, b), row in rows.items():
        means = first.values(a).mean(axis=1), second.values(b).mean(axis=1)
        assert row["tau"] == pytest.approx(kendalltau(*means).statistic)
        assert row["there"]["rank"] == 1 + int((means[1] < means[1][means[0].argmin()]).sum())
        assert row["kept"] == len({*means[0].argsort()[:5]} & {*means[1].argsort()[:5]}) / 5
    assert rows["validation_perplexity", "validation_perplexity"]["tau"] == pytest.approx(0.82, abs=0.005)


def test_the_best_cells_alone_are_listed_of_a_large_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.studies.transfer.measure.LISTED", 2)
    content = compared(A, B)
    assert (content["listed"], [cell["ranks"][0] for cell in content["cells"]]) == (2, [1, 2])
    assert "The content lists the best 2 of 5 cells." in transfer_page(content).notes
