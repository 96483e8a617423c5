"""Each contract check of executors rejects an executor that breaks its rule; threads, which keep it, pass them all."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from harness.execution.executor import Job, JobError, JobEvent, JobMessage
from harness.testing import EXECUTOR_CHECKS, ContractError
from harness.testing import executors as checks
from tests.fakes.threads import Threads


class ReceivesWith(Threads):
    """Changes how events are received."""

    def wait(self, receive: Callable[[JobEvent], None]) -> None:
        super().wait(lambda event: self.pass_on(event, receive))

    def pass_on(self, event: JobEvent, receive: Callable[[JobEvent], None]) -> None:
        raise NotImplementedError


class SwapsMessages(ReceivesWith):
    """Sends the first two messages of a job in the wrong order."""

    kept: JobEvent | None = None

    def pass_on(self, event: JobEvent, receive: Callable[[JobEvent], None]) -> None:
        if event == JobMessage("job 3", 300):
            self.kept = event
            return
        receive(event)
        if event == JobMessage("job 3", 301) and self.kept:
            receive(self.kept)


class PerformsTwice(Threads):
    """Performs each job a second time, unasked."""

    def perform(self, job: Job) -> None:
        job.function(*job.arguments, lambda content: self.send(JobMessage(job.name, content)))
        super().perform(job)


class LosesTheLastMessage(ReceivesWith):
    def pass_on(self, event: JobEvent, receive: Callable[[JobEvent], None]) -> None:
        if event != JobMessage("job 4", 400 + checks.MANY - 1):
            receive(event)


class ReceivesElsewhere(ReceivesWith):
    def pass_on(self, event: JobEvent, receive: Callable[[JobEvent], None]) -> None:
        thread = threading.Thread(target=receive, args=(event,))
        thread.start()
        thread.join()


class EndsAllAtAnError(ReceivesWith):
    def pass_on(self, event: JobEvent, receive: Callable[[JobEvent], None]) -> None:
        receive(event)
        if isinstance(event, JobError):
            self._open.clear()


class RaisesErrors(ReceivesWith):
    def pass_on(self, event: JobEvent, receive: Callable[[JobEvent], None]) -> None:
        if isinstance(event, JobError):
            raise event.error
        receive(event)


class TakesANameTwice(Threads):
    def submit(self, job: Job) -> None:
        if job.name not in self._open:
            super().submit(job)


class RemembersNames(Threads):
    """Does nothing for a name that it has seen before."""

    seen: frozenset[str] = frozenset()

    def submit(self, job: Job) -> None:
        if job.name in self._open or job.name not in self.seen:
            super().submit(job)
        self.seen |= {job.name}


class NeverCancels(Threads):
    def cancel(self, name: str) -> bool:
        return False


class EndsWithAnotherError(ReceivesWith):
    def pass_on(self, event: JobEvent, receive: Callable[[JobEvent], None]) -> None:
        receive(JobError(event.job, InterruptedError()) if isinstance(event, JobError) else event)


class SendsOnAfterACancel(ReceivesWith):
    def pass_on(self, event: JobEvent, receive: Callable[[JobEvent], None]) -> None:
        if isinstance(event, JobError):
            receive(JobMessage(event.job, "late"))
        receive(event)


class CancelsTheEnded(Threads):
    def cancel(self, name: str) -> bool:
        super().cancel(name)
        return True


class SwallowsErrors(ReceivesWith):
    def pass_on(self, event: JobEvent, receive: Callable[[JobEvent], None]) -> None:
        with suppress(KeyboardInterrupt):
            receive(event)
        if len(self._open) == 2:
            self._is_shut_down = True


class WaitsForItsJobs(Threads):
    """Leaving it lets everything that was begun come to its end."""

    def shutdown(self) -> None:
        self.pool.shutdown()
        super().shutdown()


class TakesJobsAfterwards(Threads):
    def submit(self, job: Job) -> None:
        if not self._is_shut_down:
            super().submit(job)


BROKEN = [
    (checks.each_job_is_performed_once_in_order, SwapsMessages),
    (checks.each_job_is_performed_once_in_order, PerformsTwice),
    (checks.each_job_is_performed_once_in_order, LosesTheLastMessage),
    (checks.events_are_received_by_who_waits, ReceivesElsewhere),
    (checks.an_error_ends_its_own_job, EndsAllAtAnError),
    (checks.an_error_ends_its_own_job, RaisesErrors),
    (checks.a_name_is_in_use_until_its_end, TakesANameTwice),
    (checks.a_name_is_in_use_until_its_end, RemembersNames),
    (checks.a_cancelled_job_ends, NeverCancels),
    (checks.a_cancelled_job_ends, EndsWithAnotherError),
    (checks.a_cancelled_job_ends, SendsOnAfterACancel),
    (checks.a_cancelled_job_ends, CancelsTheEnded),
    (checks.an_error_of_the_receiver_comes_out, SwallowsErrors),
    (checks.an_error_of_the_receiver_comes_out, WaitsForItsJobs),
    (checks.an_error_of_the_receiver_comes_out, TakesJobsAfterwards),
]


@pytest.mark.parametrize("check", EXECUTOR_CHECKS)
def test_threads_pass_so_that_nothing_depends_on_processes(check: Callable[[Any], None]) -> None:
    check(Threads)


@pytest.mark.parametrize(("check", "broken"), BROKEN)
def test_a_check_rejects_what_breaks_its_rule(
    check: Callable[[Any], None], broken: type[Threads], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "LONG_SECONDS", 1.0)
    with pytest.raises(ContractError):
        check(broken)


def test_every_check_has_something_that_it_rejects() -> None:
    assert {check for check, _ in BROKEN} == set(EXECUTOR_CHECKS)
