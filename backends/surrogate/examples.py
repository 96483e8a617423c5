"""What a surrogate is fitted to: cells of a space with what their trainings came to, as a search sees it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self, TypeAlias

import numpy as np
import numpy.typing as npt

from backends.surrogate.trees import Floats
from backends.tabular.layout import SECONDS
from backends.tabular.table import Table
from harness.core.errors import IncompatibleError, SettingError, TableError
from harness.core.measures import QUALITIES, Measure, measure_of
from harness.core.random import stream

Keys: TypeAlias = npt.NDArray[np.int64]

MIN_EXAMPLES = 10
"""The fewest cells that a surrogate is fitted to."""


@dataclass(frozen=True, slots=True)
class ExampleSource:
    """Where examples come from: a table and its digest, or the runs of a store and a digest of their ids.

    ``left_out`` counts the cells without a value, whose training diverged or is missing.
    """

    kind: str
    name: str
    digest: str
    left_out: int


@dataclass(frozen=True, slots=True)
class Examples:
    """Cells and their scores, larger being better: accuracies, or negated natural logarithms of perplexities.

    ``values`` (cells,) is the score of the mean of a cell's repeats, ``repeats`` (cells, repeats) each one's own, NaN
    where there is none; ``seconds`` (cells,) those of a training, where they are known.
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
        """How many repeats each cell has, (cells,)."""
        counts: Keys = np.isfinite(self.repeats).sum(axis=1)
        return counts

    def at(self, rows: Keys) -> Self:
        """These cells alone."""
        seconds = None if self.seconds is None else self.seconds[rows]
        cells = {"keys": self.keys[rows], "values": self.values[rows], "repeats": self.repeats[rows]}
        return replace(self, seconds=seconds, **cells)  # type: ignore[arg-type]


def measure_for(metric: str) -> Measure:
    """The measure of a metric of quality; raises SettingError for another name."""
    measure = measure_of(metric)
    if measure is None or measure not in QUALITIES:
        raise SettingError(f"metric {metric!r} is nothing to search by; give one such as validation_accuracy")
    return measure


def examples_of_table(table: Table, metric: str | None = None, epochs: int | None = None) -> Examples:
    """The cells of a table by one metric (``None``: the validation quality) at one budget (``None``: the full one).

    Raises IncompatibleError for a metric or budget that the table lacks, TableError where no cell has a value.
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
    """The table's validation quality; nothing else is learnt from unless it is asked for by name."""
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
    """Two uniform samples without a common cell: ``cells`` to learn from (``None``: all that are left), and a share.

    The same seed holds the same cells out whatever ``cells`` is, and a larger sample contains a smaller one. Raises
    SettingError for a share outside (0, 1), and where too few cells are left.
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
