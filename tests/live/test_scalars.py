"""What TensorBoard reads of runs: its own reader is asked."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from harness.core.budget import Cost
from harness.core.errors import SettingError
from harness.core.oracle import Metric
from harness.execution.engine import RunJob
from harness.execution.messages import BestScore, CheckpointSaved, RunFailed, RunFinished
from harness.live.display import Quiet, display_for
from harness.live.scalars import TensorBoardScalars, folder_of
from harness.storage.records import ScoreRow
from tests.fakes.runs_in_progress import PERPLEXITIES, VALIDATION, job
from tests.fakes.stored_runs import checkpoint

accumulator = pytest.importorskip(
    "tensorboard.backend.event_processing.event_accumulator", reason="the package tensorboard is not installed"
)


def saved(of: RunJob, first: int, values: Sequence[float | None], metric: Metric = VALIDATION) -> CheckpointSaved:
    """A checkpoint after some scores from trial ``first`` on."""
    rows = [ScoreRow(first + i, "a cell", 12, value, None, 12.0, 36.0) for i, value in enumerate(values)]
    trials = first + len(values)
    state = checkpoint(trials, spent=Cost(trials, 12.0 * trials, 36.0 * trials))
    known = [value for value in values if value is not None]
    return CheckpointSaved(of.run, rows, state, BestScore(max(known), metric) if known else None)


def read(folder: Path) -> Mapping[str, list[tuple[int, float]]]:
    """The scalars of a run's folder: step and value, single precision as TensorBoard keeps them."""
    found = accumulator.EventAccumulator(str(folder)).Reload()
    return {tag: [(e.step, pytest.approx(e.value)) for e in found.Scalars(tag)] for tag in found.Tags()["scalars"]}


def scalars(folder: Path) -> TensorBoardScalars:
    return TensorBoardScalars(str(folder), Quiet(Console(stderr=True)))


def test_each_run_has_a_folder_of_scores_and_costs_by_trial(tmp_path: Path) -> None:
    one, two = job(1), job(2)
    with scalars(tmp_path / "tb")([one, two], 2) as watch:
        watch.receive(saved(one, 0, [0.5, None, 0.75]))
        watch.receive(saved(two, 0, [0.25]))
        watch.receive(saved(one, 3, [0.625]))
        watch.receive(RunFinished(one.run, "a cell"))
        watch.receive(RunFailed(two.run, "no memory"))
    assert sorted(path.name for path in (tmp_path / "tb").iterdir()) == sorted(map(folder_of, (one.spec, two.spec)))
    assert read(tmp_path / "tb" / folder_of(one.spec)) == {
        "score/validation_accuracy": [(0, 0.5), (2, 0.75), (3, 0.625)],
        "best/validation_accuracy": [(0, 0.5), (2, 0.75), (3, 0.75)],
        "spent/queries": [(3, 3), (4, 4)],
        "spent/epochs": [(3, 36), (4, 48)],
        "spent/seconds": [(3, 108), (4, 144)],
    }
    assert read(tmp_path / "tb" / folder_of(two.spec))["best/validation_accuracy"] == [(0, 0.25)]


def test_a_perplexity_is_written_as_it_is_and_the_smallest_is_the_best(tmp_path: Path) -> None:
    one = job(1)
    with scalars(tmp_path)([one], 1) as watch:
        watch.receive(saved(one, 0, [-math.log(value) for value in (90.0, 54.57, 60.0)], PERPLEXITIES))
    found = read(tmp_path / folder_of(one.spec))
    assert found["score/validation_perplexity"] == [(0, 90.0), (1, 54.57), (2, 60.0)]
    assert found["best/validation_perplexity"] == [(0, 90.0), (1, 54.57), (2, 54.57)]


def test_a_run_that_goes_on_goes_on_in_its_folder_with_the_best_from_before(tmp_path: Path) -> None:
    one = job(1)
    with scalars(tmp_path)([one], 1) as watch:
        watch.receive(saved(one, 0, [0.75]))
    with scalars(tmp_path)([replace(one, best=0.75)], 1) as watch:
        watch.receive(saved(one, 1, [0.5]))
    found = read(tmp_path / folder_of(one.spec))
    assert found["best/validation_accuracy"] == [(0, 0.75), (1, 0.75)]


def test_an_interruption_leaves_what_was_written(tmp_path: Path) -> None:
    one = job(1)

    def interrupted() -> None:
        with scalars(tmp_path)([one], 1) as watch:
            watch.receive(saved(one, 0, [0.75]))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert read(tmp_path / folder_of(one.spec))["spent/queries"] == [(1, 1)]


def test_one_watcher_can_be_entered_again(tmp_path: Path) -> None:
    watcher, one, two = scalars(tmp_path), job(1), job(2)
    for each in (one, two):
        with watcher([each], 1) as watch:
            watch.receive(saved(each, 0, [0.5]))
            watch.receive(RunFinished(each.run, "a cell"))
    assert len(list(tmp_path.iterdir())) == 2


def test_messages_and_notes_are_passed_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = job(1)
    watcher = display_for(False, str(tmp_path))
    watcher.note("left out")
    with watcher([one], 1) as watch:
        watch.receive(RunFinished(one.run, "a cell"))
    assert capsys.readouterr().err == "note: left out\ndone 1/1: nao tabular 1, 0 queries, 0 simulated hours, 0 s\n"


def test_where_every_run_is_finished_already_no_folder_is_made(tmp_path: Path) -> None:
    with scalars(tmp_path / "tb")([], 3):
        pass
    assert not list(tmp_path.iterdir())


def test_the_name_of_a_plug_in_makes_no_folder_of_folders() -> None:
    spec = job(1, "my.module:Policy", "tabular+score-gradient").spec
    assert folder_of(spec) == f"my.module-Policy-tabular+score-gradient-1-{spec.digest[:12]}"


def test_without_the_package_one_line_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboard.summary.writer.event_file_writer", None)
    words = r"^--tensorboard needs the package tensorboard; pip install 'nas-search-harness\[tensorboard\]'$"
    with pytest.raises(SettingError, match=words):
        display_for(False, str(tmp_path / "tb"))
    assert not list(tmp_path.iterdir())


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SettingError, match=r"^--tensorboard '.*file' is not a folder; give the name of one"):
        scalars(tmp_path / "file")
    with (
        pytest.raises(SettingError, match=r"^--tensorboard '.*below' cannot be made: Not a directory$"),
        scalars(tmp_path / "file" / "below")([job(1)], 1),
    ):
        pass
