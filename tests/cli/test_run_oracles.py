"""``harness run`` with several oracles, shared weights, devices and image data."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from harness.execution.executor import Workers
from tests.cli.conftest import Ended, Harness
from tests.cli.test_run import SEARCH, SYNTHETIC, leaderboard
from tests.fakes.live import GRADER, SHARED, TRAINER

ALONE = ("--workers", "1", "--no-equal-cost")
BOTH = ("run", "--oracle", "tabular", "--oracle", "synthetic", "--space", "nasbench101-v4", *ALONE)


def test_several_oracles_stand_in_one_leaderboard_with_one_baseline(harness: Harness) -> None:
    ended = harness(*BOTH, *SEARCH, "--json", "--quiet")
    assert (ended.status, ended.err) == (0, "")
    rows = {(row["policy"], row["oracle"]): row for row in leaderboard(ended.out)}
    assert set(rows) == {("evolution", "tabular"), ("evolution", "synthetic"), ("random", "tabular")}
    tables = [run["table"] for run in shown_specs(harness)]
    assert len(tables) == 9
    assert set(tables) == {tables[0]}
    assert all(isinstance(row["welch_p"], float) for name, row in rows.items() if name[0] == "evolution")


def shown_specs(harness: Harness) -> list[Any]:
    runs = json.loads(harness("show", "", "--json").out)
    return [json.loads(harness("show", run["run"], "--json").out)["spec"] for run in runs]


@pytest.mark.slow(reason="whole runs")
def test_oracles_in_a_file_say_the_same_as_flags(harness: Harness) -> None:
    Path("experiment.yaml").write_text(
        "policies: evolution\noracle: [tabular, synthetic]\nspace: nasbench101-v4\nseeds: 1:4\nworkers: 1\n"
        "equal_cost: no\nsettings: {evolution: {population: 9}}\n"
    )
    by_file = harness("run", "experiment.yaml", "--json", "--store", "sqlite:///one.db")
    assert by_file.out == harness(*BOTH, *SEARCH, "--json", "--store", "sqlite:///two.db").out
    one = harness("run", "experiment.yaml", "--oracle", "synthetic", "--json", "--store", "sqlite:///three.db")
    assert {row["oracle"] for row in leaderboard(one.out)} == {"synthetic"}


def notes(ended: Ended) -> list[str]:
    """The lines on standard error but those of runs that are done."""
    return [line for line in ended.err.splitlines() if not line.startswith("done ")]


LIVE = ("run", "--oracle", SHARED, "--space", "nasbench101-v4", "--workers", "1", "--device", "cpu", "--json")


def test_a_pair_that_is_left_out_is_told_in_one_line_on_standard_error(harness: Harness) -> None:
    both = ("--oracle", "tabular", "--no-equal-cost", "--policy", GRADER, "--policy", TRAINER, "--seeds", "1")
    ended = harness(*LIVE, *both)
    assert ended.status == 0
    (note,) = notes(ended)
    assert note.startswith(f"note: left out: policy {GRADER} never trains the shared weights of oracle {SHARED}")
    pairs = {(row["policy"], row["oracle"]) for row in leaderboard(ended.out)}
    assert pairs == {(GRADER, "tabular"), (TRAINER, "tabular"), (TRAINER, SHARED), ("random", "tabular")}


def test_a_run_without_enough_memory_is_a_failed_seed_and_goes_on_with_the_next_command(harness: Harness) -> None:
    arguments = (*LIVE, "--policy", TRAINER, "--seeds", "1,2,3")
    whole = harness(*arguments, "--store", "sqlite:///whole.db")
    Path("full").write_text("2")
    ended = harness(*arguments)
    assert ended.status == 1
    reason = "the GPU has no memory left; lower the batch size"
    assert reason in ended.out
    row = next(row for row in leaderboard(ended.out) if row["policy"] == TRAINER)
    intact = next(row for row in leaderboard(whole.out) if row["policy"] == TRAINER)
    assert row["seeds"] == [1, 2, 3]
    assert [row["values"][i] for i in (0, 2)] == [intact["values"][i] for i in (0, 2)]
    assert not isinstance(row["values"][1], float)
    (failed,) = [run for run in json.loads(harness("show", "", "--json").out) if run["status"] == "failed"]
    assert (failed["policy"], failed["seed"]) == (TRAINER, "2")
    Path("full").unlink()
    assert harness(*arguments).out == whole.out


def test_flags_of_live_training_are_part_of_a_run_s_record(harness: Harness) -> None:
    assert harness(*LIVE, "--policy", TRAINER, "--seeds", "1", "--no-verify").status == 0
    for spec in shown_specs(harness):
        assert (spec["settings"]["oracle"]["device"], spec["settings"]["oracle"]["verify"]) == ("cpu", False)


def test_the_data_folder_is_for_the_process_and_its_workers_and_no_part_of_a_run(
    harness: Harness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HARNESS_DATA", "before")  # so that it is put back
    (tmp_path / "images").mkdir()
    first = harness(*SYNTHETIC, "--seeds", "1", "--json", "--data-dir", "images")
    assert os.environ["HARNESS_DATA"] == str(tmp_path / "images")
    assert harness(*SYNTHETIC, "--seeds", "1", "--json").out == first.out
    assert len(shown_specs(harness)) == 1


def test_gpus_that_stay_idle_are_told(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 4)
    arguments = [argument for argument in LIVE if argument not in ("--workers", "1", "--device", "cpu")]
    ended = harness(*arguments, "--policy", TRAINER, "--seeds", "1", "--gpus", "0,1,3")
    assert ended.status == 0
    assert notes(ended) == ["note: idle: GPU 3, as 2 of 2 runs that are left go at a time"]
    again = harness(*arguments, "--policy", TRAINER, "--seeds", "1", "--gpus", "0,1,3")
    assert (again.out, again.err) == (ended.out, "")
    assert {spec["settings"]["oracle"]["device"] for spec in shown_specs(harness)} == {"cuda"}


def test_a_gpu_where_there_is_none_is_one_line(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.device_count", lambda: 0)
    ended = harness(*(argument if argument != "cpu" else "cuda" for argument in LIVE), "--policy", TRAINER)
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert ended.err.startswith("error: setting 'device' cannot be 'cuda'")


@pytest.mark.parametrize(
    ("given", "expected"), [((), 1), (("--workers", "3"), 3), (("--gpus", "0,1"), 2), (("--device", "cpu"), 4)]
)
def test_without_a_number_of_workers_one_run_goes_on_each_gpu_or_core(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, given: tuple[str, ...], expected: int
) -> None:
    asked = []

    def perform_all(*_: object, workers: Workers, **__: object) -> None:
        asked.append(workers.count)
        raise KeyboardInterrupt

    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    monkeypatch.setattr("harness.leaderboard.end_to_end.perform_all", perform_all)
    ended = harness("run", "--oracle", SHARED, "--space", "nasbench101-v4", "--policy", TRAINER, *given)
    assert (ended.status, asked) == (130, [expected])
