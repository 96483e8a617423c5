"""The contract of executors: what performs jobs, here or elsewhere, and passes on what they send.

It has the shape of ``concurrent.futures``, but a job may send messages before its result, and whoever waits receives
them in its own thread. Another engine is one module with a subclass of Executor, and its entry in the registry.
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
"""Takes a message of the job that is being performed; what it sends must be picklable."""


@dataclass(frozen=True, slots=True)
class Job:
    """A call ``function(*arguments, send)`` under a name.

    It is idempotent: performed again, say because its worker was lost, it has the same result. Function, arguments and
    result are picklable, the function being one of a module.
    """

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class JobMessage:
    """What a job sent while it was performed."""

    job: str
    content: Any


@dataclass(frozen=True, slots=True)
class JobResult:
    """The end of a job: what its function returned."""

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
    """The process that performed a job has ended before the job; submitted again, the job may go well."""

    def __init__(self) -> None:
        super().__init__("a worker was killed; run the same command again to go on")


@dataclass(frozen=True, slots=True)
class Workers:
    """What jobs are performed by: so many at a time, each on one of ``gpus`` in turn, or on the CPU without any.

    A job on a GPU finds it as the only one that it can see. Jobs that must not depend on what the calling process has
    loaded or set are ``isolated`` from it. ``executor`` is a name of the registry.
    """

    count: int
    gpus: tuple[int, ...] = ()
    isolated: bool = False
    executor: str = "local"

    @classmethod
    def of(cls, asked: int | None, gpus: Sequence[int] = ()) -> Self:
        """As many as were asked for, or one on each GPU, or one a core."""
        return cls(asked or len(gpus) or os.cpu_count() or 1, tuple(gpus))


class Executor(ABC):
    """Performs jobs; leaving it as a context ends those that have not ended, whatever they are at."""

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


def start_executor(workers: Workers) -> Executor:
    """An executor by its registered name; raises UnknownNameError where there is none."""
    executor: Executor = registry.load("executor", workers.executor)(workers)
    return executor


def perform_job(job: Job, send: Callable[[JobMessage], None]) -> JobEnd:
    """Perform a job in this process; an error that it raises is its end, as it would be in another process."""
    try:
        return JobResult(job.name, job.function(*job.arguments, lambda content: send(JobMessage(job.name, content))))
    except Exception as error:  # noqa: BLE001 (whoever waits for the job raises it, or not)
        return JobError(job.name, error)


def cancelled(name: str) -> JobError:
    """The end of a job that was cancelled."""
    return JobError(name, CancelledError(f"job {name} was cancelled"))
