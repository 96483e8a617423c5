"""Runs, rows and checkpoints to put into a store."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from harness.core.budget import Budget, Cost
from harness.core.runspec import RunSpec
from harness.storage.records import Checkpoint, Run, ScoreRow


def spec(seed=1268, **changes):
    """A run of nao on a table of recurrent cells."""
    fixed = {"policy": "nao", "oracle": "tabular", "space": "rnn2", "table": "t", "table_digest": "ab" * 32}
    return RunSpec(
        **fixed | {"search_metric": "validation", "seed": seed, "budget": Budget(100), "settings": {}} | changes
    )


def rows(start, stop):
    """Scores of the trials from ``start`` to before ``stop``."""
    return [ScoreRow(n, f"cell {n % 7}", 8, n / 1000, None, 8.0, 2.5) for n in range(start, stop)]


def checkpoint(trials, repeated=0, spent=None):
    """The state after so many trials; unless it says so, each was a query of 8 epochs and 2.5 seconds."""
    states = {"policy": {"told": trials, "w": np.full(3, float(trials))}, "oracle": {"drawn": trials}}
    return Checkpoint.of(trials, spent or Cost(trials, 8.0 * trials, 2.5 * trials), repeated, **states)


def copied(path):
    """A database's files, by name."""
    return {file.name: file.read_bytes() for file in Path(path).parent.iterdir()}


def ended(store, made, recommendation="cell 1", *, trials=0, provenance=None, probe=()):
    """A finished run of this specification, of so many answered Scores; the last one is of what it recommends."""
    store.begin(made, provenance or {})
    if trials:
        scored = rows(0, trials)
        if recommendation not in {row.architecture for row in scored}:
            scored[-1] = replace(scored[-1], architecture=recommendation)
        store.commit(made.digest, scored, checkpoint(trials))
    store.finish(made.digest, recommendation, probe)
    return made.digest


def going(store, made, trials):
    """A run of this specification that is not finished."""
    store.begin(made, {})
    store.commit(made.digest, rows(0, trials), checkpoint(trials))
    return made.digest


def run(seed=1, trials=5, provenance=None, **changes):
    """What a store tells of a finished run."""
    made = spec(seed, **changes)
    return Run(
        id=made.digest,
        spec=made,
        status="finished",
        reason=None,
        created="2026-01-02T03:04:05+00:00",
        finished="2026-01-02T03:05:05+00:00",
        recommendation="cell 1",
        trials=trials,
        scores=trials,
        repeated=0,
        spent=Cost(trials, 8.0 * trials, 2.5),
        provenance=provenance or {"python": "3.11.7", "packages": {"numpy": "2.4.6"}},
    )
