"""Estimates the time of runs with shared weights from a few timed steps of the oracle that they ask."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from harness.core.errors import IncompatibleError
from harness.core.features import OracleFeatures
from harness.core.oracle import Oracle, Query, Score, Update
from harness.core.probe import probe_cells
from harness.core.runspec import RunSpec
from harness.core.space import Architecture, SearchSpace
from harness.execution.threads import one_thread
from harness.planning.plan import build_oracle

UPDATES, SCORES = 8, 3


@dataclass(frozen=True, slots=True)
class StepSeconds:
    """The seconds that one Update of one architecture takes, and one Score of the whole split."""

    update: float
    score: float

    def forecast(self, *, runs: int, updates: int, scores: int, workers: int) -> str:
        """The time of ``runs`` with these steps each, in words; all workers are assumed to be as fast as this one."""
        turns = -(-runs // workers)
        minutes = turns * (updates * self.update + scores * self.score) / 60
        return (
            f"{_words(minutes)} on {workers} {'worker' if workers == 1 else 'workers'}: {runs} "
            f"{'run' if runs == 1 else 'runs'} of {updates:,} updates ({_milliseconds(self.update)}) and {scores:,} "
            f"scores ({_milliseconds(self.score)})"
        )


def measure_step_seconds(spec: RunSpec, space: SearchSpace, cells: Sequence[Architecture] = ()) -> StepSeconds:
    """Time a new oracle of a run on some of ``cells`` (if there are none, of the probe's), on one thread.

    Raises IncompatibleError for an oracle that shares no weights, ResourceError if memory does not suffice.
    """
    oracle = build_oracle(spec, space)
    if not OracleFeatures.of(oracle).shares_weights:
        raise IncompatibleError(f"oracle {spec.oracle} shares no weights with these settings: nothing to study")
    some = (tuple(cells) or probe_cells(space, UPDATES))[:UPDATES]
    with one_thread():
        _seconds(oracle, [Update((some[0],)), Score(some[0])])  # work that is done only once, such as loading kernels
        update = _seconds(oracle, [Update((cell,)) for cell in some]) / len(some)
        return StepSeconds(update, _seconds(oracle, [Score(cell) for cell in some[:SCORES]]) / len(some[:SCORES]))


def _seconds(oracle: Oracle, queries: Sequence[Query]) -> float:
    start = time.perf_counter()
    oracle.answer(queries)
    return time.perf_counter() - start


def _words(minutes: float) -> str:
    if minutes < 1:
        return "less than a minute"
    return f"about {minutes:.0f} min" if minutes < 120 else f"about {minutes / 60:.0f} h"


def _milliseconds(seconds: float) -> str:
    return f"{1000 * seconds:.2g} ms" if seconds < 0.1 else f"{1000 * seconds:.0f} ms"
