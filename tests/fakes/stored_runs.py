"""Runs, rows and checkpoints to put into a store."""

from pathlib import Path

import numpy as np

from harness.core.budget import Budget, Cost
from harness.core.runspec import RunSpec
from harness.storage.records import Checkpoint, ScoreRow


def spec(seed=1268, **changes):
    fixed = {"policy": "nao", "oracle": "tabular", "space": "rnn2", "table": "t", "table_digest": "ab" * 32}
    return RunSpec(
        **fixed | {"search_metric": "validation", "seed": seed, "budget": Budget(100), "settings": {}} | changes
    )


def rows(start, stop):
    return [ScoreRow(n, f"cell {n % 7}", 8, n / 1000, None, 8.0, 2.5) for n in range(start, stop)]


def checkpoint(trials, repeated=0):
    states = {"policy": {"told": trials, "w": np.full(3, float(trials))}, "oracle": {"drawn": trials}}
    return Checkpoint.of(trials, Cost(trials, 8.0 * trials, 2.5 * trials), repeated, **states)


def copied(path):
    """A database's files, by name."""
    return {file.name: file.read_bytes() for file in Path(path).parent.iterdir()}


def ended(store, made, recommendation="cell 1", *, trials=0, provenance=None, probe=()):
    """A finished run of this specification, of so many answered Scores."""
    store.begin(made, provenance or {})
    if trials:
        store.commit(made.digest, rows(0, trials), checkpoint(trials))
    store.finish(made.digest, recommendation, probe)
    return made.digest


def going(store, made, trials):
    """A run of this specification that is not finished."""
    store.begin(made, {})
    store.commit(made.digest, rows(0, trials), checkpoint(trials))
    return made.digest
