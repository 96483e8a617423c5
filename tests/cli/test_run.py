"""``harness run`` as a user meets it: results, resuming, and one clear line for every mistake."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Harness

SYNTHETIC = ("run", "--oracle", "synthetic", "--space", "nasbench101-v4", "--workers", "1")
SEARCH = ("--policy", "evolution", "--seeds", "1:4", "--set", "evolution.population=9")


def leaderboard(out: str) -> Any:
    return json.loads(out)["leaderboard"]


def test_the_baseline_always_runs_beside_what_was_asked(harness: Harness) -> None:
    ended = harness(*SYNTHETIC, *SEARCH, "--json")
    assert ended.status == 0
    rows = leaderboard(ended.out)
    assert [row["policy"] for row in rows] == ["evolution", "random"]
    for row in rows:
        assert (row["oracle"], row["space"], row["seeds"], row["size"]) == (
            "synthetic",
            "nasbench101-v4",
            [1, 2, 3],
            91,
        )
        assert row["mean"] == pytest.approx(sum(row["values"]) / 3)


def test_without_a_policy_the_baseline_runs_alone(harness: Harness) -> None:
    rows = leaderboard(harness(*SYNTHETIC, "--seeds", "1,2", "--json").out)
    assert [row["policy"] for row in rows] == ["random"]


@pytest.mark.parametrize("columns", ["60", "300"])
def test_a_table_in_a_file_is_100_columns_wide(harness: Harness, monkeypatch: pytest.MonkeyPatch, columns: str) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    lines = harness(*SYNTHETIC, *SEARCH).out.splitlines()
    assert 88 < max(map(len, lines)) <= 100  # the notes below the table fill their lines
    assert any(line.startswith("evolution ") for line in lines)


def test_a_table_on_a_terminal_is_as_wide_as_the_window(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("FORCE_COLOR", "1")  # what is written here counts as a terminal
    lines = re.sub(r"\x1b\[[0-9;]*m", "", harness(*SYNTHETIC, *SEARCH).out).splitlines()
    assert 48 < max(map(len, lines)) <= 60


def test_finished_runs_are_found_and_not_done_again(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    first = harness(*SYNTHETIC, *SEARCH, "--json")

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a finished run was done again")

    monkeypatch.setattr("harness.execution.engine.perform", never)
    assert harness(*SYNTHETIC, *SEARCH, "--json").out == first.out


def test_the_number_of_workers_changes_nothing(harness: Harness) -> None:
    alone = harness(*SYNTHETIC, *SEARCH, "--json", "--store", "sqlite:///one.db")
    pair = harness(*SYNTHETIC, *SEARCH, "--json", "--store", "sqlite:///two.db", "--workers", "2")
    assert alone.status == pair.status == 0
    assert alone.out == pair.out


def test_an_experiment_file_says_the_same_as_flags(harness: Harness) -> None:
    Path("experiment.yaml").write_text(
        "policies: [evolution]\noracle: synthetic\nspace: nasbench101-v4\nseeds: 1:4\nworkers: 1\n"
        "settings: {evolution: {population: 9}}\n"
    )
    by_file = harness("run", "experiment.yaml", "--json", "--store", "sqlite:///one.db")
    assert by_file.out == harness(*SYNTHETIC, *SEARCH, "--json", "--store", "sqlite:///two.db").out


@pytest.mark.parametrize("form", ["table", "csv", "markdown", "latex"])
def test_every_form_shows_every_policy(harness: Harness, form: str) -> None:
    ended = harness(*SYNTHETIC, *SEARCH, "--format", form)
    assert ended.status == 0
    assert "evolution" in ended.out
    assert "random" in ended.out


def test_a_run_can_be_shown_with_its_looks_at_the_truth(harness: Harness) -> None:
    harness(*SYNTHETIC, *SEARCH)
    runs = json.loads(harness("show", "", "--json").out)
    assert {run["status"] for run in runs} == {"finished"}
    evolution = next(run for run in runs if run["policy"] == "evolution")
    shown = json.loads(harness("show", evolution["run"], "--json", "--trials").out)
    assert shown["spec"]["settings"]["policy"]["population"] == 9
    assert len(shown["scored"]) == shown["spent"]["queries"] == shown["scores"]
    assert len(shown["looks_at_the_truth"]) == 1
    assert shown["results"][0]["judgement"]["rank"] >= 1


TABULAR = ("run", "--policy", "evolution", "--seeds", "1:3", "--budget-queries", "30", "--workers", "1")


def policies_of(harness: Harness) -> list[str]:
    return [run["policy"] for run in json.loads(harness("show", "", "--json").out)]


def test_random_search_at_equal_cost_is_stored_but_is_no_row(harness: Harness) -> None:
    ended = harness(*TABULAR, "--json")
    assert [row["policy"] for row in leaderboard(ended.out)] == ["evolution", "random"]
    assert "random search at equal cost: 2 runs" in ended.err
    assert sorted(policies_of(harness)) == ["evolution"] * 2 + ["random"] * 2 + ["random-search"] * 2
    again = harness(*TABULAR, "--json")
    assert again.out == ended.out
    assert "equal cost" not in again.err


@pytest.mark.parametrize("way", ["flag", "file"])
def test_random_search_at_equal_cost_can_be_left_out(harness: Harness, way: str) -> None:
    Path("experiment.yaml").write_text("equal_cost: false\n")
    ended = harness(*TABULAR, "--json", *(["--no-equal-cost"] if way == "flag" else ["experiment.yaml"]))
    assert ended.status == 0
    assert "random-search" not in policies_of(harness)


def test_a_killed_random_search_goes_on_and_ends_with_the_same_comparison(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = harness(*TABULAR, "--json", "--store", "sqlite:///whole.db")
    with monkeypatch.context() as patch:

        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr("policies.random_search.RandomSearch._finish", stop)
        assert harness(*TABULAR, "--json", "--store", "sqlite:///killed.db").status == 130
    resumed = harness(*TABULAR, "--json", "--store", "sqlite:///killed.db")
    assert (resumed.status, resumed.out) == (0, whole.out)


def test_curves_are_drawn_where_they_are_wanted(harness: Harness, tmp_path: Path) -> None:
    assert harness(*TABULAR, "--curves", "curves.svg").status == 0
    assert (tmp_path / "curves.svg").read_bytes().startswith(b"<?xml")
    drawn = (tmp_path / "curves.svg").read_bytes()
    assert harness(*TABULAR, "--curves", "costs.svg", "--over", "seconds").status == 0
    assert (tmp_path / "costs.svg").read_bytes() != drawn
    assert harness(*TABULAR, "--curves", "again.svg").status == 0
    assert (tmp_path / "again.svg").read_bytes() == drawn


def test_ranks_can_be_drawn_too(harness: Harness, tmp_path: Path) -> None:
    assert harness(*TABULAR, "--plot", "ranks.png").status == 0
    assert (tmp_path / "ranks.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow(reason="four processes that search, two of them killed")
def test_a_killed_comparison_goes_on_and_ends_with_the_same_result(tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "harness", *SYNTHETIC[:-2], "--policy", "evolution", "--seeds", "1:5", "--json"]
    arguments += ["--set", "evolution.samples=3000", "--workers", "2"]

    def start(folder: str) -> subprocess.Popen[bytes]:
        (tmp_path / folder).mkdir(exist_ok=True)
        return subprocess.Popen(arguments, cwd=tmp_path / folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    whole = start("whole").communicate()[0]
    rng = random.Random(4)
    for _ in range(2):
        victim = start("killed")
        time.sleep(rng.uniform(1.5, 5))
        os.kill(victim.pid, signal.SIGKILL)
        victim.communicate()
    resumed = start("killed")
    assert resumed.communicate()[0] == whole
    assert resumed.returncode == 0
    assert leaderboard(whole.decode())[0]["queries"] == 3000


@pytest.mark.slow(reason="processes that search until they are terminated")
def test_sigterm_says_how_to_go_on_and_the_command_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "harness", *SYNTHETIC[:-2], "--policy", "evolution", "--seeds", "1:4"]
    arguments += ["--set", "evolution.samples=1000000", "--workers", "2"]

    def terminated_after(seconds: float) -> list[str]:
        with subprocess.Popen(arguments, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as command:
            time.sleep(seconds)
            command.terminate()
            _, said = command.communicate(timeout=30)
        assert command.returncode == 143
        assert said.splitlines()[-1] == "terminated; nothing finished is lost: run the same command again to go on"
        return said.splitlines()

    until = time.monotonic() + 60
    while "resumed from a checkpoint" not in (first := terminated_after(5)[0]) and time.monotonic() < until:
        pass
    assert re.fullmatch(r"note: of \d runs: (\d finished before, )?\d resumed from a checkpoint", first)


MISTAKES = [
    (("run", "--policy", "evolutoin"), "unknown policy 'evolutoin'; did you mean 'evolution'?"),
    (("run", "--oracle", "tabluar"), "did you mean 'tabular'?"),
    (("run", "--space", "nasbench101-v55"), "unknown space"),
    (("run", "--table", "nasbench101-v5-digit"), "unknown table 'nasbench101-v5-digit'; did you mean"),
    (("run", "--table", "missing.h5"), "missing.h5"),
    (("run", "--policy", "evolution", "--set", "evolution.populaton=3"), "did you mean 'population'?"),
    (("run", "--policy", "evolution", "--set", "policy.populaton=3"), "did you mean 'population'?"),
    (("run", "--policy", "evolution", "--set", "evolution.population=many"), "evolution.population cannot be 'many'"),
    (("run", "--policy", "evolution", "--set", "evolution.population=0"), "population"),
    (("run", "--set", "population"), "KEY=VALUE"),
    (("run", "--set", "nao.pool=3"), "belongs to no part of this run"),
    (("run", "--seeds", ""), "seeds cannot be ''"),
    (("run", "--seeds", "9:9"), "no seeds"),
    (("run", "--budget-queries", "0"), "budget-queries"),
    (("run", "nothing.yaml"), "'nothing.yaml' cannot be read"),
    (("run", "--gpus", "0,1"), "--gpus has no use for oracle tabular"),
    (("run", "--oracle", "standalone", "--gpus", "0,99"), "--gpus '0,99' names GPUs that cannot be used"),
    (("run", "--oracle", "standalone", "--gpus", "all"), "gpus cannot be 'all'"),
    (("run", "--oracle", "standalone", "--gpus", "0", "--device", "cpu"), "the device is 'cpu'"),
    (("run", "--oracle", "standalone", "--set", "oracle.device=tpu"), "cannot be 'tpu'"),
    (("run", "--device", "cuda"), "--device has no use for oracle tabular"),
    (("run", "--oracle", "tabular", "--oracle", "synthetic", "--no-verify"), "--no-verify has no use for oracle"),
    (("run", "--data-dir", "nowhere"), "nowhere"),
    (("run", "--oracle", "tabular", "--oracle", "tabluar"), "did you mean 'tabular'?"),
    (("run", "--oracle", "tabular", "--set", "synthetic.landscape=3"), "belongs to no part of this run"),
    (("run", "--store", "nonsense"), "nonsense"),
    (("run", "--curves", "x.gif"), "--curves 'x.gif' must end in .png, .svg, .pdf"),
    (
        ("run", "--judge", "nasbench101-v5-digits", "--curves", "x.png"),
        "--curves draws regrets, and judge 'nasbench101-v5-digits' ranks nothing",
    ),
    (("run", "--search-metric", "tset"), "tset"),
    (("run", "--oracle", "synthetic", "--search-metric", "test"), "--search-metric has no use for oracle synthetic"),
    (("run", "--oracle", "synthetic", "--space", "nasbench101-v4", "--set", "space.encoding=tee"), "space.encoding"),
    (("rum",), "unknown command 'rum'; did you mean 'run'?"),
    (("run", "--polcy", "nao"), "--polcy"),
    (("show", "abc"), "no run store"),
    (("space", "sample", "rnn13"), "unknown space 'rnn13'"),
    (("space", "enumerate", "rnn12"), "too many to enumerate"),
]


@pytest.mark.parametrize(
    ("arguments", "words"), MISTAKES, ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_a_mistake_is_one_line_with_status_2_and_nothing_is_written(
    harness: Harness, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    ended = harness(*arguments)
    assert ended.status == 2
    assert ended.out == ""
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    assert words in ended.err
    assert not list(tmp_path.iterdir())


def test_a_pair_that_cannot_work_is_refused_before_anything_runs(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    (tmp_path / "descent.py").write_text(
        "from harness.core.oracle import Gradient\n"
        "from policies.random_search import RandomSearch\n"
        "class Descent(RandomSearch):\n"
        "    needs = frozenset({Gradient})\n"
    )
    ended = harness("run", "--policy", "descent:Descent", "--oracle", "tabular")
    assert (ended.status, ended.out) == (2, "")
    assert ended.err == (
        "error: policy descent:Descent needs Gradient queries, but oracle tabular answers only Score and Update; "
        "oracles that do: standalone+score-gradient or surrogate+score-gradient or synthetic or "
        "tabular+score-gradient\n"
    )
    assert not (tmp_path / "runs").exists()


def test_a_read_only_store_is_refused_and_unchanged(harness: Harness, tmp_path: Path) -> None:
    assert harness(*SYNTHETIC, *SEARCH).status == 0
    store = tmp_path / "runs" / "harness.db"
    before = store.read_bytes()
    ended = harness(*SYNTHETIC, "--seeds", "9", "--store", f"sqlite:///file:{store}?mode=ro&uri=true")
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert "readonly" in ended.err
    assert store.read_bytes() == before


def test_an_error_in_a_run_is_kept_with_the_run_and_mended_code_goes_on(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    source = tmp_path / "fragile.py"
    source.write_text(
        "from policies.random_search import RandomSearch\n"
        "class Fragile(RandomSearch):\n"
        "    def tell(self, trials):\n"
        "        raise RuntimeError('a bug')\n"
    )
    ended = harness(*SYNTHETIC, "--policy", "fragile:Fragile", "--seeds", "1")
    assert ended.status == 1
    shown = json.loads(harness("show", "", "--json").out)
    assert [run["status"] for run in shown] == ["failed", "finished"]
    failed = shown[0]["run"]
    assert ended.err.count(f"RuntimeError: a bug (traceback: harness show {failed})") == 1
    traceback = json.loads(harness("show", failed, "--json").out)["traceback"]
    assert f'File "{source}", line 4, in tell' in traceback
    monkeypatch.delattr("fragile.Fragile.tell")
    assert harness(*SYNTHETIC, "--policy", "fragile:Fragile", "--seeds", "1").status == 0
