"""What a store holds never gives the terminal an order, whichever command prints it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harness.cli import export
from harness.output.terminal import Printed
from harness.storage.store import Store
from tests.cli.conftest import Harness
from tests.fakes.stored_runs import ended, going
from tests.leaderboard.test_stored_boards import CELLS, spec
from tests.output.test_terminal import orders

pytestmark = pytest.mark.slow(reason="every command that reads a store is run")

HOSTILE = "n\x1b[31m\x07\r\x9b2J\x85\u202e\u2066x"


@pytest.fixture
def hostile(harness: Harness) -> Harness:
    """The default store with runs of a policy whose name is hostile, one that failed so, and one that goes on."""
    with Store.open("sqlite:///runs/harness.db") as store:
        ended(store, spec(1, HOSTILE), CELLS[0], trials=3, provenance={"python": HOSTILE})
        ended(store, spec(2, HOSTILE, policy_settings={HOSTILE: HOSTILE}), CELLS[1], trials=3)
        ended(store, spec(1, "random"), CELLS[2])
        store.fail(going(store, spec(8, "nao"), 2), HOSTILE)
        going(store, spec(9, HOSTILE), 2)
    return harness


@pytest.mark.parametrize(
    "command",
    [
        "leaderboard",
        "leaderboard --format csv",
        "leaderboard --format markdown",
        "leaderboard --format latex",
        "leaderboard --json",
        "leaderboard --pairs",
        "leaderboard --statistics",
        "list runs",
        "list runs --json",
        "show 0",
        "watch --once",
        "watch --once --json",
        "compare runs/harness.db runs/harness.db",
        "merge other.db runs/harness.db",
    ],
)
def test_names_and_reasons_are_printed_as_escapes(hostile: Harness, command: str) -> None:
    if command == "show 0":
        with Store.read("sqlite:///runs/harness.db") as store:
            command = f"show {store.runs()[1].id}"
    found = hostile(*command.split())
    assert (found.status, orders(found.out + found.err)) == (0, set())
    if "json" in command:
        json.loads(found.out)


def test_a_recommendation_and_a_condition_are_quoted_in_errors(hostile: Harness) -> None:
    with Store.open("sqlite:///runs/harness.db") as store:
        ended(store, spec(3, HOSTILE), HOSTILE, trials=3)
    for command in (["leaderboard"], ["list", "runs", "--where", f"policy={HOSTILE}!"], ["show", HOSTILE]):
        found = hostile(*command)
        assert (found.status, orders(found.out + found.err)) == (2, set())
        assert found.err.startswith("error: ")
        assert found.err.count("\n") == 1


def test_an_export_is_escaped_on_a_terminal_and_exact_elsewhere(
    hostile: Harness, monkeypatch: Any, capsys: Any
) -> None:
    assert HOSTILE in hostile("export", "runs").out.replace("\r\n", "\r")
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    export._save(lambda out: out.write(HOSTILE), None)
    assert orders(capsys.readouterr().out) == set()
    Printed().writelines([HOSTILE, HOSTILE])
    assert orders(capsys.readouterr().out) == set()


def test_a_full_disk_is_one_line(hostile: Harness, monkeypatch: Any) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("harness.cli.leaderboard.echo", full)
    found = hostile("leaderboard", "--json")
    assert (found.status, found.err) == (2, "error: the disk is full; make room and give the same command again\n")
