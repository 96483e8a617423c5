"""An executor whose workers are threads, and the same in one way broken each time."""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from harness.execution.executor import Executor, Job, JobEnd, JobEvent, JobMessage, Workers, cancelled, perform_job


class Threads(Executor):
    """Performs jobs in threads; one that is cancelled ends at its next message."""

    def __init__(self, workers: Workers) -> None:
        super().__init__()
        self.pool, self.events = ThreadPoolExecutor(workers.count), queue.SimpleQueue[JobEvent]()
        self.cancelled: set[str] = set()

    def submit(self, job: Job) -> None:
        super().submit(job)
        self.pool.submit(self.perform, job)

    def perform(self, job: Job) -> None:
        self.events.put(cancelled(job.name) if self.is_cancelled(job.name) else perform_job(job, self.send))

    def send(self, message: JobMessage) -> None:
        if self.is_cancelled(message.job):
            raise cancelled(message.job).error
        self.events.put(message)

    def is_cancelled(self, name: str) -> bool:
        return self._is_shut_down or name in self.cancelled

    def cancel(self, name: str) -> bool:
        if name in self._open:
            self.cancelled.add(name)
        return name in self._open

    def wait(self, receive: Callable[[JobEvent], None]) -> None:
        while self._open:
            event = self.events.get()
            name = event.job
            if isinstance(event, JobEnd):
                del self._open[name]
                receive(cancelled(name) if name in self.cancelled else event)
                self.cancelled.discard(name)
            elif name not in self.cancelled:
                receive(event)

    def shutdown(self) -> None:
        super().shutdown()
        self.pool.shutdown(cancel_futures=True)
