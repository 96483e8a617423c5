"""Live training from the command line: weights survive kill -9, and both oracles stand in one leaderboard."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import pytest
import yaml

from tests.backends.supernet.tiny import TINY
from tests.cli.conftest import Harness

SEARCH = ("--policy", "spos", "--seeds", "1:3", "--space", "nasbench101-v4", "--json")


def recipe(folder: Path, epochs: int) -> Path:
    path = folder / "tiny.yaml"
    search = {"epochs": epochs, "updates": 5, "population": 10, "generations": 3, "parents": 4}
    path.write_text(yaml.safe_dump(asdict(TINY) | {"search": search | {"mutants": 4, "crossovers": 4}}))
    return path


def committed(database: Path) -> int:
    """Answers in the checkpoints of a store, 0 where there is none yet."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return int(connection.execute("SELECT coalesce(sum(trials), 0) FROM runs").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


VICTIM = """
from harness.cli import main
from harness.execution import engine

engine.CHECKPOINT_SECONDS = 0.1
main()
"""


@pytest.mark.slow(reason="two processes that train a supernet, killed, and two whole searches")
def test_killed_runs_of_a_supernet_go_on_and_end_bit_for_bit(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = ["--set", f"oracle.recipe={recipe(tmp_path, 100)}", "--set", "oracle.seconds=none", "--workers", "1"]
    arguments = ("run", *SEARCH, "--oracle", "supernet", *settings)

    def whole(name: str) -> str:
        (tmp_path / name).mkdir(exist_ok=True)
        monkeypatch.chdir(tmp_path / name)
        return harness(*arguments).out

    expected, trials = whole("whole"), 0
    (tmp_path / "killed").mkdir()
    for _ in range(2):
        command, folder = [sys.executable, "-c", VICTIM, *arguments], tmp_path / "killed"
        victim = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        before = trials
        while trials == before:  # until a checkpoint lies behind the last one
            assert victim.poll() is None, "the runs ended before they could be killed"
            time.sleep(0.02)
            trials = committed(folder / "runs" / "harness.db")
        os.kill(victim.pid, signal.SIGKILL)
        victim.communicate()
    assert 0 < trials < 2 * 500  # updates of both seeds
    assert whole("killed") == expected
    assert json.loads(expected)["leaderboard"][0]["tau"] is not None


@pytest.mark.slow(reason="a supernet trained and searched from the command line")
def test_one_command_searches_with_and_without_weight_sharing(harness: Harness, tmp_path: Path) -> None:
    settings = ("--set", f"supernet.recipe={recipe(tmp_path, 4)}", "--set", "spos.generations=2")
    ended = harness("run", *SEARCH, "--oracle", "tabular", "--oracle", "supernet", *settings)
    assert ended.status == 0, ended.err
    board = json.loads(ended.out)["leaderboard"]
    assert {(row["policy"], row["oracle"]) for row in board} == {
        ("spos", "tabular"),
        ("spos", "supernet"),
        ("random", "tabular"),
    }
    taus = {row["oracle"]: row["tau"] for row in board if row["policy"] == "spos"}
    assert taus["tabular"] is None
    assert -1 <= taus["supernet"] <= 1
