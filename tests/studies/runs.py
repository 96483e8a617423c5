"""Finished runs and their truth, made by hand; and a watcher that notes what it is told, or stops the study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from harness.core.measures import measure_of
from harness.execution.engine import RunJob
from harness.execution.messages import CheckpointSaved, Message
from harness.judging.recorded_truth import CellTruths, TruthSource
from harness.studies.uniform_sharing_runs import ScoredRun


class NamedTable:
    """A table's name and how often it trained each cell."""

    name, digest, repeats = "by-hand", "d" * 64, 3


def scorings(seed: int, cells: Sequence[str], scores: Mapping[int, Sequence[float]]) -> ScoredRun:
    return ScoredRun(f"run{seed}", seed, tuple(cells), {epoch: np.array(each) for epoch, each in scores.items()})


def judged(metric: str, means: Sequence[float], stds: Sequence[float] | None = None) -> tuple[TruthSource, CellTruths]:
    measure = measure_of(metric)
    assert measure is not None
    values = np.array(means)
    return TruthSource(NamedTable(), metric, measure), CellTruths(values, np.array(stds or [0.1] * len(values)))


class Watch:
    """Keeps notes; interrupts the study at the checkpoint number ``stop``."""

    def __init__(self, stop: int | None = None) -> None:
        self.notes: list[str] = []
        self.jobs: list[RunJob] = []
        self.saved = 0
        self._stop = stop

    @contextmanager
    def __call__(self, jobs: Sequence[RunJob], total: int) -> Iterator[Any]:
        self.jobs = list(jobs)
        yield self

    def receive(self, message: Message) -> None:
        self.saved += isinstance(message, CheckpointSaved)
        if self._stop is not None and self.saved >= self._stop:
            raise KeyboardInterrupt

    def note(self, text: str) -> None:
        self.notes.append(text)
