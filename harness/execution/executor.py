"""The contract of executors, which perform jobs in this process or elsewhere and pass on their messages.

It resembles ``concurrent.futures``, but a job may send messages before its result, and the thread that waits receives
them. Another engine is one module with a subclass of Executor, and an entry in the registry.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

from harness.core.errors import HarnessError
from harness.planning import registry

Send: TypeAlias = Callable[[Any], None]
"""Takes a message of the job in progress; messages must be picklable."""

Note: TypeAlias = Callable[[str], None]
"""Takes a sentence about the workers that a user should know."""


def ignore_note(text: str) -> None:
    """Do nothing with a note."""


@dataclass(frozen=True, slots=True)
class Job:
    """A call ``function(*arguments, send)`` under a unique name; ``label`` is what users call it, by default its name.

    It is idempotent: performed again, for instance because its worker was lost, it gives the same result. The function,
    which belongs to a module, the arguments and the result are picklable.
    """

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    label: str = ""

    def __str__(self) -> str:
        return self.label or self.name


@dataclass(frozen=True, slots=True)
class JobMessage:
    """What a job sent while it was performed."""

    job: str
    content: Any


@dataclass(frozen=True, slots=True)
class JobResult:
    """The end of a job that succeeded, with the value that its function returned."""

    job: str
    value: Any


@dataclass(frozen=True, slots=True)
class JobError:
    """The end of a job that raised an error, was cancelled (CancelledError) or lost its worker (WorkerKilledError)."""

    job: str
    error: Exception


JobEnd: TypeAlias = JobResult | JobError
JobEvent: TypeAlias = JobMessage | JobEnd


class WorkerKilledError(HarnessError):
    """The process that performed a job ended before the job; submitted again, the job may succeed."""


@dataclass(frozen=True, slots=True)
class Workers:
    """How jobs are performed: ``count`` at a time, each on one of ``gpus`` in turn, or on the CPU if there are none.

    A job on a GPU sees only that one. ``isolated`` jobs do not depend on what the calling process has loaded or set.
    ``executor`` is a name of the registry.
    """

    count: int
    gpus: tuple[int, ...] = ()
    isolated: bool = False
    executor: str = "local"

    @classmethod
    def of(cls, asked: int | None, gpus: Sequence[int] = ()) -> Self:
        """The requested number of workers; by default one for each GPU, or without GPUs one for each core."""
        return cls(asked or len(gpus) or os.cpu_count() or 1, tuple(gpus))


class Executor(ABC):
    """Performs jobs; leaving it as a context ends all jobs that have not ended."""

    note: Note = staticmethod(ignore_note)

    def __init__(self) -> None:
        self._open: dict[str, Job] = {}
        """The jobs whose end has not been received, in the order in which they were submitted."""
        self._is_shut_down = False

    def submit(self, job: Job) -> None:
        """Take a job; raises ValueError while another of its name has not ended, RuntimeError after the shutdown."""
        if self._is_shut_down:
            raise RuntimeError(f"job {job.name} was submitted to an executor that is shut down")
        if job.name in self._open:
            raise ValueError(f"job {job.name} was submitted before it ended")
        self._open[job.name] = job

    @abstractmethod
    def cancel(self, name: str) -> bool:
        """End a job with CancelledError: one that waits never starts, one that is performed sends nothing more.

        Returns False, and changes nothing, where no such job is left.
        """

    @abstractmethod
    def wait(self, receive: Callable[[JobEvent], None]) -> None:
        """Return when every job has ended; until then ``receive`` is called, in this thread, with what they send.

        Each job's events come in order; the last is its one JobEnd, and then its name is free again. ``receive`` may
        submit and cancel jobs; an error that it raises comes out of here.
        """

    def shutdown(self) -> None:
        """End all jobs without waiting for their results; nothing more is received."""
        self._is_shut_down = True
        self._open.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.shutdown()


def start_executor(workers: Workers, note: Note = ignore_note) -> Executor:
    """Start the executor of a registered name; raises UnknownNameError if there is none."""
    executor: Executor = registry.load("executor", workers.executor)(workers)
    executor.note = note
    return executor


def perform_job(job: Job, send: Callable[[JobMessage], None]) -> JobEnd:
    """Perform a job in this process; an error that it raises becomes its end, as in another process."""
    try:
        return JobResult(job.name, job.function(*job.arguments, lambda content: send(JobMessage(job.name, content))))
    except Exception as error:  # noqa: BLE001 (it is passed on to the receiver)
        return JobError(job.name, error)


def cancelled(name: str) -> JobError:
    """The end of a job that was cancelled."""
    return JobError(name, CancelledError(f"job {name} was cancelled"))
