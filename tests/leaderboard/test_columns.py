"""One entry in the registry is a column of every view."""

from __future__ import annotations

import csv
import importlib
import io
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import cli
from harness.core.numbers import Number, Undefined
from harness.judging.judged_runs import values_of
from harness.leaderboard import columns
from harness.leaderboard.column import METRIC_UNIT, VIEWS, Column, ColumnKind, Heading
from harness.leaderboard.formats import render
from harness.leaderboard.leaderboard import LeaderboardEntry
from harness.leaderboard.views import view_columns
from harness.report.write import write_report
from harness.storage.store import Store
from tests.fakes.judged_runs import NAO, RANDOM_AND_NAO, SCRATCH, board, printed, runs
from tests.report.stores import fill

ROOT = Path(__file__).parent.parent.parent
MEANING = "the best value minus the worst"


def value_range(entry: LeaderboardEntry) -> Number:
    """The range of an entry's values."""
    found = values_of(entry.runs)
    return max(found) - min(found) if len(found) > 1 else Undefined("one value has no range")


PLANTED = (
    Column("value_range", MEANING, ColumnKind("number", METRIC_UNIT), value_range)
    .show("main", Heading("range{sign}"))
    .show("summaries", Heading("range{sign}"))
    .show("report", Heading("range{sign}", "How far the seeds lie apart"))
)


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry with one entry more."""
    monkeypatch.setattr(columns, "ENTRY_COLUMNS", (*columns.ENTRY_COLUMNS, PLANTED))


@pytest.mark.usefixtures("planted")
def test_one_entry_of_the_registry_is_a_column_of_every_form() -> None:
    several = board(RANDOM_AND_NAO, runs("enas", [0.93], [1]))
    width = f"{100 * (0.941 - 0.925):.2f}"
    row = next(line for line in printed(several, 120).splitlines() if line.startswith("nao"))
    assert row.split()[-1] == width
    assert "range" in printed(several, 120)
    assert "one value has no range" in printed(several, 120)
    read = {line["policy"]: line for line in csv.DictReader(io.StringIO(render(several, "csv")))}
    assert float(read["nao"]["value_range"]) == pytest.approx(0.016)
    assert (read["enas"]["value_range"], "value_range: one value has" in read["enas"]["reasons"]) == ("", True)
    records = {line["policy"]: line for line in json.loads(render(several, "json"))["leaderboard"]}
    assert records["nao"]["value_range"] == pytest.approx(0.016)
    assert records["enas"]["value_range"] is None
    assert records["enas"]["reasons"]["value_range"] == "one value has no range"
    assert f"| {width} |" in render(several, "markdown")
    assert "| range % |" in render(several, "markdown")
    assert f"& {width} \\\\" in render(several, "latex")
    assert render(several, "markdown", statistics=True).count("range %") == 2


@pytest.mark.slow(reason="draws a report")
@pytest.mark.usefixtures("planted")
def test_one_entry_of_the_registry_is_a_column_of_the_report(tmp_path: Path) -> None:
    url = fill(tmp_path / "runs.db")
    with Store.read(url) as store:
        page = write_report(store, store.runs(), tmp_path / "report.html").read_text(encoding="utf-8")
    assert re.search(r"<th[^>]*>(<[^>]*>)*range<", page)
    assert "How far the seeds lie apart" in page


@pytest.mark.usefixtures("planted")
def test_one_entry_of_the_registry_is_a_column_of_the_export_and_of_its_documentation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    arguments = ("export", "leaderboard", "--store", fill(tmp_path / "runs.db"))
    for row in json.loads(CliRunner().invoke(cli, (*arguments, "--format", "json")).output):
        assert row["value_range"] >= 0
    assert "value_range" in CliRunner().invoke(cli, arguments).output.splitlines()[0].split(",")
    assert MEANING in " ".join(CliRunner().invoke(cli, ("export", "leaderboard", "--help")).output.split())
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    documented = "\n".join(importlib.import_module("generated").export())
    assert f"| `value_range` | number | the metric's | {MEANING} |" in documented


def test_names_are_unique_and_every_column_says_what_it_is() -> None:
    for registry in (columns.ENTRY_COLUMNS, columns.COMPARISON_COLUMNS):
        assert len({column.name for column in registry}) == len(registry)
        assert all(column.meaning and set(column.shows) <= set(VIEWS) for column in registry)


def test_the_orders_name_columns_that_there_are() -> None:
    known = {column.name for column in (*columns.ENTRY_COLUMNS, *columns.COMPARISON_COLUMNS)}
    assert all(set(names) <= known for names in columns.ORDERS.values())


def test_a_stored_leaderboard_has_the_names_of_the_registry() -> None:
    names = {column.name for column in columns.ENTRY_COLUMNS} | {"reasons"}
    for path in (ROOT / "benchmarks" / "results").glob("leaderboard-*.json"):
        for record in json.loads(path.read_text(encoding="utf-8"))["leaderboard"]:
            assert set(record) <= names


def test_a_board_without_ranks_has_no_ranks_in_the_report() -> None:
    ranked, unranked = board(runs("nao", NAO)), board(runs("nao", ["gone"] * 10), truth=SCRATCH)
    assert "best rank of\n423,624" in [column.head for column in view_columns(ranked, "report")]
    assert not any("rank" in column.head for column in view_columns(unranked, "report"))
