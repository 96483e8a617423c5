"""The training examples of a surrogate: cells of a space with the scores of their trainings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from backends.surrogate.trees import Floats, Keys
from backends.tabular.layout import SECONDS
from backends.tabular.table import Table
from harness.core.errors import IncompatibleError, SettingError, TableError
from harness.core.measures import QUALITIES, Measure, measure_of
from harness.core.random import stream

MIN_EXAMPLES = 10
"""The smallest number of cells to fit a surrogate to."""


@dataclass(frozen=True, slots=True)
class ExampleSource:
    """The source of examples: a table and its digest, or the runs of a store and a digest of their ids.

    ``left_out`` counts the cells without a value, whose training diverged or is missing.
    """

    kind: str
    name: str
    digest: str
    left_out: int


@dataclass(frozen=True, slots=True)
class Examples:
    """Cells and their scores, larger being better: accuracies, or negated natural logarithms of perplexities.

    ``values`` (cells,) is the score of the mean of a cell's repeats, ``repeats`` (cells, repeats) the score of each
    repeat, NaN if missing; ``seconds`` (cells,) is the time of a training, ``None`` if unknown.
    """

    source: ExampleSource
    metric: str
    epochs: int
    keys: Keys
    values: Floats
    repeats: Floats
    seconds: Floats | None

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def counts(self) -> Keys:
        """The number of repeats of each cell, (cells,)."""
        counts: Keys = np.isfinite(self.repeats).sum(axis=1)
        return counts

    def at(self, rows: Keys) -> Self:
        """The examples of these rows."""
        seconds = None if self.seconds is None else self.seconds[rows]
        cells = {"keys": self.keys[rows], "values": self.values[rows], "repeats": self.repeats[rows]}
        return replace(self, seconds=seconds, **cells)  # type: ignore[arg-type]


def measure_for(metric: str) -> Measure:
    """The measure of a quality metric, such as validation_accuracy; raises SettingError for any other name."""
    measure = measure_of(metric)
    if measure is None or measure not in QUALITIES:
        raise SettingError(f"metric {metric!r} is nothing to search by; give one such as validation_accuracy")
    return measure


def examples_of_table(table: Table, metric: str | None = None, epochs: int | None = None) -> Examples:
    """A table's cells by one metric (``None``: the validation quality) at one budget (``None``: the full budget).

    Raises IncompatibleError for a metric or budget that the table lacks, TableError if no cell has a value.
    """
    metric = metric or _validation(table)
    measure, budget = measure_for(metric), table.epochs[table.budget(epochs)]
    values, recorded = table.values(metric, budget), table.recorded(budget)
    means = table.mean(metric, budget)
    kept = np.flatnonzero(np.isfinite(means))
    if not len(kept):
        raise TableError(f"table {table.name!r} has no {metric} of any cell at {budget} epochs to learn from")
    repeats = np.where(recorded, values, np.nan)[kept]
    return Examples(
        source=ExampleSource("table", table.name, table.digest, len(table) - len(kept)),
        metric=metric,
        epochs=budget,
        keys=table.keys[kept],
        values=measure.scores(means[kept]),
        repeats=measure.scores(repeats),
        seconds=_seconds(table, budget, kept),
    )


def _validation(table: Table) -> str:
    """The table's validation quality metric, which is the default; raises IncompatibleError without one."""
    wanted = [f"validation_{measure.name}" for measure in QUALITIES]
    for metric in wanted:
        if metric in table.metrics:
            return metric
    raise IncompatibleError(
        f"table {table.name!r} has no {' or '.join(wanted)}, only {', '.join(table.metrics)}; "
        "--metric names another, which a search sees by --search-metric alone"
    )


def _seconds(table: Table, budget: int, rows: Keys) -> Floats | None:
    if SECONDS not in table.metrics:
        return None
    seconds = table.mean(SECONDS, budget)[rows]
    return seconds if np.isfinite(seconds).all() else None


def split(examples: Examples, *, held_out: float, cells: int | None = None, seed: int = 0) -> tuple[Examples, Examples]:
    """Disjoint uniform samples: ``cells`` to learn from (``None``: all others), and the share ``held_out``.

    The held-out cells depend on the seed and not on ``cells``, and a larger sample contains a smaller one. Raises
    SettingError for a share outside (0, 1) and for ``cells`` that are too few or more than are left.
    """
    if not 0 < held_out < 1:
        raise SettingError(f"held-out {held_out!r} must be a share of the cells between 0 and 1, such as 0.1")
    order = stream(seed, "surrogate", "split").permutation(len(examples))
    kept = max(1, round(held_out * len(examples)))
    most = len(examples) - kept
    wanted = most if cells is None else cells
    if not MIN_EXAMPLES <= wanted <= most:
        raise SettingError(
            f"{wanted:,} cells to learn from must be at least {MIN_EXAMPLES} and at most the {most:,} of "
            f"{len(examples):,} that are not held out"
        )
    return examples.at(np.sort(order[kept : kept + wanted])), examples.at(np.sort(order[:kept]))
