"""``harness watch``, and what ``harness run`` says of its runs, as a user meets them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.core.budget import Cost
from harness.storage.records import ScoreRow
from harness.storage.store import Store
from tests.cli.conftest import Harness
from tests.fakes.stored_runs import checkpoint, spec

RUN = ("run", "--oracle", "synthetic", "--space", "nasbench101-v4", "--workers", "1", "--policy", "evolution")
SHORT = (*RUN, "--set", "evolution.samples=50", "--seeds", "1,2")


HEARING = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from harness.cli import main
main()
"""
"""The command line, which hears Ctrl-C even as the child of a job in the background, where a shell ignores it."""


@pytest.fixture
def store(tmp_path: Path) -> str:
    """The URL of a store in which one run is finished, one goes, and one waits."""
    url = f"sqlite:///{tmp_path / 'watched.db'}"
    with Store.open(url) as opened:
        for seed, trials in ((1, 100), (2, 40), (3, 0)):
            opened.begin(spec(seed), {})
            if trials:
                rows = [ScoreRow(trials - 1, "a cell", 8, -4.0, None, 8.0, 2.5)]
                opened.commit(spec(seed).digest, rows, checkpoint(trials, spent=Cost(trials, 8.0, 7_200.0)))
        opened.finish(spec(1).digest, "a cell")
    return url


def test_one_look_is_a_page_for_the_eye(harness: Harness, store: str) -> None:
    ended = harness("watch", "--once", "--store", store)
    assert (ended.status, ended.err) == (0, "")
    lines = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert "nao tabular rnn2 1 0 1 1" in lines
    assert f"{spec(2).digest[:12]} nao tabular 2 40 40 of 100 54.60 2.0 h –" in lines  # e to the 4th


def test_one_look_is_one_document_for_machines(harness: Harness, store: str) -> None:
    document = json.loads(harness("watch", "--once", "--json", "--store", store).out)
    assert document["groups"] == [
        {"policy": "nao", "oracle": "tabular", "space": "rnn2", "finished": 1, "failed": 0, "going": 1, "waiting": 1}
    ]
    (going,) = document["going"]
    assert (going["run"], going["seed"], going["trials"]) == (spec(2).digest, 2, 40)
    assert going["best"] == pytest.approx(54.598, abs=0.001)
    assert (going["metric"], going["budget_queries"], going["usual_queries"]) == ("validation perplexity", 100, 100)
    assert going["spent"] == {"queries": 40, "epochs": 8.0, "seconds": 7200.0}


def test_watching_a_store_in_which_nothing_runs_any_more_ends(
    harness: Harness, store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.live.watch.IDLE_SECONDS", 0.0)
    with Store.open(store) as opened:
        for seed in (2, 3):
            opened.begin(spec(seed), {})
            opened.finish(spec(seed).digest, "a cell")
    ended = harness("watch", "--store", store)
    assert (ended.status, ended.err) == (0, "")
    assert re.fullmatch(r"\d\d:\d\d:\d\d 3 finished, 0 failed, 0 going, 0 waiting\n", ended.out)


def test_watching_in_a_pipe_is_a_line_a_change_and_ctrl_c_is_no_mistake(store: str) -> None:
    command = [sys.executable, "-c", HEARING, "watch", "--store", store, "--interval", "0.1"]
    watch = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert watch.stdout is not None
    first = watch.stdout.readline()
    assert "1 finished, 0 failed, 1 going, 1 waiting; nao tabular 2 at 40 of 100 queries, best validation" in first
    with Store.open(store) as opened:
        opened.begin(spec(2), {})
        opened.finish(spec(2).digest, "a cell")
    assert "2 finished, 0 failed, 0 going, 1 waiting" in watch.stdout.readline()
    watch.send_signal(signal.SIGINT)
    rest, errors = watch.communicate(timeout=60)
    assert (watch.returncode, rest, errors) == (0, "", "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("watch", "--json"), "--once"),
        (("watch", "--interval", "0"), "--interval"),
        (("watch",), "there is no run store 'sqlite:///runs/harness.db'; `harness run` makes one"),
    ],
)
def test_a_mistake_is_one_line(harness: Harness, tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    ended = harness(*arguments)
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert words in ended.err
    assert not list(tmp_path.iterdir())


@pytest.mark.slow(reason="watches runs in another process")
def test_runs_in_another_process_can_be_watched(harness: Harness, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "harness", *RUN, "--set", "evolution.samples=1000000", "--seeds", "1"]
    run = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        late = time.monotonic() + 60
        going = []
        while not going and time.monotonic() < late:
            time.sleep(0.2)
            ended = harness("watch", "--once", "--json")
            going = json.loads(ended.out)["going"] if ended.status == 0 else []
    finally:
        os.kill(run.pid, signal.SIGKILL)
        run.wait()
    (seen,) = going
    assert (seen["policy"], seen["seed"], seen["metric"]) == ("evolution", 1, "validation score")
    assert seen["spent"]["queries"] > 0
    assert 0 < seen["best"] <= 1


def test_plain_lines_stay_out_of_the_document(harness: Harness) -> None:
    ended = harness(*SHORT, "--json")
    json.loads(ended.out)
    lines = ended.err.splitlines()
    assert len(lines) == 4  # two seeds of evolution and of random
    assert re.fullmatch(
        r"done 1/4: evolution synthetic 1, 50 queries, best validation score [\d.]+, [\d.]+ hours, \d+ s", lines[0]
    )


def test_quiet_prints_results_alone(harness: Harness) -> None:
    loud = harness(*SHORT, "--json", "--store", "sqlite:///loud.db")
    quiet = harness(*SHORT, "--json", "--store", "sqlite:///quiet.db", "--quiet")
    assert (quiet.status, quiet.out, quiet.err) == (0, loud.out, "")


@pytest.mark.slow(reason="whole runs with scalars")
def test_scalars_are_no_part_of_a_run(harness: Harness, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="the package tensorboard is not installed")
    plain = harness(*SHORT, "--json")
    again = harness(*SHORT, "--json", "--tensorboard", "scalars")  # the runs are found
    assert (again.out, again.err) == (plain.out, "")
    assert not (tmp_path / "scalars").exists()
    written = harness(*SHORT, "--json", "--tensorboard", "scalars", "--store", "sqlite:///other.db")
    assert written.out == plain.out
    folders = {path.name.rpartition("-")[0] for path in (tmp_path / "scalars").iterdir()}
    assert folders == {f"{policy}-synthetic-{seed}" for policy in ("evolution", "random") for seed in (1, 2)}


def test_no_color_leaves_a_terminal_without_colours(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")  # what is written here counts as a terminal
    monkeypatch.setenv("TERM", "xterm-256color")
    coloured = r"\x1b\[(\d+;)*(3[0-9]|4[0-9]|9[0-7])[;m]"
    assert re.search(coloured, harness(*SHORT).err)
    monkeypatch.setenv("NO_COLOR", "1")
    ended = harness(*SHORT, "--store", "sqlite:///other.db")
    assert "4 of 4 runs" in re.sub(r"\x1b\[[\d;]*m", "", ended.err)
    assert not re.search(coloured, ended.err + ended.out)
