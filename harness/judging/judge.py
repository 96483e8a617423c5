"""The judge: looks up recommendations in the truth of a table; nothing else does, and every lookup is recorded."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from harness.core.errors import IncompatibleError, SpaceError, TableError
from harness.core.judgement import (
    Correlation,
    NoVerdict,
    Ranking,
    RepeatedTruth,
    Truth,
    TruthLookup,
    TruthTable,
    Verdict,
)
from harness.core.measures import QUALITIES, Measure, measure_of
from harness.core.numbers import Number, Undefined
from harness.core.space import ENUMERABLE, Architecture, SearchSpace
from harness.judging.cell_noise import CellNoise
from harness.output.figure_style import counted
from harness.statistics import TruthNoise, UniformDraws, kendall

TIE_DIGITS = 12
"""Means tie if they agree in so many digits of the largest mean, or decimals if that is below 1: summing the same
repeats in another order changes the last bits."""


class Judge:
    """Ranks architectures of one space by a metric of a table: the mean over repeats at the full budget.

    ``metric=None`` is the test accuracy, or else the test perplexity, of the table; a metric's name says whether larger
    or smaller is better. Cells of other spaces of the table's scheme, and cells whose mean is not a finite number, are
    not ranked. Each lookup is given to ``record`` before the truth is returned: a store that fails reveals nothing.
    """

    def __init__(
        self,
        table: TruthTable,
        space: SearchSpace,
        metric: str | None = None,
        *,
        record: Callable[[TruthLookup], object] = lambda look: None,
    ) -> None:
        metric, measure = _metric_to_judge_by(table, space, metric)
        self._table, self._space, self._record = table, space, record
        self._sign = measure.sign
        self._noise: TruthNoise | Undefined | None = None
        self._ceilings: dict[bytes, Number] = {}
        self._values = table.mean(metric)
        ranked = self._values[np.isfinite(self._values) & space.owns(table.keys)]
        if not len(ranked):
            raise TableError(f"table {table.name!r} has no {metric} of any cell of space {space.name!r} to judge by")
        self._decimals = tie_decimals(ranked)
        self._ascending = np.sort(np.round(ranked * self._sign, self._decimals))
        self._best = measure.best(ranked)
        self._draws: dict[str, UniformDraws | Undefined] = {}
        self.truth = Truth(
            metric=metric,
            repeats=table.repeats,
            epochs=table.epochs[-1],
            kind="table",
            name=table.name,
            digest=table.digest,
            larger_is_better=measure.larger_is_better,
            ranking=Ranking(len(ranked), space.size, self._best, float(ranked.mean()), float(ranked.std())),
        )

    def judge(self, architecture: Architecture, *, run: str = "") -> Verdict | NoVerdict:
        """The verdict on an architecture; raises SpaceError for one outside the space."""
        key = canonical_key(self._space, architecture)
        text = self._space.format(architecture)
        self._note(run, text)
        row = int(self._table.rows(np.array([key], dtype=np.int64))[0])
        return self._read(row, f"recommended cell {text}")

    def many(self, architectures: Sequence[Architecture], *, run: str = "") -> list[Verdict | NoVerdict]:
        """The verdicts on these architectures, recorded as a single lookup, or as none if there are none.

        Raises SpaceError for an architecture outside the space.
        """
        if not architectures:
            return []
        keys = self._space.canonical_keys(self._space.require(architectures))
        texts = [self._space.format(architecture) for architecture in architectures]
        self._note(run, counted(len(texts), "incumbent"))
        return [self._read(int(row), f"cell {text}") for row, text in zip(self._table.rows(keys), texts, strict=True)]

    def tau(self, cells: Sequence[Architecture], values: Sequence[float | None], *, run: str = "") -> Correlation:
        """Kendall's tau-b between scores of cells, larger being better, and their truth (Yu et al. 2020, App. A.1).

        Cells without a finite score or truth are left out, and a repeated cell counts once, by its first score. All
        cells together are recorded as one lookup. Raises SpaceError for a cell outside the space.
        """
        keys = self._space.canonical_keys(self._space.require(cells))
        self._note(run, counted(len(cells), "probed cell"))
        scores = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        scored = np.isfinite(scores)
        keys, first = np.unique(keys[scored], return_index=True)
        rows = self._table.rows(keys)
        truth = np.round(np.where(rows >= 0, self._values[rows], np.nan) * self._sign, self._decimals)
        known = np.isfinite(truth)
        return Correlation(kendall(scores[scored][first][known].tolist(), truth[known].tolist()), int(known.sum()))

    def draws(self, space: SearchSpace) -> UniformDraws | Undefined:
        """Uniform draws from the ranked cells that a space of the judge's scheme reaches by its encoding."""
        encoding = space.encoding if space.reachable < space.size else ""
        if encoding not in self._draws:
            self._draws[encoding] = self._drawn(space if encoding else None)
        return self._draws[encoding]

    def _drawn(self, part: SearchSpace | None) -> UniformDraws | Undefined:
        """The draws from the part of the space that an encoding reaches, or from all of it."""
        if part is None:
            values = self._values[self._space.owns(self._table.keys)]
        elif part.reachable <= ENUMERABLE:
            rows = self._table.rows(part.enumerate_keys())
            values = self._values[rows[rows >= 0]]
        else:
            return Undefined(f"the encoding reaches {part.reachable:,} cells, too many to list")
        known = values[np.isfinite(values)]
        if not len(known):
            return Undefined("the table ranks no cell that the encoding reaches")
        return UniformDraws(known, larger_is_better=self.truth.larger_is_better, decimals=self._decimals)

    def equals(self, cells: Sequence[Architecture], scores: Sequence[float], *, run: str = "") -> bool:
        """Whether the scores of cells are their truth, and not also their validation figures.

        Compared are the means and each repeat; of a perplexity also the negated logarithm, as searches see it. The
        comparison is recorded as one lookup.
        """
        self._note(run, f"{counted(len(cells), 'answer')} of the oracle, compared with the truth")
        rows = self._table.rows(self._space.canonical_keys(self._space.require(cells)))
        metric = self.truth.metric
        shown = metric.replace(self.truth.split, "validation", 1)
        own = shown in self._table.metrics and shown != metric and self._same(shown, rows, scores)
        return bool((rows >= 0).all()) and self._same(metric, rows, scores) and not own

    def _same(self, metric: str, rows: npt.NDArray[np.int64], scores: Sequence[float]) -> bool:
        """Whether the scores are a metric of these rows: its means, or the same repeat of each."""
        columns = [self._table.mean(metric)[rows]]
        if isinstance(self._table, RepeatedTruth):
            columns += list(self._table.values(metric)[rows].T)
        if self._sign < 0:
            columns += [-np.log(column) for column in columns]
        return any(np.allclose(column, scores, rtol=1e-6, atol=1e-9) for column in columns)

    @property
    def noise(self) -> TruthNoise | Undefined:
        """The noise of the truth from the repeats of all ranked cells, which follow the table's rows."""
        if self._noise is None:
            self._noise = self._found_noise()
        return self._noise

    def _found_noise(self) -> TruthNoise | Undefined:
        if not isinstance(self._table, RepeatedTruth) or self.truth.repeats < 2:
            return Undefined("each cell has one repeat, so the noise of the truth is not known")
        recorded = self._table.recorded() & self._space.owns(self._table.keys)[:, None]
        return TruthNoise.of(self._table.values(self.truth.metric), recorded, self._sign)

    def noise_of(self, architecture: Architecture) -> CellNoise | Undefined:
        """What the repeats say of the error of a judged cell; nothing new is looked up."""
        noise = self.noise
        if isinstance(noise, Undefined):
            return noise
        key = canonical_key(self._space, architecture)
        row = int(self._table.rows(np.array([key], dtype=np.int64))[0])
        if row < 0 or not np.isfinite(noise.means[row]):
            return Undefined("the cell has no value")
        ranks = noise.noisy.rank_interval(float(noise.means[row]) * noise.sign)
        return CellNoise(key, float(noise.errors[row]), ranks, noise.summary)

    def tau_ceiling(self, cells: Sequence[Architecture]) -> Number:
        """The tau with the truth of these cells that their true values would have: see ``NoisyMeans.tau_ceiling``."""
        noise = self.noise
        if isinstance(noise, Undefined):
            return noise
        keys = np.unique(self._space.canonical_keys(self._space.require(cells)))
        if keys.tobytes() not in self._ceilings:
            rows = self._table.rows(keys)
            means = np.where(rows >= 0, noise.means[rows], np.nan) * noise.sign
            ceiling = noise.noisy.tau_ceiling(np.round(means[np.isfinite(means)], self._decimals))
            self._ceilings[keys.tobytes()] = ceiling
        return self._ceilings[keys.tobytes()]

    def _read(self, row: int, cell: str) -> Verdict | NoVerdict:
        """The verdict of a row of the table (-1: no row); ``cell`` names the cell in messages."""
        if row < 0:
            return NoVerdict(f"table {self._table.name!r} does not hold the {cell}")
        value = float(self._values[row])
        if not np.isfinite(value):
            return NoVerdict(
                f"table {self._table.name!r} has no {self.truth.metric} of the {cell} at "
                f"{self.truth.epochs} epochs: its training diverged or was not measured"
            )
        size = len(self._ascending)
        no_better = int(np.searchsorted(self._ascending, np.round(value * self._sign, self._decimals), side="right"))
        regret = float(np.round(abs(self._best - value), self._decimals))
        return Verdict(value, 1 + size - no_better, size, regret, 100 * no_better / size)

    def _note(self, run: str, what: str) -> None:
        self._record(TruthLookup(run, datetime.now(UTC), what, self.truth.metric, self.truth.digest))


def tie_decimals(means: npt.NDArray[np.float64]) -> int:
    """The decimals that at least one finite mean is rounded to before it is ranked: see ``TIE_DIGITS``."""
    return TIE_DIGITS - math.ceil(max(0.0, math.log10(np.abs(means).max() or 1.0)))


def canonical_key(space: SearchSpace, architecture: Architecture) -> int:
    """The canonical key by which an architecture is judged; raises SpaceError for one outside the space."""
    if not space.contains(architecture):
        raise SpaceError(f"{architecture.choices!r} is no cell of space {space.name!r}, so it has no truth")
    return int(space.canonical_keys(np.asarray([space.key(architecture)], dtype=np.int64))[0])


def _metric_to_judge_by(table: TruthTable, space: SearchSpace, metric: str | None) -> tuple[str, Measure]:
    """The metric to judge by, and its measure; raises IncompatibleError or TableError where there is none."""
    if table.scheme != space.scheme:
        raise IncompatibleError(
            f"table {table.name!r} holds cells of scheme {table.scheme!r}, but space {space.name!r} is of scheme "
            f"{space.scheme!r}; choose a table of that scheme"
        )
    wanted = [f"test_{measure.name}" for measure in QUALITIES] if metric is None else [metric]
    for name in wanted:
        measure = measure_of(name)
        if name in table.metrics and measure is not None:
            return name, measure
    names, known = " or ".join(map(repr, wanted)), ", ".join(table.metrics)
    raise TableError(f"table {table.name!r} has no metric {names} to judge by; it has {known}")
