"""A watcher of runs that notes what it is told, or stops the study."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from harness.execution.engine import RunJob
from harness.execution.messages import CheckpointSaved, Message


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
