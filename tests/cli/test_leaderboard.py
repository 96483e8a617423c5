"""``harness leaderboard`` and ``harness list runs`` as a user meets them."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from harness.storage.store import Store
from tests.cli.conftest import Ended, Harness
from tests.fakes.stored_runs import ended, going
from tests.fakes.table_runs import CELLS, filled, spec, truth_of

STORE = "sqlite:///runs/harness.db"


@pytest.fixture
def three(harness: Harness) -> Harness:
    """The default store with three runs of nao and of random on one table."""
    with Store.open(STORE) as store:
        filled(store)
    return harness


def documents(found: Ended) -> list[dict[str, Any]]:
    assert (found.status, found.err) == (0, "")
    return list(json.loads(found.out)["leaderboards"])


def test_what_a_run_printed_is_told_again_from_its_store(harness: Harness) -> None:
    command = ("run", "--oracle", "synthetic", "--space", "nasbench101-v4", "--workers", "1", "--policy", "evolution")
    ran = json.loads(harness(*command, "--seeds", "1:4", "--set", "evolution.population=9", "--json").out)
    (told,) = documents(harness("leaderboard", "--json"))
    rows = [{name: value for name, value in row.items() if name != "recorded"} for row in told["leaderboard"]]
    assert rows == ran["leaderboard"]
    assert told["warnings"] == ran["warnings"]
    recorded = told["leaderboard"][0]["recorded"]
    assert recorded["settings.policy.population"] == [9]
    assert "seed" not in recorded


def test_the_table_is_printed_with_the_truth_it_is_of(three: Harness) -> None:
    found = three("leaderboard")
    title = " ".join(found.out.split("─")[0].split())
    assert title.startswith(
        "Test perplexity, mean of 10 repeats at 6 epochs; 3 seeds a policy; oracle tabular, space rnn2"
    )
    assert f"{truth_of(CELLS[0]):.2f}" in three("leaderboard", "--where", "seed=1").out


def test_statistics_and_pairs_are_shown_when_they_are_asked_for(three: Harness) -> None:
    assert "Over the seeds" not in three("leaderboard").out
    shown = three("leaderboard", "--statistics").out
    assert "Over the seeds" in shown
    assert "Against uniform draws from the ranked cells" in shown
    assert "pairs of policies" in " ".join(three("leaderboard", "--pairs").out.split())
    (told,) = documents(three("leaderboard", "--pairs", "--json"))
    assert [(pair["policy"], pair["against"]) for pair in told["pairs"]] == [("nao", "random")]


def test_conditions_choose_rows_and_leave_the_baseline(three: Harness) -> None:
    (told,) = documents(three("leaderboard", "--where", "policy=nao", "--where", "seed!=2", "--json"))
    assert [(row["policy"], row["seeds"]) for row in told["leaderboard"]] == [("nao", [1, 3]), ("random", [1, 3])]


def test_rows_are_grouped_by_what_is_asked_for(three: Harness) -> None:
    (told,) = documents(three("leaderboard", "--group-by", "budget.queries", "--json"))
    assert [row["policy"] for row in told["leaderboard"]] == ["nao (budget.queries=100)", "random"]


def test_several_boards_are_one_document_in_every_form(three: Harness) -> None:
    live = {"oracle": "synthetic", "table": None, "table_digest": None}
    with Store.open(STORE) as store:
        ended(store, spec(1, **live), CELLS[0], trials=5)
    assert [len(each["leaderboard"]) for each in documents(three("leaderboard", "--json"))] == [2, 1]
    rows = list(csv.DictReader(io.StringIO(three("leaderboard", "--format", "csv").out)))
    assert [row["judge"] for row in rows] == ["table rnn2-austen"] * 2 + ["table synthetic"]
    assert three("leaderboard", "--format", "latex").out.count("\\begin{table}") == 2
    assert three("leaderboard", "--format", "markdown").out.count("| --- |") >= 2
    refused = three("leaderboard", "--plot", "ranks.png")
    assert (refused.status, refused.err.count("\n")) == (2, 1)
    assert "--plot draws one leaderboard, but these runs make 2" in refused.err


def test_the_ranks_are_drawn(three: Harness) -> None:
    assert three("leaderboard", "--plot", "ranks.png").status == 0
    assert Path("ranks.png").read_bytes().startswith(b"\x89PNG")


def test_cost_against_value_and_the_spread_of_all_cells_are_drawn_too(three: Harness) -> None:
    drawn = set()
    for name in ("ranks", "scatter", "distribution"):
        assert three("leaderboard", "--plot", f"{name}.svg", "--figure", name).status == 0
        drawn.add(Path(f"{name}.svg").read_bytes())
    assert len(drawn) == 3


def test_mean_ranks_want_several_leaderboards(three: Harness) -> None:
    refused = three("leaderboard", "--plot", "ranks.svg", "--figure", "critical-difference")
    assert (refused.status, refused.err.count("\n")) == (2, 1)
    assert "these runs make 1 with 2 rows in common" in refused.err
    assert not Path("ranks.svg").exists()


def test_nothing_is_written_where_everything_was_judged(three: Harness) -> None:
    three("leaderboard")
    before = Path("runs/harness.db").read_bytes()
    Path("runs/harness.db").chmod(0o444)
    assert three("leaderboard").status == 0
    assert Path("runs/harness.db").read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--where", "polcy=nao"), "unknown key 'polcy'; did you mean 'policy'?"),
        (("--where", "policy=enas"), "none of 6 runs has policy=enas; policy is nao, random"),
        (("--where", "nao"), "must look like KEY=VALUE"),
        (("--group-by", "budgt.queries"), "unknown key 'budgt.queries'; did you mean 'budget.queries'?"),
        (("--metric", "test_accuracy"), "has no metric 'test_accuracy' to judge by"),
        (("--store", "sqlite:///none.db"), "there is no run store 'sqlite:///none.db'"),
    ],
)
def test_a_mistake_is_one_line(three: Harness, arguments: tuple[str, ...], words: str) -> None:
    found = three("leaderboard", *arguments)
    assert (found.status, found.out, found.err.count("\n")) == (2, "", 1)
    assert words in found.err


def test_unfinished_runs_are_listed_and_counted(three: Harness) -> None:
    with Store.open(STORE) as store:
        going(store, spec(9), 2)
    rows = json.loads(three("list", "runs", "--where", "status=running", "--json").out)
    assert [(row["policy"], row["seed"], row["status"]) for row in rows] == [("nao", "9", "running")]
    assert "1 run of nao is not finished and left out" in " ".join(three("leaderboard").out.split())


def test_the_margin_of_equality_is_chosen_on_the_command_line(three: Harness) -> None:
    def margin(*options: str) -> float:
        (told,) = documents(three("leaderboard", "--json", *options))
        return next(float(row["against_random"]["margin"]) for row in told["leaderboard"] if row["policy"] == "nao")

    assert margin("--margin", "5") == pytest.approx(5 * margin())
    wrong = three("leaderboard", "--margin", "0")
    assert (wrong.status, "--margin" in wrong.err) == (2, True)
