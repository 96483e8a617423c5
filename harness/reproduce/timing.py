"""How long a run on shared weights will take, from its first queries, asked by its own policy of its own oracle."""

from __future__ import annotations

import time

from harness.core.oracle import Gradient, Oracle, Trial
from harness.core.policy import Policy
from harness.core.runspec import RunSpec
from harness.core.space import SearchSpace
from harness.execution.threads import one_thread
from harness.planning import registry
from harness.planning.plan import build_oracle, build_policy

WARM_UP, TIMED = 2, 8
"""Queries that are answered before the clock runs, and while it does: loading kernels is done once."""


def training_steps(spec: RunSpec) -> int:
    """The Updates, and Gradients where a policy asks them, of a run on shared weights; Scores are not counted."""
    mine = spec.settings["policy"]
    epochs = mine["epochs"] if "epochs" in mine else mine["iterations"] * mine["update_epochs"]
    slopes = Gradient in registry.load("policy", spec.policy).needs
    return int((mine.get("warmup", 0) + epochs * (2 if slopes else 1)) * mine["updates"])


def seconds_per_step(spec: RunSpec, space: SearchSpace) -> float:
    """The mean seconds of the first queries of a run, on one thread (of the very first where it asks no others)."""
    policy, oracle = build_policy(spec, space), build_oracle(spec, space)
    with one_thread():
        first, timed = _timed(policy, oracle, WARM_UP), _timed(policy, oracle, TIMED)
    return timed or first or 0.0


def _timed(policy: Policy, oracle: Oracle, count: int) -> float | None:
    """Answer the next ``count`` queries of a policy: the mean seconds, ``None`` where it asks no more."""
    start, answered = time.perf_counter(), 0
    while answered < count and (queries := policy.ask(count - answered)):
        policy.tell([Trial(i, *pair) for i, pair in enumerate(zip(queries, oracle.answer(queries), strict=True))])
        answered += len(queries)
    return (time.perf_counter() - start) / answered if answered else None
