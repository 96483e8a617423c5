"""Tables of perplexities after every epoch: the format, its checks, and the oracle that answers from them."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends.tabular import Table, open_table
from backends.tabular.layout import spans
from backends.tabular.oracle import TabularOracle
from backends.tabular.verify import info, verify
from harness.core.budget import Cost
from harness.core.errors import IncompatibleError, SettingError
from harness.core.oracle import Failed, Metric, Score, Scored
from harness.planning.settings import create_space
from harness.testing import ORACLE_CHECKS, TABLE_CHECKS, OracleCase
from tests.backends.tabular import courses

RNN2 = create_space("rnn2")


@pytest.mark.parametrize("check", TABLE_CHECKS, ids=lambda check: check.__name__)
def test_a_table_of_perplexities_keeps_the_contract_of_tables(check: Callable[[Any], None], table: Table) -> None:
    check(table)


def test_the_whole_course_of_training_reads_back(table: Table) -> None:
    assert table.metrics == ("validation_perplexity", "test_perplexity", "training_seconds")
    assert (len(table), table.epochs, table.repeats) == (32, (1, 2, 3, 4), 3)
    best = [2]
    assert table.mean("test_perplexity")[best] == pytest.approx([62.0])
    assert [table.mean("test_perplexity", epochs)[2] for epochs in table.epochs] == pytest.approx([248, 124, 93, 62])
    for epochs in table.epochs:
        assert np.argsort(table.mean("validation_perplexity", epochs)).tolist() == courses.BEST_FIRST


def test_tables_of_accuracies_are_as_they_were() -> None:
    digits = open_table("nasbench101-v5-digits")
    assert digits.digest == "ba3571e5341adf005874a93150f0db7a786dec722872dbe7008ac2522a714e44"
    assert verify(digits) == []


def test_a_budget_that_a_long_course_lacks_is_refused_in_a_short_line(tmp_path: Path) -> None:
    shape = (32, 1000, 1)
    values = np.full(shape, 60.0)
    courses.write(
        tmp_path / "long.h5",
        epochs=range(1, 1001),
        recorded=np.ones(shape, dtype=bool),
        final={"test_perplexity": values},
    )
    with pytest.raises(IncompatibleError, match=r"no trainings of 1001 epochs, only of 1 to 1000$"):
        Table.open(tmp_path / "long.h5").budget(1001)


@pytest.mark.parametrize(
    ("epochs", "text"),
    [([4, 12, 36], "4, 12, 36"), ([1, 2], "1, 2"), ([1, 2, 3, 10, 12, 13, 14], "1 to 3, 10, 12 to 14"), ([], "")],
)
def test_budgets_in_a_row_are_written_as_spans(epochs: list[int], text: str) -> None:
    assert spans(epochs) == text


def test_a_sound_table_is_found_clean(table: Table) -> None:
    assert verify(table, RNN2) == []


@pytest.mark.parametrize(
    ("metric", "change", "words"),
    [
        ("test_perplexity", lambda a: np.log(a) / 10, "384 values of final/test_perplexity are out of range"),
        ("test_perplexity", lambda a: a + 3, "test_perplexity equals validation_perplexity everywhere"),
        (
            "training_seconds",
            lambda a: np.full_like(a, 10.0),
            "32 cells took no longer to train for 2 epochs than for 1, and so on at 2 later budgets",
        ),
    ],
)
def test_suspicious_numbers_are_named(tmp_path: Path, metric: str, change: Any, words: str) -> None:
    final = courses.content()["final"]
    courses.write(tmp_path / "a.h5", final=final | {metric: change(final[metric])})
    assert any(words in finding for finding in verify(Table.open(tmp_path / "a.h5")))


def test_missing_repeats_of_a_course_are_one_finding(tmp_path: Path) -> None:
    content = courses.content()
    recorded = content["recorded"].copy()
    recorded[5, 1:, 2] = False
    final = {name: np.where(recorded, values, np.nan) for name, values in content["final"].items()}
    courses.write(tmp_path / "a.h5", recorded=recorded, final=final)
    assert verify(Table.open(tmp_path / "a.h5")) == ["1 of 32 cells lack some of their 3 repeats at 2 to 4 epochs"]


def test_info_says_how_well_the_table_tells_cells_apart(table: Table) -> None:
    figures = info(table)["figures"]["test_perplexity"]
    between = math.sqrt((32**2 - 1) / 12) / 4  # the deviation of 0 to 31, a quarter of a point apart
    assert (figures["cells"], figures["best"]) == (32, pytest.approx(62.0))
    assert figures["mean"] == pytest.approx(62 + 31 / 8)
    assert figures["std"] == pytest.approx(between)
    assert figures["std_of_repeats"] == pytest.approx(0.5)
    assert figures["standard_error"] == pytest.approx(0.5 / math.sqrt(3))
    assert figures["separation"] == pytest.approx(between / (0.5 / math.sqrt(3)))
    assert info(table)["figures"]["training_seconds"]["best"] == 40


def test_single_and_diverged_repeats_say_nothing_of_the_noise(tmp_path: Path) -> None:
    content = courses.content()
    test, recorded = content["final"]["test_perplexity"].copy(), content["recorded"].copy()
    recorded[1, 3, 1:] = False
    recorded[2, 3, 2] = False
    test[0, 3, 0] = np.nan
    test[3:, 3] = np.nan
    courses.write(tmp_path / "a.h5", final={"test_perplexity": np.where(recorded, test, np.nan)}, recorded=recorded)
    figures = info(Table.open(tmp_path / "a.h5"))["figures"]["test_perplexity"]
    assert figures["cells"] == 2
    spread = np.std(test[2, 3, :2], ddof=1)
    assert figures["std_of_repeats"] == pytest.approx(spread)
    assert figures["standard_error"] == pytest.approx(spread / math.sqrt(2))
    recorded[2, 3, 1] = False
    courses.write(tmp_path / "b.h5", final={"test_perplexity": np.where(recorded, test, np.nan)}, recorded=recorded)
    figures = info(Table.open(tmp_path / "b.h5"))["figures"]["test_perplexity"]
    assert (figures["std_of_repeats"], figures["standard_error"], figures["separation"]) == (None, None, None)


def asked(oracle: TabularOracle, key: int, epochs: int | None = None) -> Any:
    return oracle.answer([Score(RNN2.from_key(key), epochs)])[0]


def test_a_score_is_the_negated_logarithm_of_the_mean_perplexity_after_any_epoch(table: Table) -> None:
    oracle = TabularOracle(RNN2, 0, table=str(table.path))
    assert oracle.metric == Metric("negated log perplexity", "validation", -math.inf, 0.0)
    assert asked(oracle, 2) == Scored(pytest.approx(-math.log(65)), Cost(1, 4, 40.0))
    for epochs, factor in ((1, 4), (2, 2), (3, 1.5), (4, 1)):
        assert asked(oracle, 31, epochs) == Scored(
            pytest.approx(-math.log(69.75 * factor + 3)), Cost(1, epochs, 10.0 * epochs)
        )
    with pytest.raises(IncompatibleError, match="no trainings of 5 epochs, only of 1 to 4"):
        asked(oracle, 2, 5)


def test_the_best_cell_scores_highest(table: Table) -> None:
    answers = TabularOracle(RNN2, 0, table=str(table.path)).answer([Score(cell) for cell in RNN2.enumerate()])
    values = [answer.value for answer in answers if isinstance(answer, Scored)]
    assert np.argsort(values)[::-1].tolist() == courses.BEST_FIRST


def test_a_sampled_repeat_is_the_perplexity_of_one_training(table: Table) -> None:
    oracles = [TabularOracle(RNN2, seed, table=str(table.path), repeat="sample") for seed in range(40)]
    assert {round(math.exp(-asked(oracle, 2).value), 6) for oracle in oracles} == {64.5, 65.0, 65.5}


def test_the_search_may_see_test_perplexities_where_it_asks_for_them(table: Table) -> None:
    oracle = TabularOracle(RNN2, 0, table=str(table.path), search_metric="test")
    assert oracle.metric.split == "test"
    assert asked(oracle, 2).value == pytest.approx(-math.log(62))
    with pytest.raises(IncompatibleError, match=r"no train_accuracy or train_perplexity, only validation_perp.*test`$"):
        TabularOracle(RNN2, 0, table=str(table.path), search_metric="train")
    with pytest.raises(SettingError, match="search_metric must be one of 'train', 'validation', 'test'"):
        TabularOracle(RNN2, 0, table=str(table.path), search_metric="perplexity")


def test_a_cell_with_a_diverged_training_behind_its_mean_is_failed(tmp_path: Path) -> None:
    final = courses.content()["final"]
    values = final["validation_perplexity"].copy()
    values[2, 2:, 0] = np.nan
    courses.write(tmp_path / "a.h5", final=final | {"validation_perplexity": values})
    oracle = TabularOracle(RNN2, 0, table=str(tmp_path / "a.h5"))
    assert asked(oracle, 2) == Failed("a training of 4 epochs of this cell diverged", Cost(1, 4, 40.0))
    assert isinstance(asked(oracle, 2, 2), Scored)


@pytest.mark.parametrize("check", ORACLE_CHECKS, ids=lambda check: check.__name__)
def test_the_oracle_of_perplexities_keeps_the_contract_of_oracles(
    check: Callable[[OracleCase], None], table: Table
) -> None:
    check(OracleCase(lambda seed: TabularOracle(RNN2, seed, table=str(table.path), repeat="sample")))
