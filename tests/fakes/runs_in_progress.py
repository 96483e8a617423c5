"""Runs in progress: jobs, what they send, and a clock that stands still until it is moved."""

from __future__ import annotations

from typing import Any

from harness.core.budget import Budget, Cost
from harness.core.driver import SearchProgress
from harness.core.measures import ACCURACY, PERPLEXITY
from harness.execution.engine import RunJob
from harness.execution.messages import BestScore, Heartbeat
from tests.fakes.stored_runs import spec

VALIDATION = ACCURACY.metric("validation")
PERPLEXITIES = PERPLEXITY.metric("validation")


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def job(seed: int, policy: str = "nao", oracle: str = "tabular", **changes: Any) -> RunJob:
    """A job of the space of two recurrent nodes, of which no checkpoint is known."""
    fixed = {"policy": policy, "oracle": oracle, "table": None, "table_digest": None, "budget": Budget()}
    made = spec(seed, **{**fixed, **changes})
    return RunJob(made.digest, made)


def beat(of: RunJob, queries: int, best: float | None = None, **changes: Any) -> Heartbeat:
    """How far a run is: half of its answers are Updates, a query costs 0.01 simulated hours."""
    progress = SearchProgress(2 * queries, Cost(queries, 12.0 * queries, 36.0 * queries))
    found = None if best is None else BestScore(best, changes.get("metric", VALIDATION))
    return Heartbeat(of.run, progress, found)
