"""``harness surrogate``, and searches that ask one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Harness

DIGITS = ("--table", "nasbench101-v5-digits", "--cells", "200")


def fitted(harness: Harness, name: str = "a.surrogate.h5", *arguments: str) -> dict[str, Any]:
    ended = harness("surrogate", "fit", *(arguments or DIGITS), "--output", name, "--json")
    assert (ended.status, ended.err.count("\n")) == (0, 1), ended.err
    document: dict[str, Any] = json.loads(ended.out)
    assert document["digest"][:12] in ended.err
    return document


def test_fit_prints_and_stores_how_good_it_is_and_info_says_the_same(harness: Harness) -> None:
    document = fitted(harness)
    assert (document["metric"], document["epochs"], document["cells"]) == ("validation_accuracy", 12, 200)
    assert document["held_out"]["cells"] == 253
    assert 0.6 < document["held_out"]["tau"] < 0.9
    assert (document["noise"], document["seconds"]) == (True, True)
    assert json.loads(harness("surrogate", "info", "a.surrogate.h5", "--json").out) == document
    shown = harness("surrogate", "info", "a.surrogate.h5")
    assert f"{document['held_out']['tau']:.3f}" in shown.out
    assert "table nasbench101-v5-digits" in shown.out


@pytest.mark.parametrize("form", ["csv", "markdown", "latex"])
def test_info_has_the_forms_of_other_pages(harness: Harness, form: str) -> None:
    document = fitted(harness)
    ended = harness("surrogate", "info", "a.surrogate.h5", "--format", form)
    assert ended.status == 0
    assert f"{document['held_out']['r2']:.3f}" in ended.out


def searched(harness: Harness, *arguments: str) -> dict[str, Any]:
    ended = harness(
        *(
            "run",
            "--oracle",
            "surrogate",
            "--set",
            "oracle.surrogate=a.surrogate.h5",
            "--seeds",
            "1:3",
            "--workers",
            "1",
        ),
        *("--budget-queries", "30", "--json", *arguments),
    )
    assert ended.status == 0, ended.err
    document: dict[str, Any] = json.loads(ended.out)
    return document


def test_a_search_asks_the_surrogate_and_is_judged_by_the_table(harness: Harness) -> None:
    learnt = fitted(harness)
    board = searched(harness, "--policy", "random-search", "--store", "sqlite:///runs.db")
    rows = {row["policy"]: row for row in board["leaderboard"]}
    assert rows["random-search"]["judge"] == "table nasbench101-v5-digits"
    assert rows["random-search"]["queries"] == 30
    assert rows["random-search"]["hours"] > 0
    assert rows["random-search"]["mean"] > 0.8
    warning = "oracle surrogate: its scores are predictions of validation accuracy at 12 epochs (held-out tau "
    figures = f"{learnt['held_out']['tau']:.2f}, R2 {learnt['held_out']['r2']:.2f}, on 253 cells of "
    assert f"{warning}{figures}nasbench101-v5-digits), and its hours are predicted too" in board["warnings"]
    stored_board = json.loads(harness("leaderboard", "--store", "sqlite:///runs.db", "--json").out)
    assert any(text.startswith(warning) for text in json.dumps(stored_board).split('"'))
    run = next(
        line
        for line in json.loads(harness("list", "runs", "--store", "sqlite:///runs.db", "--json").out)
        if line["policy"] == "random-search"
    )
    stored = json.loads(harness("show", run["run"], "--store", "sqlite:///runs.db", "--json").out)
    recorded = stored["spec"]["settings"]["oracle"]
    assert recorded["digest"] == learnt["digest"]
    assert recorded["tau"] == learnt["held_out"]["tau"]
    assert recorded["caution"].startswith("its scores are predictions of validation accuracy at 12 epochs")


@pytest.mark.slow(reason="fits two surrogates")
def test_a_surrogate_that_was_fitted_anew_is_another_run(harness: Harness) -> None:
    fitted(harness)
    arguments = ("--policy", "random-search", "--store", "sqlite:///runs.db")
    searched(harness, *arguments)
    fitted(harness, "a.surrogate.h5", *DIGITS, "--seed", "1")
    searched(harness, *arguments)
    runs = json.loads(harness("list", "runs", "--store", "sqlite:///runs.db", "--json").out)
    assert sum(run["policy"] == "random-search" for run in runs) == 4


def test_the_scores_of_stored_runs_are_learnt_from(harness: Harness) -> None:
    run = ("run", "--policy", "random-search", "--oracle", "tabular", "--budget-queries", "60", "--seeds", "1:4")
    assert harness(*run, "--workers", "1", "--no-equal-cost", "--store", "sqlite:///runs.db").status == 0
    document = fitted(harness, "b.surrogate.h5", "--from-runs", "--store", "sqlite:///runs.db")
    assert document["source"]["name"] == "3 stored runs"
    assert 140 < document["cells"] + document["held_out"]["cells"] <= 180
    assert any("policies asked for" in note for note in document["notes"])


MISTAKES = [
    (("fit", "--output", "a.surrogate.h5"), "either --table NAME or --from-runs"),
    (("fit", *DIGITS, "--from-runs", "--output", "a.surrogate.h5"), "either --table NAME or --from-runs"),
    (("fit", *DIGITS, "--store", "sqlite:///x.db", "--output", "a.surrogate.h5"), "give --from-runs with them"),
    (("fit", *DIGITS, "--output", "a.h5"), "must end in '.surrogate.h5'"),
    (("fit", *DIGITS, "--output", "nowhere/a.surrogate.h5"), "does not exist"),
    (("fit", *DIGITS, "--metric", "training_seconds", "--output", "a.surrogate.h5"), "nothing to search by"),
    (("fit", *DIGITS, "--epochs", "5", "--output", "a.surrogate.h5"), "no trainings of 5 epochs"),
    (("fit", *DIGITS, "--held-out", "1", "--output", "a.surrogate.h5"), "between 0 and 1"),
    (("fit", "--table", "digit", "--output", "a.surrogate.h5"), "unknown table 'digit'"),
    (("fit", "--table", "rnn2-austen", "--cells", "31", "--output", "a.surrogate.h5"), "at most the 29 of 32"),
    (("fit", "--from-runs", "--store", "sqlite:///none.db", "--output", "a.surrogate.h5"), "none.db"),
    (("info", "none.surrogate.h5"), "there is no surrogate file"),
]


@pytest.mark.parametrize(("arguments", "words"), MISTAKES, ids=lambda value: value if isinstance(value, str) else "")
def test_a_mistake_is_one_line_and_writes_nothing(
    harness: Harness, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    ended = harness("surrogate", *arguments)
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert words in ended.err
    assert not list(tmp_path.iterdir())


def test_a_search_without_a_file_and_on_a_foreign_space_is_refused(harness: Harness) -> None:
    run = ("run", "--policy", "random-search", "--oracle", "surrogate", "--seeds", "1")
    assert "oracle.surrogate=FILE" in harness(*run).err
    fitted(harness)
    ended = harness(*run, "--set", "oracle.surrogate=a.surrogate.h5", "--space", "rnn2")
    assert (ended.status, ended.err.count("\n")) == (2, 1)
    assert "is of space 'nasbench101-v5'" in ended.err


def test_a_damaged_file_is_one_line(harness: Harness) -> None:
    fitted(harness)
    path = Path("a.surrogate.h5")
    path.write_bytes(path.read_bytes()[:-500])
    for arguments in (("info", "a.surrogate.h5"),):
        ended = harness("surrogate", *arguments)
        assert (ended.status, ended.err.count("\n")) == (2, 1)
        assert "a.surrogate.h5" in ended.err


def test_the_space_that_is_searched_is_the_surrogates_own(harness: Harness) -> None:
    fitted(harness, "r.surrogate.h5", "--table", "rnn2-austen", "--cells", "20")
    options = ("--set", "oracle.surrogate=r.surrogate.h5", "--policy", "random-search", "--seeds", "1")
    ended = harness("run", "--oracle", "surrogate", *options, "--budget-queries", "10", "--json")
    assert ended.status == 0, ended.err
    assert {row["space"] for row in json.loads(ended.out)["leaderboard"]} == {"rnn2"}
