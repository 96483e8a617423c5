"""Worker processes: what a job sees, and what is known of one whose process dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.core.errors import UnknownNameError
from harness.execution.executor import (
    Job,
    JobError,
    JobEvent,
    JobMessage,
    JobResult,
    Send,
    WorkerKilledError,
    Workers,
    start_executor,
)
from harness.execution.in_process import InProcess
from harness.execution.local_processes import LocalProcesses

STATE_BYTES = 60_000_000


def send_large(send: Send) -> int:
    """Tells who it is, and then sends a state that no pipe holds."""
    send(os.getpid())
    send(bytes(STATE_BYTES))
    return os.getpid()


def end_abruptly(send: Send) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave_a_child_behind(send: Send) -> None:
    """Dies, but a process that it has forked lives on for a while and holds what it had open."""
    if os.fork() == 0:
        time.sleep(20)
        os._exit(0)
    os.kill(os.getpid(), signal.SIGKILL)


def sleep(send: Send) -> None:
    send(os.getpid())
    time.sleep(60)


def gpu(send: Send) -> str | None:
    return os.environ.get("CUDA_VISIBLE_DEVICES")


class TwoPartError(Exception):
    """Cannot be built again from its text, as pickle does."""

    def __init__(self, one: str, two: str) -> None:
        super().__init__(one + two)


def fail_in_two_parts(send: Send) -> None:
    raise TwoPartError("one", "two")


@pytest.fixture
def executor() -> Iterator[LocalProcesses]:
    with LocalProcesses(Workers(1)) as started:
        yield started


def events(executor: LocalProcesses, *functions: Callable[..., object]) -> list[JobEvent]:
    found: list[JobEvent] = []
    for function in functions:
        executor.submit(Job(function.__name__, function))
    executor.wait(found.append)
    return found


def is_killed(event: JobEvent) -> bool:
    return isinstance(event, JobError) and isinstance(event.error, WorkerKilledError)


def test_a_worker_that_is_killed_while_it_sends_a_large_state_is_noticed(executor: LocalProcesses) -> None:
    found: list[JobEvent] = []

    def receive(event: JobEvent) -> None:
        found.append(event)
        if len(found) == 1 and isinstance(event, JobMessage):
            (worker,) = executor._workers
            assert worker.pipe.poll(60)  # it has begun to send its state, and cannot end while nobody reads
            os.kill(event.content, signal.SIGKILL)

    executor.submit(Job("large", send_large))
    executor.submit(Job("next", gpu))
    start = time.monotonic()
    executor.wait(receive)
    assert time.monotonic() - start < 30
    assert isinstance(found[0], JobMessage)
    assert is_killed(found[1])
    assert found[2:] == [JobResult("next", os.environ.get("CUDA_VISIBLE_DEVICES"))]


def test_a_large_state_arrives_whole(executor: LocalProcesses) -> None:
    who, state, end = events(executor, send_large)
    assert isinstance(who, JobMessage)
    assert state == JobMessage("send_large", bytes(STATE_BYTES))
    assert end == JobResult("send_large", who.content)


def test_a_job_whose_worker_was_killed_may_be_submitted_again(executor: LocalProcesses) -> None:
    ends: list[JobEvent] = []

    def again(event: JobEvent) -> None:
        ends.append(event)
        if len(ends) == 1:
            executor.submit(Job("job", gpu))

    executor.submit(Job("job", end_abruptly))
    executor.wait(again)
    assert is_killed(ends[0])
    assert isinstance(ends[1], JobResult)


def test_a_dead_worker_is_noticed_though_a_process_of_its_own_holds_its_pipe(executor: LocalProcesses) -> None:
    start = time.monotonic()
    (end,) = events(executor, leave_a_child_behind)
    assert is_killed(end)
    assert time.monotonic() - start < 15


def test_the_worker_after_a_killed_one_has_its_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    with LocalProcesses(Workers(1, (3,))) as executor:
        killed, end = events(executor, end_abruptly, gpu)
    assert is_killed(killed)
    assert end == JobResult("gpu", "3")


def test_an_error_that_cannot_be_pickled_is_told_in_words(executor: LocalProcesses) -> None:
    (end,) = events(executor, fail_in_two_parts)
    assert isinstance(end, JobError)
    assert repr(end.error) == repr(RuntimeError("TwoPartError('onetwo')"))


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    code = (
        "from tests.execution.test_local_processes import *\n"
        "if __name__ == '__main__':\n"
        "    with LocalProcesses(Workers(1)) as executor:\n"
        "        executor.submit(Job('job', sleep))\n"
        "        executor.wait(lambda event: print(event.content, flush=True))\n"
    )
    (tmp_path / "parent.py").write_text(code)
    with subprocess.Popen([sys.executable, str(tmp_path / "parent.py")], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        worker = int(parent.stdout.readline())
        parent.kill()
    late = time.monotonic() + 30
    while _lives(worker):
        assert time.monotonic() < late
        time.sleep(0.05)


def _lives(process: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


@pytest.mark.parametrize(
    ("workers", "kind"),
    [
        (Workers(1), InProcess),
        (Workers(2), LocalProcesses),
        (Workers(1, (0,)), LocalProcesses),
        (Workers(1, isolated=True), LocalProcesses),
    ],
)
def test_one_worker_on_the_cpu_needs_no_process(workers: Workers, kind: type) -> None:
    with start_executor(workers) as executor:
        assert type(executor) is kind


def test_an_unknown_executor_is_a_named_error() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown executor 'locl'; did you mean 'local'\?"):
        start_executor(Workers(1, executor="locl"))


def test_workers_are_as_many_as_asked_or_one_on_each_gpu_or_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 5)
    assert Workers.of(3, (0, 1)) == Workers(3, (0, 1))
    assert Workers.of(None, (0, 1)) == Workers(2, (0, 1))
    assert Workers.of(None) == Workers(5)
