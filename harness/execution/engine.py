"""Performs runs, here or in worker processes, and passes on what they do as messages to one receiver.

A worker searches and sends; only the process that called ``perform_all`` writes. A message carries trials together with
both states after them, so that whatever has arrived can be gone on from.
"""

from __future__ import annotations

import math
import os
import queue
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from threadpoolctl import threadpool_limits

from harness.core.driver import WIDTH, Progress, search
from harness.core.errors import ResourceError
from harness.core.oracle import Metric, Oracle, Scored, Trial
from harness.core.policy import Policy
from harness.core.runspec import RunSpec
from harness.execution.probe import Probe, measured, trains_shared_weights
from harness.execution.worker_processes import CONTEXT, pool
from harness.planning.plan import build_oracle, build_policy, build_space
from harness.storage.records import Checkpoint, ScoreRow, score_rows

CHECKPOINT_SECONDS = 2.0
CHECKPOINT_SHARE = 20
"""A pause lasts at least so many times as long as the checkpoint before it, which so costs at most a twentieth."""

BEAT_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Job:
    """A run to perform, from a checkpoint if there is one; ``best`` is the best score before it, where known."""

    run: str
    spec: RunSpec
    checkpoint: Checkpoint | None = None
    best: float | None = None

    @property
    def progress(self) -> Progress:
        """How far the run is before it is performed."""
        return Progress() if self.checkpoint is None else Progress(self.checkpoint.trials, self.checkpoint.spent)


@dataclass(frozen=True, slots=True)
class Best:
    """The best score of a run so far, as the search sees it, and what it means."""

    value: float
    metric: Metric


@dataclass(frozen=True, slots=True)
class Beat:
    """How far a run is, for the eye; each sends one before anything else."""

    run: str
    progress: Progress
    best: Best | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """The new scores of a run, the checkpoint after them, and the best score so far."""

    run: str
    rows: list[ScoreRow]
    checkpoint: Checkpoint
    best: Best | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """A run's end: what it recommends and how its shared weights score the probe's cells, in text form."""

    run: str
    recommendation: str
    probe: Probe = ()


@dataclass(frozen=True, slots=True)
class Broken:
    """A run that stopped with an error; its checkpoint stays.

    The error is raised after this message, unless it was a ResourceError: such a run fails alone.
    """

    run: str
    reason: str


Message: TypeAlias = Beat | Saved | Done | Broken
Receiver: TypeAlias = Callable[[Message], None]


@dataclass(slots=True)
class CheckpointLog:
    """The log of a job: collects trials and sends them, with both states, every few seconds.

    The states of shared weights can be large, so the pause between two checkpoints grows with what one takes.
    """

    job: Job
    send: Receiver
    clock: Callable[[], float] = time.monotonic
    trials: list[Trial] = field(default_factory=list)
    pause: float = field(init=False)
    saved: float = field(init=False)
    beaten: float = 0.0
    top: float = field(init=False)

    def __post_init__(self) -> None:
        self.pause, self.saved = CHECKPOINT_SECONDS, self.clock()
        self.top = -math.inf if self.job.best is None else self.job.best

    def resume(self, policy: Policy, oracle: Oracle) -> Progress:
        """Load the job's checkpoint, if there is one."""
        if self.job.checkpoint is not None:
            policy.load_state_dict(self.job.checkpoint.policy_state)
            oracle.load_state_dict(self.job.checkpoint.oracle_state)
        return self.job.progress

    def append(self, trials: Sequence[Trial], progress: Progress, policy: Policy, oracle: Oracle) -> None:
        """Take note of trials; send a checkpoint when one is due."""
        self.trials.extend(trials)
        scores = (trial.answer.value for trial in trials if isinstance(trial.answer, Scored))
        self.top = max(self.top, max(scores, default=-math.inf))
        now = self.clock()
        if now - self.saved >= self.pause:
            self.save(progress, policy, oracle)
        elif now - self.beaten >= BEAT_SECONDS:
            self.send(Beat(self.job.run, progress, self._best(oracle)))
            self.beaten = now

    def save(self, progress: Progress, policy: Policy, oracle: Oracle) -> None:
        """Send all trials since the last checkpoint, and the states after them."""
        start, repeated = self.clock(), getattr(oracle, "repeated", 0)
        states = {"policy": policy.state_dict(), "oracle": oracle.state_dict()}
        checkpoint = Checkpoint.of(progress.trials, progress.spent, repeated, **states)
        rows = score_rows(self.trials, oracle.space.format)
        self.send(Saved(self.job.run, rows, checkpoint, self._best(oracle)))
        self.trials.clear()
        self.saved = self.clock()
        self.pause = max(CHECKPOINT_SECONDS, CHECKPOINT_SHARE * (self.saved - start))

    def _best(self, oracle: Oracle) -> Best | None:
        return Best(self.top, oracle.metric) if math.isfinite(self.top) else None


def perform(job: Job, send: Receiver) -> None:
    """Search to the end, sending checkpoints on the way; numerical libraries use one thread, as in every worker.

    An oracle whose answers take long says as ``width`` how many it is asked for at once: checkpoints, and the end of a
    budget, lie between two batches.
    """
    send(Beat(job.run, job.progress))
    space = build_space(job.spec)
    oracle, policy = build_oracle(job.spec, space), build_policy(job.spec, space)
    log = CheckpointLog(job, send)
    with one_thread():
        outcome = search(policy, oracle, job.spec.budget, log, width=getattr(oracle, "width", WIDTH))
        log.save(outcome.progress, policy, oracle)
        probe = measured(oracle) if trains_shared_weights(policy, oracle) else ()
    send(Done(job.run, space.format(outcome.recommendation), probe))


def perform_alone(job: Job, send: Receiver) -> None:
    """Perform a job; one that needs more memory than there is sends that it is broken, and no error comes out."""
    try:
        perform(job, send)
    except ResourceError as error:
        send(Broken(job.run, str(error)))


@contextmanager
def one_thread() -> Iterator[None]:
    """Numerical libraries use one thread: sums are taken in one order, and workers do not fight over the cores.

    Two runs side by side whose BLAS spins two threads each took twenty times as long as with one thread each.
    """
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else None
    with threadpool_limits(1):
        if torch:
            torch.set_num_threads(1)
        try:
            yield
        finally:
            if torch:
                torch.set_num_threads(before)


def perform_all(jobs: Sequence[Job], receive: Receiver, *, workers: int, gpus: Sequence[int] = ()) -> None:
    """Perform all jobs, ``workers`` at a time; messages arrive in the calling process, each run's in order.

    An error in a run is raised here once the messages that came before it have been received, except that a run with
    a ResourceError fails alone; where a worker was killed, HarnessError. Each worker has one of ``gpus``, in turn; runs
    wait for a free worker.
    """
    workers = min(workers, len(jobs))
    if not jobs or (workers <= 1 and not gpus):
        for job in jobs:
            _perform_here(job, receive)
        return
    messages: Any = CONTEXT.Queue()
    with pool(workers, gpus, _enter, messages) as started:
        _pass_on({started.submit(_work, job): job for job in jobs}, messages, receive)


def _perform_here(job: Job, receive: Receiver) -> None:
    try:
        perform_alone(job, receive)
    except Exception as error:
        receive(Broken(job.run, repr(error)))
        raise


_messages: Any = None  # a worker's end of the queue, which can only be inherited


def _enter(messages: Any, gpu: int | None) -> None:
    """Make a process a worker: take its end of the queue and its GPU."""
    global _messages
    _messages = messages
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = _visible(gpu)


def _visible(gpu: int) -> str:
    """The device that the parent counts as ``gpu``, which may itself see only some of the machine's."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    return given.split(",")[gpu] if given else str(gpu)


def _work(job: Job) -> None:
    perform_alone(job, _messages.put)


def _pass_on(futures: Mapping[Future[None], Job], messages: Any, receive: Receiver) -> None:
    """Receive until every run has ended; the first error of a run is raised once its messages are in."""
    finished = 0
    while finished < len(futures):
        try:
            message = messages.get(timeout=0.1)
        except queue.Empty:
            _raise_first(futures, receive)
        else:
            receive(message)
            finished += isinstance(message, Done | Broken)


def _raise_first(futures: Mapping[Future[None], Job], receive: Receiver) -> None:
    """Raise the error of a run that has one."""
    for future, job in futures.items():
        error = future.exception() if future.done() else None
        if error is None:
            continue
        if not isinstance(error, BrokenProcessPool):  # a run whose worker was killed goes on from its last checkpoint
            receive(Broken(job.run, repr(error)))
        raise error
