"""``harness export`` and the data frames: one schema, exact values, whole files."""

from __future__ import annotations

import csv
import io
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pyarrow import parquet

import harness as package
from harness.core.errors import SettingError, UnknownNameError
from harness.export.columns import RUN_COLUMNS, TRIAL_COLUMNS, ExportColumn, columns_of
from harness.export.files import BATCH_ROWS, arrow_batches, export_file, write_csv, write_json
from harness.leaderboard.stored_boards import stored_boards
from harness.storage.store import Store
from tests.cli.conftest import Harness
from tests.fakes.stored_runs import ended, going
from tests.fakes.table_runs import CELLS, filled, spec, truth_of

STORE = "sqlite:///runs/harness.db"


@pytest.fixture
def three(harness: Harness) -> Harness:
    """The default store with three judged runs of nao and random, one that failed and one that goes on."""
    with Store.open(STORE) as store:
        stored_boards(store, filled(store))
        store.fail(going(store, spec(8), 2), "=out of memory")
        going(store, spec(9), 3)
    return harness


def read_csv(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def database(query: str) -> list[Any]:
    """Rows of the store, not read by the code under test."""
    connection = sqlite3.connect("runs/harness.db")
    rows = connection.execute(query).fetchall()
    connection.close()
    return rows


def test_runs_are_a_row_a_run_and_truth(three: Harness) -> None:
    rows = read_csv(three("export", "runs").out)
    assert list(rows[0]) == [column.name for column in RUN_COLUMNS]
    assert [row["run"] for row in rows] == [run for (run,) in database("SELECT id FROM runs ORDER BY number")]
    for row, cell in zip(rows[:3], CELLS, strict=True):
        assert float(row["value"]) == pytest.approx(truth_of(cell), rel=1e-12)
        told = [
            row[name] for name in ("metric", "split", "truth", "repeats", "truth_epochs", "larger_is_better", "looks")
        ]
        assert told == ["test_perplexity", "test", "rnn2-austen", "10", "6", "false", "1"]
        assert json.loads(row["settings"]) == {"policy": {}, "oracle": {}, "space": {}}
    assert [(row["status"], row["reason"], row["value"], row["metric"]) for row in rows[6:]] == [
        ("failed", "'=out of memory", "", ""),
        ("running", "", "", ""),
    ]


def test_exporting_runs_judges_nothing(harness: Harness) -> None:
    with Store.open(STORE) as store:
        ended(store, spec(1), CELLS[0], trials=2)
    (row,) = read_csv(harness("export", "runs").out)
    assert (row["value"], row["value_reason"]) == ("", "the run was not judged yet; `harness leaderboard` judges it")
    assert database("SELECT * FROM looks") == []


def test_trials_are_a_row_an_answered_score(three: Harness) -> None:
    rows = read_csv(three("export", "trials", "--where", "policy=nao").out)
    assert list(rows[0]) == [column.name for column in TRIAL_COLUMNS]
    stored = database(
        "SELECT id, t.number, architecture, value FROM trials t JOIN runs r ON run = r.number ORDER BY 1, 2"
    )
    found = [(row["run"], int(row["number"]), row["architecture"], float(row["value"])) for row in rows]
    assert sorted(found) == stored


def test_every_form_holds_the_same(three: Harness) -> None:
    for kind, schema in (("runs", RUN_COLUMNS), ("trials", TRIAL_COLUMNS), ("leaderboard", columns_of("leaderboard"))):
        assert three("export", kind, "--format", "parquet", "--output", "x.parquet").status == 0
        told = json.loads(three("export", kind, "--format", "json").out)
        table = parquet.read_table("x.parquet")
        assert table.column_names == [column.name for column in schema] == list(told[0])
        nested = {column.name for column in schema if column.type == "json"}
        read = [{k: json.loads(v) if k in nested else v for k, v in row.items()} for row in table.to_pylist()]
        assert read == told
        assert table.schema.field(schema[-1].name).metadata[b"meaning"].decode() == schema[-1].meaning
        lines = three("export", kind).out
        assert [row[schema[0].name] for row in read_csv(lines)] == [row[schema[0].name] for row in told]


def test_a_leaderboard_row_holds_the_numbers_of_the_leaderboard(three: Harness) -> None:
    (shown,) = json.loads(three("leaderboard", "--json").out)["leaderboards"]
    entry, row = shown["leaderboard"][0], json.loads(three("export", "leaderboard", "--format", "json").out)[0]
    assert (row["policy"], row["seeds"], row["failed"]) == ("nao", 4, 1)
    for name in ("mean", "std", "median", "iqm", "best_rank", "mean_regret", "p_beats_random", "queries", "verdict"):
        assert row[name] == entry[name]
    for name in ("welch_p", "holm_p", "mann_whitney_p", "hedges_g", "difference", "margin", "equivalence_p"):
        assert row[name] == entry["against_random"][name]
    assert row["mean_low"] == entry["mean_interval"]["low"]
    assert row["difference_high"] == entry["against_random"]["interval"]["high"]


def test_markdown_and_latex_have_the_columns_for_reading(three: Harness) -> None:
    printed = [column.name for column in RUN_COLUMNS if column.printed]
    head = three("export", "runs", "--format", "markdown").out.splitlines()[0]
    assert head == f"| {' | '.join(printed)} |"
    assert " & ".join(printed).replace("_", "\\_") in three("export", "runs", "--format", "latex").out
    assert "| policy |" in three("export", "leaderboard", "--format", "markdown").out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("trials", "--format", "latex"), "trials are too many for LaTeX"),
        (("runs", "--format", "parquet"), "--format parquet is no text to print; give --output FILE"),
        (("runs", "--output", "no/such/folder.csv"), "--output 'no/such/folder.csv' is no file in a folder"),
        (("runs", "--where", "polcy=nao"), "unknown key 'polcy'"),
    ],
)
def test_a_mistake_is_one_line_and_leaves_no_file(three: Harness, arguments: tuple[str, ...], words: str) -> None:
    before = sorted(Path().iterdir())
    found = three("export", *arguments)
    assert (found.status, found.out, found.err.count("\n")) == (2, "", 1)
    assert words in found.err
    assert sorted(Path().iterdir()) == before


def test_the_help_says_what_each_column_is(harness: Harness) -> None:
    for kind in ("runs", "trials", "leaderboard"):
        words = " ".join(harness("export", kind, "--help").out.split())
        for column in columns_of(kind):
            assert f"{column.name} {column.type}" in words
            assert column.meaning.split()[-1] in words
    with pytest.raises(UnknownNameError, match="unknown export 'run'; did you mean 'runs'"):
        columns_of("run")


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "runs.csv"
    target.write_text("before")

    def broken() -> None:
        with export_file(target) as out:
            out.write("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        broken()
    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]


def test_who_reads_the_file_before_keeps_what_it_was(tmp_path: Path) -> None:
    target = tmp_path / "runs.csv"
    target.write_text("before")
    with target.open() as reader:
        with export_file(target) as out:
            out.write("after")
        assert (reader.read(), target.read_text()) == ("before", "after")


def test_rows_are_written_while_they_come() -> None:
    out, columns = io.StringIO(), columns_of("trials")

    def rows(writer: Any) -> Iterator[dict[str, Any]]:
        for number in range(3):
            assert out.getvalue().count("\n") >= number
            yield {"number": number}

    for writer in (write_csv, write_json):
        out.seek(0)
        out.truncate()
        writer(rows(writer), columns, out)
    assert [row["number"] for row in json.loads(out.getvalue())] == [0, 1, 2]


def test_parquet_never_holds_more_than_a_part_of_the_rows() -> None:
    taken = 0

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal taken
        for taken in range(1, 2 * BATCH_ROWS + 1):
            yield {"number": taken}

    for i, batch in enumerate(arrow_batches(rows(), columns_of("trials")), 1):
        assert taken == i * BATCH_ROWS == i * len(batch)


def test_a_number_of_more_than_64_bits_is_refused_by_parquet_and_written_by_csv() -> None:
    row, columns, out = {"seed": 2**70}, (ExportColumn("seed", "integer", "", "its seed"),), io.StringIO()
    write_csv([row], columns, out)
    assert out.getvalue() == f"seed\n{2**70}\n"
    with pytest.raises(SettingError, match=r"column 'seed' does not fit 64 bits .*; use csv or json"):
        list(arrow_batches([row], columns))


@example("=1+1", 1.0)
@example("+1", -1.0)
@example("-1", 0.5)
@example("@a", 0.0)
@example("\tx", 1e300)
@given(st.text(st.characters(codec="utf-8", exclude_characters="\r\0")), st.floats(allow_nan=False))
def test_no_text_is_a_formula_and_numbers_are_left_alone(text: str, value: float) -> None:
    out = io.StringIO()
    write_csv([{"t": text, "n": value}], (ExportColumn("t", "text", "", ""), ExportColumn("n", "number", "", "")), out)
    ((_, _), (written, number)) = csv.reader(io.StringIO(out.getvalue(), newline=""))
    assert not written.startswith(("=", "+", "-", "@", "\t"))
    assert written in (text, f"'{text}")
    assert float(number) == value


def test_data_frames_hold_the_same(three: Harness) -> None:
    frame = package.load_runs(where="policy=nao")
    told = json.loads(three("export", "runs", "--where", "policy=nao", "--format", "json").out)
    assert list(frame.columns) == [column.name for column in RUN_COLUMNS]
    assert frame["value"].dropna().tolist() == [row["value"] for row in told if row["value"] is not None]
    assert frame["value"].isna().sum() == 2
    assert [str(frame[name].dtype) for name in ("seed", "value", "policy", "larger_is_better")] == [
        "Int64",
        "Float64",
        "string",
        "boolean",
    ]
    trials = package.load_trials(where=["policy=nao", "seed=1"])
    assert (len(trials), trials["seed"].unique().tolist()) == (5, [1])


def test_an_empty_selection_is_an_empty_frame_of_the_same_columns(three: Harness) -> None:
    frame = package.load_runs(STORE, "policy=enas")
    assert (len(frame), list(frame.columns)) == (0, [column.name for column in RUN_COLUMNS])
