"""Finished runs and their truth, made by hand; and a watcher that notes what it is told, or stops the study."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from harness.core.measures import measure_of
from harness.execution.engine import Job, Message, Saved
from harness.judging.recorded_truth import Source, Truth
from harness.studies.uniform_sharing_runs import Scorings


class NamedTable:
    """A table's name and how often it trained each cell."""

    name, digest, repeats = "by-hand", "d" * 64, 3


def scorings(seed: int, cells: Sequence[str], scores: Mapping[int, Sequence[float]]) -> Scorings:
    return Scorings(f"run{seed}", seed, tuple(cells), {epoch: np.array(each) for epoch, each in scores.items()})


def judged(metric: str, means: Sequence[float], stds: Sequence[float] | None = None) -> tuple[Source, Truth]:
    measure = measure_of(metric)
    assert measure is not None
    values = np.array(means)
    return Source(NamedTable(), metric, measure), Truth(values, np.array(stds or [0.1] * len(values)))


class Watch:
    """Keeps notes; interrupts the study at the checkpoint number ``stop``."""

    def __init__(self, stop: int | None = None) -> None:
        self.notes: list[str] = []
        self.jobs: list[Job] = []
        self.saved = 0
        self._stop = stop

    @contextmanager
    def __call__(self, jobs: Sequence[Job], total: int) -> Iterator[Any]:
        self.jobs = list(jobs)
        yield self

    def see(self, message: Message) -> None:
        self.saved += isinstance(message, Saved)
        if self._stop is not None and self.saved >= self._stop:
            raise KeyboardInterrupt

    def note(self, text: str) -> None:
        self.notes.append(text)
