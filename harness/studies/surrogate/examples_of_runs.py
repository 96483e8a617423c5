"""Turns the Scores of stored runs into training data of a surrogate, so that these cells need not be trained again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from backends.surrogate.examples import Examples, ExampleSource, measure_for
from harness.core.errors import IncompatibleError, SettingError
from harness.core.features import OracleFeatures
from harness.core.measures import Measure
from harness.core.space import SearchSpace
from harness.planning import registry
from harness.storage.records import Run, ScoreRow
from harness.storage.store import Store

CHOOSE = "choose some with --where, such as --where oracle=tabular"


@dataclass(slots=True)
class _CellScores:
    """The different scores of a cell, in the order read, and the seconds that its trainings took."""

    scores: dict[float, None] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)


def examples_of_runs(
    store: Store, runs: Sequence[Run], space: SearchSpace, metric: str, epochs: int | None = None
) -> Examples:
    """The cells that these runs asked for, at one budget (``None``: the longest), with their scores by this metric.

    An equal score of the same cell is the same training seen again; a different score is another repeat. Raises
    IncompatibleError for runs whose scores differ in meaning or are of shared weights, and SettingError if no score is
    of the metric or the budget.
    """
    measure = measure_for(metric)
    _require_alike(runs, metric)
    rows = [row for run in runs for row in store.stream(run.id) if _epochs(row)]
    known = sorted({_epochs(row) for row in rows})
    budget = epochs if epochs is not None else (known or [0])[-1]
    if budget not in known:
        listed = ", ".join(map(str, known)) or "none"
        raise SettingError(f"these {len(runs)} runs have no trainings of {budget} epochs; they have some of: {listed}")
    read = cache(lambda text: space.key(space.canonical(space.parse(text))))  # each text is parsed only once
    cells, failed = _cells((row for row in rows if _epochs(row) == budget), read)
    _require_range(cells, measure, metric)
    digest = hashlib.sha256("\n".join(sorted(run.id for run in runs)).encode()).hexdigest()
    source = ExampleSource("runs", f"{len(runs):,} stored runs", digest, failed)
    return _examples(cells, source, (metric, budget), measure)


def _epochs(row: ScoreRow) -> int:
    """The epochs that a Score was charged for or asked for; 0 where neither is known."""
    return int(row.cost_epochs) or row.epochs or 0


def _require_alike(runs: Sequence[Run], metric: str) -> None:
    """Raise IncompatibleError unless all scores mean the same."""
    for run in runs:
        if run.spec.settings["oracle"].get("caution"):
            raise IncompatibleError(f"scores of oracle {run.spec.oracle!r} are predictions themselves; {CHOOSE}")
        if OracleFeatures.of(registry.load("oracle", run.spec.oracle)).shares_weights:
            raise IncompatibleError(
                f"scores of oracle {run.spec.oracle!r} are of shared weights, which change all the time; {CHOOSE}"
            )
    asked = {
        "space": {run.spec.space for run in runs},
        "oracle": {run.spec.oracle for run in runs},
        "table": {(run.spec.table_digest or "none")[:12] for run in runs},
        "search metric": {run.spec.search_metric for run in runs},
        "oracle settings": {json.dumps(run.spec.settings["oracle"], sort_keys=True) for run in runs if run.scores},
    }
    for name, values in asked.items():
        if len(values) > 1:
            raise IncompatibleError(f"these runs differ in their {name} ({' and '.join(sorted(values))}); {CHOOSE}")
    split = metric.partition("_")[0]
    if asked["search metric"] != {split}:
        seen = " and ".join(asked["search metric"])
        raise SettingError(f"these runs saw {seen} data, so they say nothing of {metric!r}; give --metric {seen}_…")


def _cells(rows: Iterator[ScoreRow], read: Callable[[str], int]) -> tuple[dict[int, _CellScores], int]:
    """The cells with scores by key, and the number of cells whose trainings all failed."""
    cells, failed = dict[int, _CellScores](), set[int]()
    for row in rows:
        key = read(row.architecture)
        if row.value is None:
            failed.add(key)
            continue
        cell = cells.setdefault(key, _CellScores())
        cell.scores[row.value] = None
        cell.seconds += [row.cost_seconds] if row.cost_seconds else []
    return cells, len(failed - cells.keys())


def _require_range(cells: dict[int, _CellScores], measure: Measure, metric: str) -> None:
    meant = measure.metric(metric.partition("_")[0])
    for cell in cells.values():
        for score in cell.scores:
            if not meant.low <= score <= meant.high:
                raise SettingError(f"a score of {score:g} is no {meant.name}; give another --metric than {metric!r}")
    if not cells:
        raise SettingError("no training of these runs came to a score")


def _examples(
    cells: dict[int, _CellScores], source: ExampleSource, what: tuple[str, int], measure: Measure
) -> Examples:
    keys = sorted(cells)
    repeats = np.full((len(keys), max(len(cell.scores) for cell in cells.values())), np.nan)
    for row, key in enumerate(keys):
        repeats[row, : len(cells[key].scores)] = list(cells[key].scores)
    timed = all(cell.seconds for cell in cells.values())
    plain = repeats if measure.larger_is_better else np.exp(-repeats)
    return Examples(
        source=source,
        metric=what[0],
        epochs=what[1],
        keys=np.array(keys, dtype=np.int64),
        values=measure.scores(np.nanmean(plain, axis=1)),
        repeats=repeats,
        seconds=np.array([np.mean(cells[key].seconds) for key in keys]) if timed else None,
    )
