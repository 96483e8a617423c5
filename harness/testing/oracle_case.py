"""The case of an oracle under check: how to build it, the tolerances, and the queries that it is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.core.oracle import Gradient, Oracle, Query, Score, Update
from harness.core.random import stream
from harness.core.space import Mixture, SearchSpace


@dataclass(frozen=True, slots=True)
class OracleCase:
    """How to build an oracle for a run's seed, and the tolerances of its checks.

    A trained network computes in float32: give its slopes a larger ``slope_step`` of the finite differences and
    ``slope_tolerance`` (relative to the slope, and a tenth of it absolute), and its scores a ``score_tolerance``
    (absolute) where one point is trained in two ways. If a Gradient is not the exact slope of its own loss,
    ``estimates_slopes`` says why, and the slope is not checked.
    """

    build: Callable[[int], Oracle]
    queries: int = 20
    """How many architectures it is asked about."""
    slope_step: float = 1e-4
    slope_tolerance: float = 1e-2
    score_tolerance: float = 1e-9
    estimates_slopes: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Settings, over the defaults of the class, with which its ``protocol`` and ``space_of`` are called."""


def sample(case: OracleCase, oracle: Oracle, seed: int = 0) -> list[Query]:
    """A mixed batch of every supported kind, in which one architecture is repeated."""
    rng = stream(seed, "check")
    architectures = [oracle.space.sample(rng) for _ in range(case.queries)]
    batch: list[Query] = []
    for i, architecture in enumerate([*architectures, architectures[0]]):
        offers: dict[type[Any], Query] = {
            Score: Score(architecture),
            Update: Update((architecture, architectures[0])),
            Gradient: Gradient(random_mixture(oracle.space, rng)),
        }
        kinds = sorted(oracle.supports, key=lambda kind: kind.__name__)
        batch.append(offers[kinds[i % len(kinds)]])
    return batch


def random_mixture(space: SearchSpace, rng: np.random.Generator) -> Mixture:
    return tuple(tuple(rng.dirichlet(np.ones(n)).tolist()) for n in space.options)
