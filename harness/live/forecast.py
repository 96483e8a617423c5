"""Tracks the progress of runs by their messages, and estimates the time left."""

from __future__ import annotations

import functools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from harness.core.driver import SearchProgress
from harness.core.runspec import RunSpec
from harness.execution.engine import RunJob
from harness.execution.messages import BestScore, CheckpointSaved, Heartbeat, Message, RunFailed, RunFinished
from harness.planning import registry

Clock: TypeAlias = Callable[[], float]
"""Seconds since an arbitrary moment, such as ``time.monotonic``."""

MOST_NAMED = 4
"""The most runs that a line of progress names."""


@dataclass(frozen=True, slots=True)
class ActiveRun:
    """A run in progress since ``began`` on the clock, or its last state; ``best`` may be that since a resume."""

    job: RunJob
    began: float
    progress: SearchProgress
    best: BestScore | None = None


@dataclass(frozen=True, slots=True)
class EndedRun:
    """A run's last state, the seconds that it took in this command, and the reason why it failed, if it did."""

    run: ActiveRun
    seconds: float
    reason: str | None = None


class RunTracker:
    """The waiting, active and ended runs of a command; all times are seconds of ``clock``."""

    def __init__(self, jobs: Sequence[RunJob], total: int, clock: Clock = time.monotonic) -> None:
        self.total, self.clock, self.began = total, clock, clock()
        self._waiting = {job.run: job for job in jobs}
        self._going: dict[str, ActiveRun] = {}
        self._ended: list[EndedRun] = []
        self._before, self._most = total - len(jobs), 1

    @property
    def going(self) -> tuple[ActiveRun, ...]:
        """The runs in progress, in the order they began."""
        return tuple(self._going.values())

    @property
    def ended(self) -> int:
        """How many of all runs have ended, including failed runs and those that had ended before."""
        return self._before + len(self._ended)

    @property
    def failed(self) -> int:
        """How many runs failed."""
        return sum(each.reason is not None for each in self._ended)

    @property
    def elapsed(self) -> float:
        """Seconds since the tracker was made."""
        return self.clock() - self.began

    def receive(self, message: Message) -> EndedRun | None:
        """Process a message; returns the run if it has ended."""
        match message:
            case Heartbeat(run, progress, best):
                self._move(run, progress, best)
            case CheckpointSaved(run, _, checkpoint, best):
                self._move(run, checkpoint.progress, best)
            case RunFinished(run):
                return self._end(run, None)
            case RunFailed(run, reason, traceback):
                return self._end(run, reason + (f" (traceback: harness show {run[:12]})" if traceback else ""))
        return None

    def _move(self, run: str, progress: SearchProgress, best: BestScore | None) -> None:
        known = self._begin(run)
        self._going[run] = replace(known, progress=progress, best=best or known.best)

    def _begin(self, run: str) -> ActiveRun:
        if run not in self._going:
            job = self._waiting.pop(run)
            self._going[run] = ActiveRun(job, self.clock(), job.progress)
            self._most = max(self._most, len(self._going))
        return self._going[run]

    def _end(self, run: str, reason: str | None) -> EndedRun:
        going = self._begin(run)
        del self._going[run]
        self._ended.append(EndedRun(going, self.clock() - going.began, reason))
        return self._ended[-1]

    def queries(self, run: ActiveRun) -> str:
        """The queries of a run, of as many as expected: its budget, or those of the last finished run like it."""
        last = self._last(run.job.spec)
        used = None if last is None else last.run.progress.spent.queries
        return queries_text(run.progress.spent.queries, run.job.spec.budget.queries, used)

    def share(self, run: ActiveRun) -> float | None:
        """The share of a run that is done, 0 to 1; ``None`` if neither a budget nor another run gives it."""
        return self._share(run.job.spec, run.progress)

    def left(self, run: ActiveRun) -> float | None:
        """The estimated seconds until a run ends, at its speed so far; ``None`` if not known."""
        share, first = self._share(run.job.spec, run.progress), self._share(run.job.spec, run.job.progress)
        if share is None or first is None or share <= first:
            return None
        return (self.clock() - run.began) * (1 - share) / (share - first)

    def total_seconds_left(self) -> float | None:
        """The estimated seconds until all runs end, at the largest parallelism so far; ``None`` if not known yet."""
        going, waiting = self.going, tuple(self._waiting.values())
        lefts = [self._left_of_one(run) for run in going]
        parts = [*lefts, *(self._seconds(job.spec) for job in waiting)]
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        return max([sum(known) / self._most, *(part for part in lefts if part is not None)])

    def _left_of_one(self, run: ActiveRun) -> float | None:
        found, usual = self.left(run), self._seconds(run.job.spec)
        if found is not None or usual is None:
            return found
        return max(0.0, usual - (self.clock() - run.began))

    def _seconds(self, spec: RunSpec) -> float | None:
        """The expected seconds of a whole run: the mean of the runs like it, or else of all runs."""
        if needs_no_oracle(spec.policy):
            return 0.0
        going = [(run.job.spec, found) for run in self.going if (found := self._whole_seconds(run))]
        last, like = self._last(spec), [found for known, found in going if _alike(known, spec)]
        like += [] if last is None else [last.seconds]
        if not like:
            ended = (each.seconds for each in self._ended if not needs_no_oracle(each.run.job.spec.policy))
            like = [*(found for _, found in going), *ended]
        return statistics.fmean(like) if like else None

    def _whole_seconds(self, run: ActiveRun) -> float | None:
        left = self.left(run)
        return None if left is None else self.clock() - run.began + left

    def _share(self, spec: RunSpec, progress: SearchProgress) -> float | None:
        spent, budget, last = progress.spent, spec.budget, self._last(spec)
        pairs = ((spent.queries, budget.queries), (spent.epochs, budget.epochs), (spent.seconds, budget.seconds))
        shares = [used / limit for used, limit in pairs if limit is not None]
        if last is not None and last.run.progress.trials:
            shares.append(progress.trials / last.run.progress.trials)
        return min(1.0, max(shares)) if shares else None

    def _last(self, spec: RunSpec) -> EndedRun | None:
        """The last finished run of the same policy and oracle."""
        finished = (each for each in reversed(self._ended) if each.reason is None)
        return next((each for each in finished if _alike(each.run.job.spec, spec)), None)


def queries_text(spent: int, *ends: int | None) -> str:
    """The queries of a run, ``5 of 100`` with the smallest of ``ends``, its possible totals, that is not below them."""
    whole = min((end for end in ends if end is not None and end >= spent), default=None)
    return f"{spent:,}" + (f" of {whole:,}" if whole else "")


def _alike(one: RunSpec, other: RunSpec) -> bool:
    return (one.policy, one.oracle) == (other.policy, other.oracle)


@functools.cache
def needs_no_oracle(policy: str) -> bool:
    """Whether a policy recommends without any query, as the baseline does."""
    return not registry.load("policy", policy).needs


def duration_text(seconds: float | None) -> str:
    """A duration in one unit, such as ``12 s``, ``12 min`` and ``3.4 h``; a dash if it is not known."""
    if seconds is None:
        return "–"
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 99.5 * 60 else f"{seconds / 3600:,.1f} h"
