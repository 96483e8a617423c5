"""The truth about the cells of a study, by a metric of a table; every lookup is recorded like the judge's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.core.errors import TableError
from harness.core.judgement import TruthLookup
from harness.core.measures import ACCURACY, QUALITIES, Measure
from harness.core.numbers import Number, Undefined
from harness.core.space import SearchSpace
from harness.output.figure_style import counted
from harness.statistics import TruthNoise
from harness.storage.store import Store

Floats = npt.NDArray[np.float64]

SPLITS = {measure.name: "test" if measure is ACCURACY else "validation" for measure in QUALITIES}
"""Yu et al. 2020 rank image cells by test accuracy and recurrent cells by validation perplexity (Sec. 4.3)."""


@dataclass(frozen=True, slots=True)
class CellTruths:
    """``means`` and ``stds`` (cells,) over the repeats of each cell in the metric's unit, NaN where there is none.

    ``counts`` are the repeats of each cell, and ``ceiling`` is the tau with these means that a ranking of the cells by
    their true values would have.
    """

    means: Floats
    stds: Floats
    counts: npt.NDArray[np.int64]
    ceiling: Number

    @property
    def error(self) -> Number:
        """The standard error of a cell's mean, as a root mean square over the cells that have two repeats."""
        known = np.isfinite(self.stds)
        if not known.any():
            return Undefined("no cell has two repeats, so the noise of the truth is not known")
        return float(np.sqrt(np.mean(self.stds[known] ** 2 / self.counts[known])))

    @property
    def freedom(self) -> int:
        """The degrees of freedom of ``error``."""
        return int((self.counts[np.isfinite(self.stds)] - 1).sum())


@dataclass(frozen=True, slots=True)
class TruthSource:
    """A table and the metric of it that is the truth."""

    table: Any
    metric: str
    measure: Measure

    @classmethod
    def of(cls, table: Any, split: str | None = None) -> TruthSource:
        """The accuracy, or else the perplexity, of ``split``, by default that of ``SPLITS``.

        Raises TableError if the table has neither.
        """
        for measure in QUALITIES:
            metric = f"{split or SPLITS[measure.name]}_{measure.name}"
            if metric in table.metrics:
                return cls(table, metric, measure)
        wanted, known = split or "test or validation", ", ".join(table.metrics)
        raise TableError(f"table {table.name!r} has no {wanted} accuracy or perplexity; it has {known}")

    def look(self, cells: Sequence[str], space: SearchSpace, store: Store, runs: Sequence[str]) -> CellTruths:
        """The truth about cells in text form; first, a lookup is recorded for each of these runs."""
        now, what = datetime.now(UTC), counted(len(cells), "scored cell")
        for run in runs:
            store.record_lookup(TruthLookup(run, now, what, self.metric, self.table.digest))
        keys = space.canonical_keys(space.require([space.parse(cell) for cell in cells]))
        rows = self.table.rows(keys)
        means = np.where(rows >= 0, self.table.mean(self.metric)[rows], np.nan)
        single = self.table.repeats < 2
        counts = np.ones(len(rows), np.int64) if single else self.table.recorded(rows=rows).sum(axis=1)
        return CellTruths(means, self._stds(rows), counts, self._ceiling(means, space))

    def _ceiling(self, means: Floats, space: SearchSpace) -> Number:
        """The ceiling of tau over these cells, from the repeats of all cells of the space."""
        if self.table.repeats < 2:
            return Undefined("each cell has one repeat, so the noise of the truth is not known")
        inside = space.owns(self.table.keys)[:, None]
        values, recorded = self.table.values(self.metric), self.table.recorded() & inside
        noise = TruthNoise.of(values, recorded, self.measure.sign)
        if isinstance(noise, Undefined):
            return noise
        return noise.noisy.tau_ceiling(means[np.isfinite(means)] * noise.sign)

    def _stds(self, rows: npt.NDArray[np.int64]) -> Floats:
        """The sample standard deviation over each row's recorded repeats; NaN if one diverged or there is only one."""
        stds = np.full(len(rows), np.nan)
        if self.table.repeats < 2:
            return stds
        values, recorded = self.table.values(self.metric, rows=rows), self.table.recorded(rows=rows)
        for place, (each, there) in enumerate(zip(values, recorded, strict=True)):
            if there.sum() > 1:
                stds[place] = np.std(each[there], ddof=1)
        return stds
