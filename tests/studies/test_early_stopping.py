"""Early stopping, on tables whose rankings are known by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy.stats import kendalltau

from backends.tabular.named_tables import open_table
from harness.core.errors import IncompatibleError, UnknownNameError
from harness.studies.early_stopping.measure import EarlyStoppingResult, study_early_stopping
from harness.studies.early_stopping.page import early_stopping_page, evenly_spaced
from tests.backends.tabular import courses
from tests.fakes.tables import numbered, recurrent_table

NAN = float("nan")


def content_of(
    values: dict[int, list[float]],
    *,
    metrics: tuple[str, ...] = ("validation_perplexity", "training_seconds"),
    recipe: str = '{"epochs": 3}',
) -> EarlyStoppingResult:
    means = {epochs: numbered(each) for epochs, each in values.items()}
    table = recurrent_table(means, epochs=tuple(values), metrics=metrics, recipe=recipe)
    return study_early_stopping(table, top=2)  # type: ignore[arg-type]


CROSSING = {1: [10.0, 20.0, 30.0, 40.0, 50.0], 2: [20.0, 10.0, 30.0, 50.0, 40.0], 9: [30.0, 20.0, 10.0, 50.0, 40.0]}
"""Perplexities, the smaller the better."""


def test_the_ranks_of_each_epoch_are_those_of_its_smallest_perplexities() -> None:
    content = content_of(CROSSING)
    ranks = {cell["cell"]: cell["ranks"] for cell in content["cells"]}
    assert list(ranks.values()) == [[3, 3, 1], [2, 1, 2], [1, 2, 3], [5, 4, 4], [4, 5, 5]]
    assert next(iter(ranks)) == courses.text_of(2)
    assert content["epochs"] == [1, 2, 9]


def test_tau_is_that_of_scipy_and_one_at_the_end() -> None:
    taus = [row["tau"] for row in content_of(CROSSING)["rows"]]
    assert taus == pytest.approx([kendalltau(CROSSING[e], CROSSING[9]).statistic for e in (1, 2, 9)])
    assert taus[-1] == pytest.approx(1)


def test_who_early_stopping_would_choose_is_told_with_what_becomes_of_it() -> None:
    first, second, last = content_of(CROSSING)["rows"]
    assert (first["chosen"], first["final_rank"], first["regret"]) == ([courses.text_of(0)], 3, 20)
    assert (second["chosen"], second["final_rank"], second["regret"]) == ([courses.text_of(1)], 2, 10)
    assert (last["chosen"], last["final_rank"], last["regret"]) == ([courses.text_of(2)], 1, 0)


def test_the_final_top_is_looked_for_in_the_top_of_each_epoch() -> None:
    rows = content_of(CROSSING)["rows"]
    assert [(row["kept"], row["top"]) for row in rows] == [(1, 2), (1, 2), (2, 2)]


def test_the_farthest_cell_is_the_one_whose_rank_changes_most() -> None:
    first, _, last = content_of(CROSSING)["rows"]
    assert first["change"] is not None
    assert abs(first["change"]["rank"] - first["change"]["final_rank"]) == 2
    assert last["change"] is None


def test_of_accuracies_the_largest_is_best() -> None:
    accuracies = {4: [0.1, 0.2, 0.3], 12: [0.3, 0.2, 0.1]}
    content = content_of(accuracies, metrics=("validation_accuracy",), recipe='{"epochs": [4, 12]}')
    assert [cell["ranks"] for cell in content["cells"]] == [[3, 1], [2, 2], [1, 3]]
    assert content["rows"][0]["tau"] == -1
    assert content["rows"][0]["regret"] == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("recipe", "one_course", "words"),
    [
        ('{"epochs": 9}', True, "moments of one training"),
        ('{"epochs": [1, 9]}', False, "a training of its own"),
        ('{"dataset": "made up"}', None, "does not tell"),
        ("as published", None, "does not tell"),
    ],
)
def test_the_recipe_tells_whether_the_budgets_are_one_course(recipe: str, one_course: bool | None, words: str) -> None:
    content = content_of(CROSSING, recipe=recipe)
    assert content["one_course"] is one_course
    assert any(words in note for note in early_stopping_page(content).notes)


def test_cells_that_tie_share_the_best_rank_and_are_chosen_together() -> None:
    tied = {1: [5.0, 5.0 + 1e-13, 7.0], 2: [5.0, 7.0, 6.0]}
    content = content_of(tied)
    assert {cell["cell"]: cell["ranks"][0] for cell in content["cells"]} == {
        courses.text_of(0): 1,
        courses.text_of(1): 1,
        courses.text_of(2): 3,
    }
    row = content["rows"][0]
    assert (len(row["chosen"]), row["final_rank"], row["regret"]) == (2, 2.0, pytest.approx(1.0))
    assert row["tau"] == pytest.approx(kendalltau([5, 5, 7], [5, 7, 6]).statistic)


def test_a_cell_that_diverges_has_no_rank_from_then_on() -> None:
    content = content_of({1: [1.0, 2.0, 3.0, 4.0], 2: [NAN, 3.0, 2.0, 4.0]})
    assert content["cells"][-1] == {"cell": courses.text_of(0), "ranks": [1, None], "values": [1.0, None]}
    row = content["rows"][0]
    assert (row["cells"], row["chosen"], row["final_rank"], row["regret"]) == (3, [courses.text_of(0)], None, None)
    assert row["tau"] == pytest.approx(1 / 3)
    assert any("left out after epoch: 1 (1), 2 (1)" in note for note in early_stopping_page(content).notes)


def test_an_epoch_after_which_no_cell_has_a_value_has_reasons_and_no_numbers() -> None:
    content = content_of({1: [NAN, NAN, NAN], 2: [3.0, 2.0, 4.0]})
    row = content["rows"][0]
    assert (row["cells"], row["tau"], row["chosen"], row["final_rank"], row["change"]) == (0, None, [], None, None)
    assert "at least 3 pairs" in str(row["reason"])
    assert "–" in early_stopping_page(content).grids[0].rows[0]


@pytest.mark.parametrize("metric", ["validation_perplexity", "test_perplexity"])
def test_a_table_of_courses_is_read_from_its_file(tmp_path: Path, metric: str) -> None:
    courses.write(tmp_path / "rnn2.h5")
    content = study_early_stopping(open_table(tmp_path / "rnn2.h5"), metric)
    assert [cell["cell"] for cell in content["cells"]] == [courses.text_of(key) for key in courses.BEST_FIRST]
    assert [row["tau"] for row in content["rows"]] == pytest.approx([1.0] * 4)
    assert [row["kept"] for row in content["rows"]] == [5] * 4
    assert content["repeats"] == 3


def test_the_metric_is_the_validation_one_unless_another_is_asked_for(tmp_path: Path) -> None:
    courses.write(tmp_path / "rnn2.h5")
    table = open_table(tmp_path / "rnn2.h5")
    assert study_early_stopping(table)["metric"] == "validation_perplexity"
    for wrong in ("test_accuracy", "training_seconds"):
        with pytest.raises(UnknownNameError, match=rf"unknown metric of table 'rnn2' '{wrong}'"):
            study_early_stopping(table, wrong)


def test_a_table_of_one_budget_is_refused() -> None:
    with pytest.raises(IncompatibleError, match="table 'means' has trainings of 7 epochs only"):
        content_of({7: [1.0, 2.0]})


def test_a_table_that_ranks_fewer_than_two_cells_in_the_end_is_refused() -> None:
    with pytest.raises(IncompatibleError, match="no validation_perplexity of two cells"):
        content_of({1: [1.0, 2.0], 2: [1.0, NAN]})


def test_a_table_that_ships_has_the_ranking_that_its_means_have() -> None:
    table = open_table("rnn2-ptb")
    content = study_early_stopping(table)
    final = table.mean("validation_perplexity")
    for row, epoch in zip(content["rows"], table.epochs, strict=True):
        early = table.mean("validation_perplexity", epoch)
        assert row["tau"] == pytest.approx(kendalltau(early, final).statistic)
        assert row["regret"] == pytest.approx(final[early.argmin()] - final.min())


def test_a_long_course_is_shown_at_eight_epochs_from_the_first_to_the_last() -> None:
    assert evenly_spaced(6) == [0, 1, 2, 3, 4, 5]
    assert evenly_spaced(1000) == [0, 143, 285, 428, 571, 714, 856, 999]


def test_the_page_has_a_row_for_each_epoch_and_one_for_each_of_the_final_best() -> None:
    epochs, best = early_stopping_page(content_of(CROSSING)).grids
    assert [row[0] for row in epochs.rows] == ["1", "2", "9"]
    assert epochs.rows[0][2:6] == ("1 of 2", courses.text_of(0), "3", "20.00")
    assert best.rows == ((courses.text_of(2), "3", "3", "1"), (courses.text_of(1), "2", "1", "2"))
