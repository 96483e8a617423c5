"""Estimates the time of a run on shared weights from its first queries, asked and answered by its policy and oracle."""

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
"""The number of queries answered before and during the timing: kernels are loaded only once."""


def training_steps(spec: RunSpec) -> int:
    """The number of Updates, and Gradients if its policy asks them, of a run on shared weights; without Scores."""
    mine = spec.settings["policy"]
    epochs = mine["epochs"] if "epochs" in mine else mine["iterations"] * mine["update_epochs"]
    slopes = Gradient in registry.load("policy", spec.policy).needs
    return int((mine.get("warmup", 0) + epochs * (2 if slopes else 1)) * mine["updates"])


def seconds_per_step(spec: RunSpec, space: SearchSpace) -> float:
    """The mean seconds of a run's queries after ``WARM_UP`` ones (of these if it asks no others), on one thread."""
    policy, oracle = build_policy(spec, space), build_oracle(spec, space)
    with one_thread():
        first, timed = _timed(policy, oracle, WARM_UP), _timed(policy, oracle, TIMED)
    return timed or first or 0.0


def _timed(policy: Policy, oracle: Oracle, count: int) -> float | None:
    """Answer the next ``count`` queries of a policy; returns their mean seconds, ``None`` if it asks no more."""
    start, answered = time.perf_counter(), 0
    while answered < count and (queries := policy.ask(count - answered)):
        policy.tell([Trial(i, *pair) for i, pair in enumerate(zip(queries, oracle.answer(queries), strict=True))])
        answered += len(queries)
    return (time.perf_counter() - start) / answered if answered else None
