"""``harness merge`` as a user meets it."""

from __future__ import annotations

import json

from harness.storage.store import Store
from tests.cli.conftest import Harness
from tests.fakes.stored_runs import ended, going
from tests.fakes.table_runs import CELLS, filled, spec


def test_sources_become_one_store_and_the_counts_are_told(harness: Harness) -> None:
    with Store.open("sqlite:///a.db") as store:
        filled(store, ("nao",))
    with Store.open("sqlite:///b.db") as store:
        filled(store, ("random",))
        going(store, spec(9), 2)
    found = harness("merge", "all.db", "a.db", "sqlite:///b.db")
    assert (found.status, found.err) == (0, "")
    assert found.out == (
        "a.db: 3 runs added, 0 brought further, 0 known, 0 in conflict; 0 looks added\n"
        "sqlite:///b.db: 4 runs added, 0 brought further, 0 known, 0 in conflict; 0 looks added\n"
    )
    (board,) = json.loads(harness("leaderboard", "--store", "sqlite:///all.db", "--json").out)["leaderboards"]
    assert [row["policy"] for row in board["leaderboard"]] == ["nao", "random"]
    again = harness("merge", "all.db", "a.db", "--json")
    assert (again.status, len(json.loads(again.out)["a.db"]["known"])) == (0, 3)


def test_a_conflict_is_told_with_both_recommendations_and_status_1(harness: Harness) -> None:
    for name, cell in (("a", CELLS[0]), ("b", CELLS[1])):
        with Store.open(f"sqlite:///{name}.db") as store:
            run = ended(store, spec(1), cell)
    found = harness("merge", "a.db", "b.db")
    assert found.status == 1
    assert found.err == (
        f"conflict: run {run[:12]} (nao, seed 1) recommends '{CELLS[1]}' there and '{CELLS[0]}' in the target, "
        "which stays: the seed decides neither\n"
    )
    told = json.loads(harness("merge", "a.db", "b.db", "--json").out)
    assert told["b.db"]["conflicts"] == [
        {"run": run, "policy": "nao", "seed": "1", "target": CELLS[0], "source": CELLS[1]}
    ]


def test_a_mistake_is_one_line_and_makes_nothing(harness: Harness) -> None:
    with Store.open("sqlite:///a.db") as store:
        filled(store)
    for arguments, words in ((("new.db", "none.db"), "there is no run store"), (("a.db", "a.db"), "into itself")):
        found = harness("merge", *arguments)
        assert (found.status, found.out, found.err.count("\n")) == (2, "", 1)
        assert words in found.err
    assert harness("leaderboard", "--store", "sqlite:///new.db").status == 2
