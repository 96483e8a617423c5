"""Contract checks of executors."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError
from typing import TypeAlias

from harness.execution.executor import Executor, Job, JobEnd, JobEvent, JobMessage, JobResult, Send, Workers
from harness.testing.contract import ContractError, require, require_refused

ExecutorFactory: TypeAlias = Callable[[Workers], Executor]
"""Starts an executor, like the function that is registered under an executor's name."""

MANY = 200
LONG_SECONDS = 60.0


def count(start: int, stop: int, send: Send) -> int:
    """A job that sends the numbers of a range and returns how many they are."""
    for number in range(start, stop):
        send(number)
    return stop - start


def fail(send: Send) -> None:
    """A job that raises an error after a message."""
    send("before")
    raise LookupError("what the job raised")


def last_long(send: Send) -> None:
    """A job that goes on sending for longer than a check waits."""
    late = time.monotonic() + LONG_SECONDS
    while time.monotonic() < late:
        send("still here")
        time.sleep(0.01)


def events_of(executor: Executor, *jobs: Job) -> dict[str, list[JobEvent]]:
    """The events of each job until all have ended."""
    found: dict[str, list[JobEvent]] = {job.name: [] for job in jobs}
    for job in jobs:
        executor.submit(job)
    executor.wait(lambda event: found[event.job].append(event))
    return found


def each_job_is_performed_once_in_order(start: ExecutorFactory) -> None:
    """The messages of each job are received once each, in the order sent, and then its result."""
    jobs = {f"job {n}": (100 * n, 100 * n + MANY) for n in range(5)}
    with start(Workers(2)) as executor:
        found = events_of(executor, *(Job(name, count, limits) for name, limits in jobs.items()))
        for name, limits in jobs.items():
            expected = [*(JobMessage(name, number) for number in range(*limits)), JobResult(name, MANY)]
            require(found[name] == expected, "a job's messages come once each, in order, and its result after them")
        require(events_of(executor) == {}, "no jobs send nothing")


def events_are_received_by_who_waits(start: ExecutorFactory) -> None:
    """``receive`` is called in the process and the thread that called ``wait``."""
    threads = set[int]()
    with start(Workers(2)) as executor:
        executor.submit(Job("job", count, (0, 3)))
        executor.wait(lambda event: threads.add(threading.get_ident()))
    require(threads == {threading.get_ident()}, "events must be received in the thread that waits for them")


def an_error_ends_its_own_job(start: ExecutorFactory) -> None:
    """An error ends its job, after the job's messages; the other jobs go on."""
    with start(Workers(2)) as executor:
        try:
            found = events_of(executor, Job("wrong", fail), Job("right", count, (0, 3)), Job("last", count, (0, 3)))
        except LookupError as error:
            raise ContractError("a job's error must be received, not raised by `wait`") from error
    message, *ends = found["wrong"]
    require(message == JobMessage("wrong", "before"), "messages before an error must be received")
    errors = [repr(getattr(end, "error", None)) for end in ends]
    require(errors == [repr(LookupError("what the job raised"))], f"a job's error must be its end, not {errors}")
    rest = [event for name in ("right", "last") for event in found[name][-1:]]
    require(rest == [JobResult("right", 3), JobResult("last", 3)], "one job's error must not end another job")


def a_name_is_in_use_until_its_end(start: ExecutorFactory) -> None:
    """A name is refused until its job has ended; from then on, even inside ``receive``, it may be submitted again."""
    ends: list[JobEvent] = []
    with start(Workers(1)) as executor:

        def submit_again(event: JobEvent) -> None:
            if isinstance(event, JobEnd):
                ends.append(event)
                if len(ends) == 1:
                    executor.submit(Job("job", count, (0, 2)))

        executor.submit(Job("job", fail))
        rule = "a second job of a name must be refused while the first has not ended"
        require_refused(ValueError, rule, executor.submit, Job("job", count, (0, 1)))
        executor.wait(submit_again)
    require(ends[1:] == [JobResult("job", 2)], "a job that is submitted again when it has ended is performed again")


def a_cancelled_job_ends(start: ExecutorFactory) -> None:
    """A job that is cancelled sends nothing more and ends with CancelledError, whether it waits or is performed."""
    found: list[JobEvent] = []
    with start(Workers(1)) as executor:

        def cancel(event: JobEvent) -> None:
            if len(found) == 0:
                require(executor.cancel("long"), "a job that is performed can be cancelled")
                require(executor.cancel("waiting"), "a job that waits can be cancelled")
            found.append(event)

        executor.submit(Job("long", last_long))
        executor.submit(Job("waiting", count, (0, 3)))
        executor.submit(Job("other", count, (0, 1)))
        executor.wait(cancel)
        require(not executor.cancel("long"), "a job that has ended cannot be cancelled")
    for name, messages in (("long", 1), ("waiting", 0)):
        *before, end = [event for event in found if event.job == name]
        require(len(before) == messages, f"a cancelled job must send nothing more, but {name!r} sent {len(before)}")
        error = getattr(end, "error", None)
        require(isinstance(error, CancelledError), f"a cancelled job must end with CancelledError, not {end}")
    require(found[-1] == JobResult("other", 1), "the jobs that were not cancelled go on")


def an_error_of_the_receiver_comes_out(start: ExecutorFactory) -> None:
    """An error that ``receive`` raises is raised by ``wait``, and leaving the executor ends its jobs at once."""
    began = time.monotonic()
    try:
        with start(Workers(2)) as executor:
            executor.submit(Job("long", last_long))
            executor.submit(Job("longer", last_long))
            executor.wait(_interrupt)
    except KeyboardInterrupt:
        require(time.monotonic() - began < LONG_SECONDS / 2, "leaving an executor must not wait for its jobs")
        rule = "an executor that is shut down must refuse jobs"
        require_refused(RuntimeError, rule, executor.submit, Job("job", count, (0, 1)))
        return
    raise ContractError("an error that the receiver raises must come out of `wait`")


def _interrupt(event: JobEvent) -> None:
    raise KeyboardInterrupt


EXECUTOR_CHECKS: tuple[Callable[[ExecutorFactory], None], ...] = (
    each_job_is_performed_once_in_order,
    events_are_received_by_who_waits,
    an_error_ends_its_own_job,
    a_name_is_in_use_until_its_end,
    a_cancelled_job_ends,
    an_error_of_the_receiver_comes_out,
)
