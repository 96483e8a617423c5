"""Performs runs, and passes their messages on to one receiver.

The workers of an executor search and send messages; only the process that called ``perform_all`` writes.
"""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harness.core.driver import SearchProgress, search, why_failed
from harness.core.errors import HarnessError, SearchFailedError
from harness.core.features import OracleFeatures, repeated_queries
from harness.core.oracle import Oracle, Scored, Trial
from harness.core.policy import Policy
from harness.core.runspec import RunSpec
from harness.execution.executor import (
    Job,
    JobError,
    JobEvent,
    JobMessage,
    Note,
    WorkerKilledError,
    Workers,
    ignore_note,
    start_executor,
)
from harness.execution.messages import BestScore, CheckpointSaved, Heartbeat, Receiver, RunFailed, RunFinished
from harness.execution.probe import score_probe, trains_shared_weights
from harness.execution.threads import one_thread
from harness.planning.plan import build_oracle, build_policy, build_space
from harness.storage.records import Checkpoint, score_rows

CHECKPOINT_SECONDS = 2.0
CHECKPOINT_SHARE = 20
"""A pause lasts at least so many times as long as the checkpoint before it, which so costs at most a twentieth."""

HEARTBEAT_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class RunJob:
    """A run to perform, from a checkpoint if there is one; ``best`` is its best score so far, if known."""

    run: str
    spec: RunSpec
    checkpoint: Checkpoint | None = None
    best: float | None = None

    @property
    def progress(self) -> SearchProgress:
        """The progress of the run before it is performed."""
        return SearchProgress() if self.checkpoint is None else self.checkpoint.progress


class CheckpointLog:
    """The log of a job: collects trials and sends them, with both states, every few seconds.

    The states of shared weights can be large, so the pause between two checkpoints grows with what one takes.
    """

    def __init__(self, job: RunJob, send: Receiver, clock: Callable[[], float] = time.monotonic) -> None:
        self.job, self.send, self.clock = job, send, clock
        self.trials: list[Trial] = []
        self.pause, self.saved, self.last_heartbeat = CHECKPOINT_SECONDS, clock(), 0.0
        self.top = -math.inf if job.best is None else job.best

    def resume(self, policy: Policy, oracle: Oracle) -> SearchProgress:
        """Load the job's checkpoint, if there is one."""
        if self.job.checkpoint is not None:
            policy.load_state_dict(self.job.checkpoint.policy_state)
            oracle.load_state_dict(self.job.checkpoint.oracle_state)
        return self.job.progress

    def append(self, trials: Sequence[Trial], progress: SearchProgress, policy: Policy, oracle: Oracle) -> None:
        """Collect trials; send a checkpoint if one is due."""
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
        checkpoint = Checkpoint.of(progress.trials, progress.spent, repeated, answers=progress.answers, **states)
        rows = score_rows(self.trials, oracle.space.format)
        self.send(CheckpointSaved(self.job.run, rows, checkpoint, self._best(oracle)))
        self.trials.clear()
        self.saved = self.clock()
        self.pause = max(CHECKPOINT_SECONDS, CHECKPOINT_SHARE * (self.saved - start))

    def _best(self, oracle: Oracle) -> BestScore | None:
        return BestScore(self.top, oracle.metric) if math.isfinite(self.top) else None


def perform(job: RunJob, send: Receiver) -> None:
    """Search to the end, sending checkpoints; numerical libraries use one thread, as in every worker.

    Raises SearchFailedError for a search most of whose answers failed.
    """
    send(Heartbeat(job.run, job.progress))
    space = build_space(job.spec)
    oracle, policy = build_oracle(job.spec, space), build_policy(job.spec, space)
    log = CheckpointLog(job, send)
    with one_thread():
        outcome = search(policy, oracle, job.spec.budget, log, width=OracleFeatures.of(oracle).width)
        log.save(outcome.progress, policy, oracle)
        if reason := why_failed(outcome.progress.answers):
            raise SearchFailedError(reason)
        probe = score_probe(oracle) if trains_shared_weights(policy, oracle) else ()
    send(RunFinished(job.run, space.format(outcome.recommendation), probe, oracle.metric))


def keep(job: RunJob) -> RunJob:
    """The default ``renew`` of ``perform_all``: the job from its old checkpoint."""
    return job


def perform_all(
    jobs: Sequence[RunJob],
    receive: Receiver,
    *,
    workers: Workers,
    renew: Callable[[RunJob], RunJob] = keep,
    note: Note = ignore_note,
) -> None:
    """Perform all jobs; messages arrive in the calling process, each run's in order.

    A run that raises an error ends with RunFailed, and the others go on. If the worker of a run is killed, the run is
    performed once more, from the checkpoint that ``renew`` gives it. ``note`` receives what a user should know about
    the workers. An error that ``receive`` raises ends everything.
    """
    by_run, killed = {job.run: job for job in jobs}, set[str]()

    def pass_on(event: JobEvent) -> None:
        match event:
            case JobMessage(content=message):
                receive(message)
            case JobError(job=run, error=WorkerKilledError()) if run not in killed:
                killed.add(run)
                submit(renew(by_run[run]))
            case JobError(job=run, error=error):
                receive(RunFailed(run, *_in_words(error)))

    def submit(job: RunJob) -> None:
        executor.submit(Job(job.run, perform, (job,), _label(job.spec)))

    with start_executor(workers, note) as executor:
        for job in jobs:
            submit(job)
        executor.wait(pass_on)


def _label(spec: RunSpec) -> str:
    return f"{spec.policy} on {spec.oracle}, seed {spec.seed}"


def _in_words(error: Exception) -> tuple[str, str]:
    """An error in one line, and its traceback unless the message alone says everything."""
    if isinstance(error, HarnessError):
        return " ".join(str(error).split()), ""
    words = " ".join(f"{type(error).__name__}: {error}".split())
    return words, "".join(traceback.format_exception(error))
