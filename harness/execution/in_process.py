"""Performs jobs in the calling process, one after the other."""

from __future__ import annotations

from collections.abc import Callable

from harness.execution.executor import Executor, JobEvent, JobMessage, cancelled, perform_job


class InProcess(Executor):
    """Performs jobs inside ``wait``; a job that is cancelled ends at its next message."""

    def __init__(self) -> None:
        super().__init__()
        self._cancelled: set[str] = set()

    def cancel(self, name: str) -> bool:
        """Note that a job is to end."""
        if name in self._open:
            self._cancelled.add(name)
        return name in self._open

    def wait(self, receive: Callable[[JobEvent], None]) -> None:
        """Perform the jobs in the order in which they were submitted."""
        wrong: list[Exception] = []

        def send(message: JobMessage) -> None:
            if message.job in self._cancelled:
                raise cancelled(message.job).error
            try:
                receive(message)
            except Exception as error:
                wrong.append(error)
                raise

        while self._open:
            name, job = next(iter(self._open.items()))
            end = cancelled(name) if name in self._cancelled else perform_job(job, send)
            if wrong:  # the receiver raised it, not the job
                raise wrong[0]
            if name in self._cancelled:
                end = cancelled(name)
            self._cancelled.discard(name)
            self._open.pop(name, None)
            receive(end)
