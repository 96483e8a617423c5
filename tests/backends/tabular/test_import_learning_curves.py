"""Importing whole courses of training, from a journal, CSV and Parquet."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.csv
import pyarrow.parquet
import pytest

from backends.tabular import Table
from backends.tabular.import_csv import import_csv
from backends.tabular.import_journal import import_journal
from backends.tabular.verify import info, verify
from harness.core.errors import TableError
from harness.planning.settings import create_space
from tests.backends.tabular import courses

RNN2 = create_space("rnn2")
NAN = float("nan")


def test_a_journal_of_courses_imports_as_the_table_that_it_tells(tmp_path: Path, table: Table) -> None:
    journal = courses.write_journal(tmp_path / "a.journal", courses.journal_rows())
    import_journal(journal, RNN2, tmp_path / "a.h5")
    imported = Table.open(tmp_path / "a.h5")
    assert imported.digest == table.digest
    assert json.loads(imported.recipe) == courses.RECIPE
    assert (imported.provenance["recipe_digest"], imported.provenance["data_digest"]) == ("d", "e")
    assert imported.hashes is None
    assert verify(imported, RNN2) == []


def test_csv_and_parquet_with_a_row_an_epoch_give_the_same_table(tmp_path: Path, table: Table) -> None:
    (tmp_path / "a.csv").write_text(courses.as_csv())
    pyarrow.parquet.write_table(pyarrow.csv.read_csv(tmp_path / "a.csv"), tmp_path / "a.parquet")
    for source in ("a.csv", "a.parquet"):
        import_csv(tmp_path / source, RNN2, tmp_path / "a.h5", recipe=table.recipe)
        assert Table.open(tmp_path / "a.h5").digest == table.digest


def imported_rows(folder: Path, rows: list[dict[str, Any]]) -> Table:
    import_journal(courses.write_journal(folder / "a.journal", rows), RNN2, folder / "a.h5")
    return Table.open(folder / "a.h5")


def test_a_training_that_stopped_when_it_diverged_has_no_later_values_and_costs_no_more(tmp_path: Path) -> None:
    rows = courses.journal_rows()
    rows[1] |= {
        "epochs": [1, 2],
        "validation_perplexity": [300.0, None],
        "test_perplexity": [290.0, math.inf],
        "seconds": [10.0, 15.0],
        "diverged": True,
    }
    table = imported_rows(tmp_path, rows)
    assert table.recorded().all()
    course = [table.values("validation_perplexity", epochs, [0])[0, 1] for epochs in table.epochs]
    np.testing.assert_array_equal(course, [300.0, NAN, NAN, NAN])
    assert [table.values("training_seconds", epochs, [0])[0, 1] for epochs in table.epochs] == [10, 15, 15, 15]
    assert np.isnan(table.mean("test_perplexity"))[[0, 1]].tolist() == [True, False]
    assert verify(table, RNN2) == []


def test_a_training_that_diverged_with_a_number_at_its_end_has_none_in_the_table(tmp_path: Path) -> None:
    rows = courses.journal_rows()
    rows[0]["diverged"] = True
    table = imported_rows(tmp_path, rows)
    assert np.isnan(table.values("test_perplexity", 4, [0])).tolist() == [[True, False, False]]
    assert not np.isnan(table.values("test_perplexity", 3)).any()
    assert info(table)["diverged"]["test_perplexity"] == 1


def test_a_training_that_is_not_at_its_end_yet_is_absent_from_there_on(tmp_path: Path) -> None:
    rows = courses.journal_rows()
    for name in ("epochs", "validation_perplexity", "test_perplexity", "seconds"):
        rows[0][name] = rows[0][name][:2]
    table = imported_rows(tmp_path, rows)
    assert [int(table.recorded(epochs).sum()) for epochs in table.epochs] == [96, 96, 95, 95]
    assert verify(table) == ["1 of 32 cells lack some of their 3 repeats at 3, 4 epochs"]


def test_a_journal_that_was_cut_off_keeps_every_whole_course(tmp_path: Path) -> None:
    journal = courses.write_journal(tmp_path / "a.journal", courses.journal_rows()[:4])
    with journal.open("a") as file:
        file.write(json.dumps(courses.journal_rows()[4])[:50])
    import_journal(journal, RNN2, tmp_path / "a.h5")
    assert Table.open(tmp_path / "a.h5").recorded().tolist() == [[True, True, True], [True, False, False]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"architecture": "tanh@0 relu@2"}, "row 1: node 2 can only follow"),
        (
            {"epochs": [1, 2, 3]},
            r"row 1 \(line 2\): no row of a journal: epochs, perplexities and seconds have different lengths",
        ),
        ({"test_perplexity": [4.1, 3.0, 2.0, 0.9]}, "row 1: test_perplexity is 0.9, but must be a perplexity, which"),
        ({"repeat": 1}, "row 2: the same cell, epochs and repeat as 1, but column 'validation_perplexity' differs"),
        ({"seconds": [1.0, -1.0, 2.0, 3.0]}, "row 1: training_seconds is -1.0"),
    ],
)
def test_a_wrong_course_is_named_by_its_row(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    rows = courses.journal_rows()
    with pytest.raises(TableError, match=words):
        imported_rows(tmp_path, [rows[0] | change, *rows[1:]])


def test_a_course_without_its_perplexities_and_a_result_among_courses_are_named(tmp_path: Path) -> None:
    rows = courses.journal_rows()
    del rows[4]["test_perplexity"]
    with pytest.raises(TableError, match=r"row 5 \(line 6\): no row of a journal: key 'test_perplexity' is missing"):
        imported_rows(tmp_path, rows)
    with pytest.raises(TableError, match=r"row 2 \(line 3\): no row of a journal: epochs cannot be 4"):
        imported_rows(tmp_path, [rows[0], rows[1] | {"epochs": 4}, rows[2]])


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("0.245", "line 2: validation_perplexity is 0.245, but must be a perplexity, which is 1 or more"),
        ("inf", "line 2: validation_perplexity is inf"),
    ],
)
def test_a_number_that_is_no_perplexity_is_named_by_its_line(tmp_path: Path, value: str, words: str) -> None:
    header = "architecture,epochs,validation_perplexity\n"
    (tmp_path / "a.csv").write_text(f"{header}tanh@0 relu@1,1,{value}\n")
    with pytest.raises(TableError, match=words):
        import_csv(tmp_path / "a.csv", RNN2, tmp_path / "a.h5")
