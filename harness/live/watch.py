"""Watches a run store from another process, without writing to it.

A store does not record whether the process of a run is alive: a run with status ``running`` may be waiting for a free
worker, or its process may have died. So a run without a committed answer counts as waiting, and for the others the time
since the last commit that was seen is given.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from sqlalchemy import Engine, Row, Select, case, func, select

from harness.core.budget import Cost
from harness.core.measures import ACCURACY, PERPLEXITY
from harness.core.oracle import Metric
from harness.core.runspec import RunSpec
from harness.execution.messages import BestScore
from harness.storage import database, schema
from harness.storage.row_layout import require_rows
from harness.storage.row_records import run_of

IDLE_SECONDS = 30.0
"""Watching ends after this long without an active or waiting run."""


@dataclass(frozen=True, slots=True)
class WatchedRun:
    """A run in progress: its progress, cost, best score and last commit.

    ``usual`` is the mean number of queries of finished runs of the same policy, oracle and space, ``None`` without any;
    ``silent`` are the seconds without a commit while watching, ``None`` in the first snapshot.
    """

    run: str
    spec: RunSpec
    trials: int
    spent: Cost
    best: BestScore | None
    usual: int | None
    silent: float | None = None


@dataclass(frozen=True, slots=True)
class RunCounts:
    """How many runs of a policy and oracle on a space have finished, have failed, are active (``going``) or wait."""

    policy: str
    oracle: str
    space: str
    finished: int
    failed: int
    going: int
    waiting: int


@dataclass(frozen=True, slots=True)
class StoreSnapshot:
    """A store at one moment."""

    store: str
    groups: tuple[RunCounts, ...]
    going: tuple[WatchedRun, ...]

    @property
    def busy(self) -> bool:
        """Whether any run is active or waiting."""
        return any(group.going or group.waiting for group in self.groups)

    def total(self, name: str) -> int:
        """A count such as ``finished`` over all groups."""
        return sum(getattr(group, name) for group in self.groups)


@dataclass(slots=True)
class StoreWatch:
    """Takes snapshots of a store, and remembers when each run was last seen to progress."""

    engine: Engine
    clock: Callable[[], float] = time.monotonic
    moved: dict[str, tuple[int, float]] = field(default_factory=dict)
    looks: int = 0

    @classmethod
    def of(cls, url: str, clock: Callable[[], float] = time.monotonic) -> Self:
        """Watch the store at this URL; raises StoreError where there is none."""
        engine = database.connect(url, reading=True)
        database.require_store(engine)
        return cls(engine, clock)

    def close(self) -> None:
        """Close the connections to the database."""
        self.engine.dispose()

    def look(self) -> StoreSnapshot:
        """A snapshot of the store, read in one transaction."""
        with database.store_errors(self.engine.url), self.engine.connect() as connection:
            groups = require_rows(connection.execute(_groups()).all(), schema.runs, "a run")
            rows = connection.execute(_going()).all()
            tops = require_rows(connection.execute(_tops()).all(), schema.trials, "a run in progress")
        usual = {_place(row): round(row.usual) for row in groups if _is_known(row.usual)}
        best = {row.run: row.value for row in tops}
        going = tuple(self._seen(row, best.get(row.number), usual.get(_place(row))) for row in rows)
        self.looks += 1
        counts = tuple(RunCounts(*row[:-1]) for row in groups)
        return StoreSnapshot(self.engine.url.render_as_string(hide_password=True), counts, going)

    def _seen(self, row: Row[Any], top: float | None, usual: int | None) -> WatchedRun:
        run, now = run_of(row), self.clock()
        trials, since = self.moved.get(row.id, (None, now))
        if trials != row.trials:
            since = now
            self.moved[row.id] = row.trials, now
        best = None if top is None else BestScore(top, metric_of(run.spec, top))
        return WatchedRun(run.id, run.spec, run.trials, run.spent, best, usual, now - since if self.looks else None)


def follow(
    watched: StoreWatch, interval: float, *, sleep: Callable[[float], object] = time.sleep
) -> Iterator[StoreSnapshot]:
    """Take a snapshot every ``interval`` seconds, until no run has been active or waiting for half a minute."""
    since = watched.clock()
    while True:
        snapshot = watched.look()
        yield snapshot
        if snapshot.busy:
            since = watched.clock()
        elif watched.clock() - since >= IDLE_SECONDS:
            return
        sleep(interval)


def _is_known(mean: float | None) -> bool:
    return mean is not None and math.isfinite(mean)


def _place(row: Row[Any]) -> tuple[str, str, str]:
    return row.policy, row.oracle, row.space


def _groups() -> Select[Any]:
    """The fields of each ``RunCounts`` in their order, and the mean queries of its finished runs."""
    runs = schema.runs.c
    running, place = runs.status == "running", (runs.policy, runs.oracle, runs.space)
    counts: Mapping[str, Any] = {
        "finished": runs.status == "finished",
        "failed": runs.status == "failed",
        "going": running & (runs.trials > 0),
        "waiting": running & (runs.trials == 0),
    }
    sums = [func.sum(case((condition, 1), else_=0)).label(f"{name}_runs") for name, condition in counts.items()]
    usual = func.avg(case((runs.status == "finished", runs.queries))).label("usual")
    return select(*place, *sums, usual).group_by(*place).order_by(func.min(runs.number))


def _going() -> Select[Any]:
    runs = schema.runs.c
    return select(schema.runs).where(runs.status == "running", runs.trials > 0).order_by(runs.number)


def _tops() -> Select[Any]:
    runs, trials = schema.runs.c, schema.trials.c
    joined = select(trials.run, func.max(trials.value).label("value")).join(schema.runs)
    return joined.where(runs.status == "running").group_by(trials.run)


def metric_of(spec: RunSpec, score: float) -> Metric:
    """The metric of a stored score, which the store lacks: a score below 0 is the negated logarithm of a perplexity.

    Scores from 0 to 1 are accuracies, except for the synthetic oracle; larger ones have no known measure.
    """
    if score < 0:
        return PERPLEXITY.metric(spec.search_metric)
    if score <= 1 and spec.oracle.partition("+")[0] != "synthetic":
        return ACCURACY.metric(spec.search_metric)
    return Metric("score", spec.search_metric, -math.inf, math.inf)


def changed(one: StoreSnapshot | None, other: StoreSnapshot) -> bool:
    """Whether any run progressed, began or ended between two snapshots."""
    return one is None or (one.groups, _trials(one.going)) != (other.groups, _trials(other.going))


def _trials(runs: Sequence[WatchedRun]) -> list[tuple[str, int]]:
    return [(seen.run, seen.trials) for seen in runs]
