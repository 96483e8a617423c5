"""Performs jobs in worker processes of this machine, which end with the process that started them.

Each worker has a pipe of its own, from which only what has arrived is read, so a worker that dies is noticed even in
the middle of a large message.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
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
"""Spawned, not forked: a forked process would inherit the locks and threads of torch, HDF5 and the database."""

ALIVE_SECONDS = 1.0
"""How often to check that the workers live: a dead worker's own child processes may keep its pipe open."""

PROCESS_STATUS = "/proc/{}/stat"
"""The file with the state of a process, on systems that have one."""

READY = "ready"
"""The first message of a worker."""


def local_executor(workers: Workers) -> Executor:
    """Worker processes of this machine; one worker on the CPU is the calling process, unless its jobs are isolated."""
    if workers.count > 1 or workers.gpus or workers.isolated:
        return LocalProcesses(workers)
    return InProcess()


class LocalProcesses(Executor):
    """Performs jobs in worker processes, which are started when there is a job for them; dead ones are replaced."""

    def __init__(self, workers: Workers) -> None:
        super().__init__()
        gpus = workers.gpus or (None,)
        self._free = deque(gpus[number % len(gpus)] for number in range(max(1, workers.count)))
        self._waiting: deque[Job] = deque()
        self._workers: list[_Worker] = []
        self._events: deque[JobEvent] = deque()
        self._looked = time.monotonic()

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
        """Receive the workers' events, and give them the jobs that wait."""
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
        """Give waiting jobs to idle workers, and to new workers while there is room."""
        while self._waiting:
            worker = next((worker for worker in self._workers if worker.job is None), None)
            if worker is None and self._free:
                worker = _Worker(self._free.popleft())
                self._workers.append(worker)
            if worker is None:
                return
            worker.give(self._waiting.popleft())

    def _listen(self) -> None:
        """Wait until a worker has sent something or has ended; collect its events, and forget workers that ended."""
        sources = [source for worker in self._workers for source in (worker.pipe, worker.process.sentinel)]
        ready = wait(sources, ALIVE_SECONDS)
        self._note_stopped()
        for worker in list(self._workers):
            try:
                if worker.pipe in ready:
                    self._events.extend(worker.read())
                elif not worker.process.is_alive() and not worker.pipe.poll():
                    raise EOFError
            except EOFError:
                self._end(worker)
                if worker.job:
                    self._events.append(JobError(worker.job.name, worker.killed()))

    def _note_stopped(self) -> None:
        """Report each worker once that a signal has stopped; looks at most once a second."""
        if time.monotonic() - self._looked < ALIVE_SECONDS:
            return
        self._looked = time.monotonic()
        for worker in self._workers:
            stopped, before = worker.is_stopped(), worker.was_stopped
            worker.was_stopped = stopped
            if stopped and not before:
                pid = worker.process.pid
                self.note(f"worker process {pid} ({worker.job}) is stopped; `kill -CONT {pid}` continues it")

    def _end(self, worker: _Worker) -> None:
        worker.end()
        self._workers.remove(worker)
        self._free.append(worker.gpu)


class _Worker:
    """A worker process, seen from its parent.

    Its first job waits here, not in the pipe, until the worker is ready, so that several workers start at a time.
    """

    def __init__(self, gpu: int | None) -> None:
        self.gpu, self.job = gpu, None
        self.pipe, theirs = CONTEXT.Pipe()
        self.process = CONTEXT.Process(target=_work, args=(theirs, gpu))
        self.process.start()
        theirs.close()  # so that the pipe ends with the worker
        self._reader, self._is_ready = MessageReader(self.pipe), False
        self.was_stopped = False

    job: Job | None

    def give(self, job: Job) -> None:
        """Give it a job to perform, now or when it is ready."""
        self.job = job
        if self._is_ready:
            with suppress(OSError):  # it is dead, which the next read notices
                self.pipe.send(job)

    def read(self) -> list[JobEvent]:
        """The events that have arrived; raises EOFError if the worker has ended."""
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
        """Kill it at once."""
        self.process.kill()
        self.process.join()
        self.pipe.close()

    def killed(self) -> WorkerKilledError:
        """The error of its job, after the process has ended."""
        code = self.process.exitcode or 0
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit status {code}"
        hint = " (too little memory?)" if code == -signal.SIGKILL else ""
        return WorkerKilledError(f"the worker process of {self.job} {how}{hint}; give the same command again to go on")

    def is_stopped(self) -> bool:
        """Whether a signal has stopped the process; False on a system that does not say."""
        with suppress(OSError):
            status = Path(PROCESS_STATUS.format(self.process.pid)).read_text(encoding="ascii", errors="replace")
            return status.rpartition(")")[2].split()[0] in "Tt"
        return False


def _work(pipe: Connection[Any, Any], gpu: int | None) -> None:
    """Perform one job after the other until the parent closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent receives it too, and ends its workers
    threading.Thread(target=_die_with_parent, daemon=True).start()
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = visible_device(gpu)
    write_message(pipe, READY)
    with suppress(EOFError, ConnectionError):  # the parent is gone
        while True:
            end = perform_job(pipe.recv(), lambda message: write_message(pipe, message))
            write_message(pipe, replace(end, error=_picklable(end.error)) if isinstance(end, JobError) else end)


def visible_device(gpu: int) -> str:
    """The value of CUDA_VISIBLE_DEVICES for the parent's device number ``gpu``."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    return given.split(",")[gpu] if given else str(gpu)


def _die_with_parent() -> None:
    """End this worker if its parent has been killed."""
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)


def _picklable(error: Exception) -> Exception:
    """The error with its traceback as a note, or a RuntimeError with its text if it cannot be pickled."""
    error.add_note("in a worker process:\n" + "".join(traceback.format_exception(error)))
    try:
        return pickle.loads(pickle.dumps(error))  # type: ignore[no-any-return]
    except Exception:  # noqa: BLE001 (an error's own constructor may raise anything)
        return RuntimeError(repr(error))
