"""Writes the progress of runs for TensorBoard: one folder for each run, with the number of the trial as the step.

Scores are in their measure's own unit: an accuracy as a fraction, a perplexity as it is. The cost of trials is written
with each checkpoint. Only trials that are performed now are written, not those that the store holds already.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.core.errors import SettingError
from harness.core.runspec import RunSpec
from harness.execution.engine import RunJob
from harness.execution.messages import CheckpointSaved, Message, RunFailed, RunFinished
from harness.live.scores import meaning, natural_value

if TYPE_CHECKING:
    from harness.leaderboard.end_to_end import Watcher


class TensorBoardScalars:
    """Watches runs, writes what they save into ``folder``, and passes every message on to another watcher.

    Raises SettingError if the package tensorboard is missing, or if ``folder`` is not a folder.
    """

    def __init__(self, folder: str, watcher: Watcher) -> None:
        self._open, self._folder, self._watcher = _writer(), Path(folder), watcher
        if self._folder.exists() and not self._folder.is_dir():
            raise SettingError(f"--tensorboard {folder!r} is not a folder; give the name of one, or of a new one")
        self._jobs: dict[str, RunJob] = {}
        self._tops: dict[str, float] = {}
        self._writers: dict[str, Any] = {}

    @contextmanager
    def __call__(self, jobs: Sequence[RunJob], total: int) -> Iterator[TensorBoardScalars]:
        """Watch ``jobs``, the unfinished ones of ``total`` runs; raises SettingError if the folder cannot be made."""
        self._jobs = {job.run: job for job in jobs}
        self._tops = {job.run: job.best for job in jobs if job.best is not None}
        if jobs:
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise SettingError(f"--tensorboard {str(self._folder)!r} cannot be made: {error.strerror}") from error
        with ExitStack() as stack:
            stack.callback(self._close_all)
            stack.enter_context(self._watcher(jobs, total))
            yield self

    def receive(self, message: Message) -> None:
        """Write the scalars of a checkpoint, and pass the message on."""
        if isinstance(message, CheckpointSaved):
            self._write(message)
        elif isinstance(message, RunFinished | RunFailed) and message.run in self._writers:
            self._writers.pop(message.run).close()
        self._watcher.receive(message)

    def note(self, text: str) -> None:
        """Pass a note on."""
        self._watcher.note(text)

    def _write(self, saved: CheckpointSaved) -> None:
        if saved.run not in self._writers:
            self._writers[saved.run] = self._open(str(self._folder / folder_of(self._jobs[saved.run].spec)))
        writer, spent = self._writers[saved.run], saved.checkpoint.spent
        for step, values in self._scores(saved):
            writer.add_event(_event(step, values))
        costs = {"spent/queries": spent.queries, "spent/epochs": spent.epochs, "spent/seconds": spent.seconds}
        writer.add_event(_event(saved.checkpoint.trials, costs))
        writer.flush()

    def _scores(self, saved: CheckpointSaved) -> Iterator[tuple[int, dict[str, float]]]:
        """The score of each new trial, and the best one so far."""
        if saved.best is None:
            return
        metric = saved.best.metric
        measure = meaning(metric).replace(" ", "_")
        for row in saved.rows:
            if row.value is not None:
                top = self._tops[saved.run] = max(row.value, self._tops.get(saved.run, row.value))
                values = {"score": natural_value(row.value, metric), "best": natural_value(top, metric)}
                yield row.number, {f"{name}/{measure}": value for name, value in values.items()}

    def _close_all(self) -> None:
        while self._writers:
            self._writers.popitem()[1].close()


def folder_of(spec: RunSpec) -> str:
    """The name of a run's folder: policy, oracle, seed, and the beginning of its id."""
    return re.sub(r"[^\w.+-]", "-", f"{spec.policy}-{spec.oracle}-{spec.seed}-{spec.digest[:12]}")


def _writer() -> Any:
    try:
        from tensorboard.summary.writer.event_file_writer import EventFileWriter  # type: ignore[import-untyped]
    except ImportError as error:
        raise SettingError(
            "--tensorboard needs the package tensorboard; pip install 'nas-search-harness[tensorboard]'"
        ) from error
    return EventFileWriter


def _event(step: int, values: dict[str, float]) -> Any:
    from tensorboard.compat.proto.event_pb2 import Event  # type: ignore[import-untyped]
    from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore[import-untyped]

    summary = Summary(value=[Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()])
    return Event(wall_time=time.time(), step=step, summary=summary)
