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

from harness.core.driver import SearchProgress, search
from harness.core.errors import ResourceError
from harness.core.features import OracleFeatures, repeated_queries
from harness.core.oracle import Metric, Oracle, Scored, Trial
from harness.core.policy import Policy
from harness.core.runspec import RunSpec
from harness.execution.probe import ProbeScores, score_probe, trains_shared_weights
from harness.execution.worker_processes import CONTEXT, worker_pool
from harness.planning.plan import build_oracle, build_policy, build_space
from harness.storage.records import Checkpoint, ScoreRow, score_rows

CHECKPOINT_SECONDS = 2.0
CHECKPOINT_SHARE = 20
"""A pause lasts at least so many times as long as the checkpoint before it, which so costs at most a twentieth."""

HEARTBEAT_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class RunJob:
    """A run to perform, from a checkpoint if there is one; ``best`` is the best score before it, where known."""

    run: str
    spec: RunSpec
    checkpoint: Checkpoint | None = None
    best: float | None = None

    @property
    def progress(self) -> SearchProgress:
        """How far the run is before it is performed."""
        return (
            SearchProgress()
            if self.checkpoint is None
            else SearchProgress(self.checkpoint.trials, self.checkpoint.spent)
        )


@dataclass(frozen=True, slots=True)
class BestScore:
    """The best score of a run so far, as the search sees it, and what it means."""

    value: float
    metric: Metric


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """How far a run is, for the eye; each sends one before anything else."""

    run: str
    progress: SearchProgress
    best: BestScore | None = None


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """The new scores of a run, the checkpoint after them, and the best score so far."""

    run: str
    rows: list[ScoreRow]
    checkpoint: Checkpoint
    best: BestScore | None = None


@dataclass(frozen=True, slots=True)
class RunFinished:
    """A run's end: what it recommends and how its shared weights score the probe's cells, in text form."""

    run: str
    recommendation: str
    probe: ProbeScores = ()


@dataclass(frozen=True, slots=True)
class RunFailed:
    """A run that stopped with an error; its checkpoint stays.

    The error is raised after this message, unless it was a ResourceError: such a run fails alone.
    """

    run: str
    reason: str


Message: TypeAlias = Heartbeat | CheckpointSaved | RunFinished | RunFailed
Receiver: TypeAlias = Callable[[Message], None]


@dataclass(slots=True)
class CheckpointLog:
    """The log of a job: collects trials and sends them, with both states, every few seconds.

    The states of shared weights can be large, so the pause between two checkpoints grows with what one takes.
    """

    job: RunJob
    send: Receiver
    clock: Callable[[], float] = time.monotonic
    trials: list[Trial] = field(default_factory=list)
    pause: float = field(init=False)
    saved: float = field(init=False)
    last_heartbeat: float = 0.0
    top: float = field(init=False)

    def __post_init__(self) -> None:
        self.pause, self.saved = CHECKPOINT_SECONDS, self.clock()
        self.top = -math.inf if self.job.best is None else self.job.best

    def resume(self, policy: Policy, oracle: Oracle) -> SearchProgress:
        """Load the job's checkpoint, if there is one."""
        if self.job.checkpoint is not None:
            policy.load_state_dict(self.job.checkpoint.policy_state)
            oracle.load_state_dict(self.job.checkpoint.oracle_state)
        return self.job.progress

    def append(self, trials: Sequence[Trial], progress: SearchProgress, policy: Policy, oracle: Oracle) -> None:
        """Take note of trials; send a checkpoint when one is due."""
        self.trials.extend(trials)
        scores = (trial.answer.value for trial in trials if isinstance(trial.answer, Scored))
        self.top = max(self.top, max(scores, default=-math.inf))
        now = self.clock()
        if now - self.saved >= self.pause:
            self.save(progress, policy, oracle)
        elif now - self.last_heartbeat >= HEARTBEAT_SECONDS:
            self.send(Heartbeat(self.job.run, progress, self._best(oracle)))
            self.last_heartbeat = now

    def save(self, progress: SearchProgress, policy: Policy, oracle: Oracle) -> None:
        """Send all trials since the last checkpoint, and the states after them."""
        start, repeated = self.clock(), repeated_queries(oracle)
        states = {"policy": policy.state_dict(), "oracle": oracle.state_dict()}
        checkpoint = Checkpoint.of(progress.trials, progress.spent, repeated, **states)
        rows = score_rows(self.trials, oracle.space.format)
        self.send(CheckpointSaved(self.job.run, rows, checkpoint, self._best(oracle)))
        self.trials.clear()
        self.saved = self.clock()
        self.pause = max(CHECKPOINT_SECONDS, CHECKPOINT_SHARE * (self.saved - start))

    def _best(self, oracle: Oracle) -> BestScore | None:
        return BestScore(self.top, oracle.metric) if math.isfinite(self.top) else None


def perform(job: RunJob, send: Receiver) -> None:
    """Search to the end, sending checkpoints on the way; numerical libraries use one thread, as in every worker.

    An oracle whose answers take long says as ``width`` how many it is asked for at once: checkpoints, and the end of a
    budget, lie between two batches.
    """
    send(Heartbeat(job.run, job.progress))
    space = build_space(job.spec)
    oracle, policy = build_oracle(job.spec, space), build_policy(job.spec, space)
    log = CheckpointLog(job, send)
    with one_thread():
        outcome = search(policy, oracle, job.spec.budget, log, width=OracleFeatures.of(oracle).width)
        log.save(outcome.progress, policy, oracle)
        probe = score_probe(oracle) if trains_shared_weights(policy, oracle) else ()
    send(RunFinished(job.run, space.format(outcome.recommendation), probe))


def perform_alone(job: RunJob, send: Receiver) -> None:
    """Perform a job; one that needs more memory than there is sends that it is broken, and no error comes out."""
    try:
        perform(job, send)
    except ResourceError as error:
        send(RunFailed(job.run, str(error)))


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


def perform_all(jobs: Sequence[RunJob], receive: Receiver, *, workers: int, gpus: Sequence[int] = ()) -> None:
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
    with worker_pool(workers, gpus, _init_worker, messages) as started:
        _forward_messages({started.submit(_perform_in_worker, job): job for job in jobs}, messages, receive)


def _perform_here(job: RunJob, receive: Receiver) -> None:
    try:
        perform_alone(job, receive)
    except Exception as error:
        receive(RunFailed(job.run, repr(error)))
        raise


_messages: Any = None  # a worker's end of the queue, which can only be inherited


def _init_worker(messages: Any, gpu: int | None) -> None:
    """Make a process a worker: take its end of the queue and its GPU."""
    global _messages
    _messages = messages
    if gpu is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = _visible_device(gpu)


def _visible_device(gpu: int) -> str:
    """The device that the parent counts as ``gpu``, which may itself see only some of the machine's."""
    given = os.environ.get("CUDA_VISIBLE_DEVICES")
    return given.split(",")[gpu] if given else str(gpu)


def _perform_in_worker(job: RunJob) -> None:
    perform_alone(job, _messages.put)


def _forward_messages(futures: Mapping[Future[None], RunJob], messages: Any, receive: Receiver) -> None:
    """Receive until every run has ended; the first error of a run is raised once its messages are in."""
    finished = 0
    while finished < len(futures):
        try:
            message = messages.get(timeout=0.1)
        except queue.Empty:
            _raise_first(futures, receive)
        else:
            receive(message)
            finished += isinstance(message, RunFinished | RunFailed)


def _raise_first(futures: Mapping[Future[None], RunJob], receive: Receiver) -> None:
    """Raise the error of a run that has one."""
    for future, job in futures.items():
        error = future.exception() if future.done() else None
        if error is None:
            continue
        if not isinstance(error, BrokenProcessPool):  # a run whose worker was killed goes on from its last checkpoint
            receive(RunFailed(job.run, repr(error)))
        raise error
