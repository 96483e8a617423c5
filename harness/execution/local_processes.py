"""Performs jobs in processes of this machine: started afresh, each with its GPU, and ended with whoever started them.

Each process has a pipe of its own, of which only what has arrived is read: a process that dies is noticed even in the
middle of a large message.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from typing import Any

from harness.execution.executor import (
    Executor,
    Job,
    JobEnd,
    JobError,
    JobEvent,
    WorkerKilledError,
    Workers,
    cancelled,
    perform_job,
)
from harness.execution.in_process import InProcess
from harness.execution.message_pipe import MessageReader, write_message

CONTEXT = multiprocessing.get_context("spawn")
"""Spawned, not forked: a forked child would inherit the locks and threads of torch, HDF5 and the database."""

ALIVE_SECONDS = 1.0
"""How often it is asked whether workers live, since a process that a dead one has left behind holds its pipes open."""

READY = "ready"
"""What a worker sends first."""


def local_executor(workers: Workers) -> Executor:
    """Processes of this machine; none for one worker on the CPU, unless its jobs are isolated."""
    if workers.count > 1 or workers.gpus or workers.isolated:
        return LocalProcesses(workers)
    return InProcess()


class LocalProcesses(Executor):
    """Performs jobs in worker processes, which are started when there is a job for them, and again when one dies."""

    def __init__(self, workers: Workers) -> None:
        super().__init__()
        gpus = workers.gpus or (None,)
        self._free = deque(gpus[number % len(gpus)] for number in range(max(1, workers.count)))
        self._waiting: deque[Job] = deque()
        self._workers: list[_Worker] = []
        self._events: deque[JobEvent] = deque()

    def submit(self, job: Job) -> None:
        """Take a job, which waits for a free worker."""
        super().submit(job)
        self._waiting.append(job)

    def cancel(self, name: str) -> bool:
        """Forget a job that waits; kill the process that performs it."""
        waiting = next((job for job in self._waiting if job.name == name), None)
        at_work = next((worker for worker in self._workers if worker.job and worker.job.name == name), None)
        if waiting:
            self._waiting.remove(waiting)
        elif at_work:
            self._end(at_work)
        else:
            return False
        self._events = deque(event for event in self._events if event.job != name)
        self._events.append(cancelled(name))
        return True

    def wait(self, receive: Callable[[JobEvent], None]) -> None:
        """Pass on what the workers send, and keep them at work."""
        while self._open:
            self._assign()
            if not self._events:
                self._listen()
                continue
            event = self._events.popleft()
            if isinstance(event, JobEnd):
                del self._open[event.job]
            receive(event)

    def shutdown(self) -> None:
        """Kill the workers."""
        super().shutdown()
        self._waiting.clear()
        self._events.clear()
        for worker in list(self._workers):
            self._end(worker)

    def _assign(self) -> None:
        """Give waiting jobs to idle workers, and to new ones where there is room."""
        while self._waiting:
            worker = next((worker for worker in self._workers if worker.job is None), None)
            if worker is None and self._free:
                worker = _Worker(self._free.popleft())
                self._workers.append(worker)
            if worker is None:
                return
            worker.give(self._waiting.popleft())

    def _listen(self) -> None:
        """Wait until a worker has sent something or has ended; keep what was sent, and replace who has ended."""
        sources = [source for worker in self._workers for source in (worker.pipe, worker.process.sentinel)]
        ready = wait(sources, ALIVE_SECONDS)
        for worker in list(self._workers):
            try:
                if worker.pipe in ready:
                    self._events.extend(worker.read())
                elif not worker.process.is_alive() and not worker.pipe.poll():
                    raise EOFError
            except EOFError:
                self._end(worker)
                if worker.job:
                    self._events.append(JobError(worker.job.name, WorkerKilledError()))

    def _end(self, worker: _Worker) -> None:
        worker.end()
        self._workers.remove(worker)
        self._free.append(worker.gpu)


class _Worker:
    """A worker process as its parent sees it.

    It says when it is ready; until then its job waits here and not in the pipe, so that workers start side by side.
    """

    def __init__(self, gpu: int | None) -> None:
        self.gpu, self.job = gpu, None
        self.pipe, theirs = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=_work, args=(theirs, gpu))
        self.process.start()
        theirs.close()  # so that the pipe ends with the worker
        self._reader, self._is_ready = MessageReader(self.pipe), False

    job: Job | None

    def give(self, job: Job) -> None:
        """Have it perform a job, now or when it is ready."""
        self.job = job
        if self._is_ready:
            with suppress(OSError):  # it is dead, which is noticed by listening to it
                self.pipe.send(job)

    def read(self) -> list[JobEvent]:
        """What has arrived of the events of its job; raises EOFError where nothing more will."""
        events = []
        for message in self._reader.read():
            if message == READY:
                self._is_ready = True
                if self.job:
                    self.give(self.job)
                continue
            if isinstance(message, JobEnd):
                self.job = None
            events.append(message)
        return events

    def end(self) -> None:
        """Kill it, whatever it is at."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _work(pipe: Connection[Any, Any], gpu: int | None) -> None:
    """Perform one job after the other, until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent hears it too, and ends its workers
    threading.Thread(target=_die_with_parent, daemon=True).start()
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = visible_device(gpu)
    write_message(pipe, READY)
    with suppress(EOFError, ConnectionError):  # the parent is gone
        while True:
            end = perform_job(pipe.recv(), lambda message: write_message(pipe, message))
            write_message(pipe, replace(end, error=_picklable(end.error)) if isinstance(end, JobError) else end)


def visible_device(gpu: int) -> str:
    """The device that the parent counts as ``gpu``, which may itself see only some of the machine's."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    return given.split(",")[gpu] if given else str(gpu)


def _die_with_parent() -> None:
    """A worker whose parent was killed has nobody to send to."""
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)


def _picklable(error: Exception) -> Exception:
    """The error, with where it was raised as a note; one that cannot be pickled is told in words."""
    error.add_note("in a worker process:\n" + "".join(traceback.format_exception(error)))
    try:
        return pickle.loads(pickle.dumps(error))  # type: ignore[no-any-return]
    except Exception:  # noqa: BLE001 (an error's own constructor may raise anything)
        return RuntimeError(repr(error))
