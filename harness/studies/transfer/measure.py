"""Compares two tables of one scheme on the cells that both hold: are the best cells of one the best of the other?

Everything is computed from the tables alone, at the full budget of each. A cell is ranked by its mean over the repeats,
as the judge does, among the cells that have a mean in both tables: rank 1 is best, and ties share the best rank. Both
may be the same table, to compare its validation data with its test data.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from backends.tabular.table import Keys, Table
from harness.core.errors import IncompatibleError, TableError, UnknownNameError
from harness.core.measures import QUALITIES, Measure, measure_of
from harness.core.numbers import Number, Undefined
from harness.judging.judge import tie_decimals
from harness.planning.settings import create_space
from harness.statistics import ENOUGH_PAIRS, kendall, spearman, top_precision, weighted_kendall
from harness.studies.agreement import competition_ranks, json_number
from harness.studies.early_stopping.measure import CellTexts

TOP = 5
LISTED = 5000
"""The most cells that are listed one by one: the best ones by the first table."""

SEARCHED = ("validation", "test")
"""The splits, in the order of the metrics."""

Floats = npt.NDArray[np.float64]


class TableSummary(TypedDict):
    """A table: its number of ``cells``, and the ``metrics`` by which it ranks them."""

    table: str
    space: str
    cells: int
    metrics: list[str]
    repeats: int
    epochs: int


class BestCells(TypedDict):
    """The best cells of one table, several if they tie, with their mean ``rank`` and ``regret`` in the other.

    ``regret`` is how much worse than the other table's best cell they are, in the unit of its metric.
    """

    chosen: list[str]
    rank: float
    regret: float


class TransferRow(TypedDict):
    """A metric of the first table compared with one of the second, among the ``cells`` that have both.

    ``kept`` is the share of the top ``TransferResult.top`` cells of the first in those of the second, and ``chance``
    that of random cells. ``there`` are the best cells of the first judged by the second, ``back`` the reverse.
    """

    first: str
    second: str
    cells: int
    tau: float | None
    weighted_tau: float | None
    spearman: float | None
    kept: float | None
    chance: float | None
    there: BestCells
    back: BestCells
    reasons: dict[str, str]


class TransferCell(TypedDict):
    """A cell's ranks and mean values in both tables, by the first row's metrics."""

    cell: str
    ranks: list[int]
    values: list[float]


class TransferResult(TypedDict):
    """``cells`` are those of ``rows[0]``, the first table's best first; ``listed`` is their number."""

    study: str
    scheme: str
    sides: list[TableSummary]
    common: int
    top: int
    rows: list[TransferRow]
    listed: int
    cells: list[TransferCell]


@dataclass(frozen=True, slots=True)
class _MetricValues:
    """A metric of a table: the mean of each common cell (cells,), NaN for a cell without one."""

    metric: str
    measure: Measure
    values: Floats

    def at(self, kept: npt.NDArray[np.bool_]) -> Floats:
        """The means of some cells, negated if smaller is better, rounded so that ties are equal."""
        values = self.values[kept]
        return np.round(values * self.measure.sign, tie_decimals(values))


def study_transfer(first: Table, second: Table, metric: str | None = None, *, top: int = TOP) -> TransferResult:
    """Compare how two tables rank the cells that both hold, for each metric of the first and each of the second.

    ``metric`` restricts this to one metric of both tables. Raises IncompatibleError for tables of different schemes,
    TableError if there is nothing to compare, and UnknownNameError for a metric that one of them lacks.
    """
    if first.scheme != second.scheme:
        raise IncompatibleError(
            f"table {first.name!r} is of scheme {first.scheme!r} and table {second.name!r} of {second.scheme!r}, so "
            "that they share no cells; choose two of one scheme"
        )
    keys = np.intersect1d(first.keys, second.keys)
    pairs = _pairs(_columns(first, keys, metric), _columns(second, keys, metric), alone=first.digest == second.digest)
    if not pairs:
        raise TableError(f"table {first.name!r} has one metric to rank by, which is no other than itself; give another")
    known = [np.isfinite(a.values) & np.isfinite(b.values) for a, b in pairs]
    if min(kept.sum() for kept in known) < ENOUGH_PAIRS:
        raise TableError(
            f"tables {first.name!r} and {second.name!r} rank fewer than {ENOUGH_PAIRS} cells in common, of "
            f"{len(keys):,} that they share; there is nothing to compare"
        )
    names = CellTexts(create_space((first if len(first) >= len(second) else second).space), keys)
    cells = _cells(*pairs[0], known[0], names)
    return TransferResult(
        study="transfer",
        scheme=first.scheme,
        sides=[_table_summary(first, metric), _table_summary(second, metric)],
        common=len(keys),
        top=top,
        rows=[_row(a, b, kept, names=names, top=top) for (a, b), kept in zip(pairs, known, strict=True)],
        listed=len(cells),
        cells=cells,
    )


def _pairs(
    first: list[_MetricValues], second: list[_MetricValues], *, alone: bool
) -> list[tuple[_MetricValues, _MetricValues]]:
    """Each metric of one with each of the other; if a table is compared with itself (``alone``), each pair once."""
    return list(combinations(first, 2) if alone else product(first, second))


def _columns(table: Table, keys: Keys, metric: str | None) -> list[_MetricValues]:
    """The values by each metric by which a table ranks cells, validation metrics first."""
    rows, found = table.rows(keys), _metrics(table, metric)
    return [_MetricValues(name, measure, table.mean(name)[rows]) for name, measure in found.items()]


def _metrics(table: Table, metric: str | None) -> dict[str, Measure]:
    named = [f"{split}_{measure.name}" for split in SEARCHED for measure in QUALITIES]
    known = {name: m for name in named if name in table.metrics and (m := measure_of(name)) is not None}
    if metric is None and known:
        return known
    if metric not in known:
        raise UnknownNameError.among(f"metric of table {table.name!r}", metric or named[0], known)
    return {metric: known[metric]}


def _table_summary(table: Table, metric: str | None) -> TableSummary:
    return TableSummary(
        table=table.name,
        space=table.space,
        cells=len(table),
        metrics=list(_metrics(table, metric)),
        repeats=table.repeats,
        epochs=table.epochs[-1],
    )


def _row(
    first: _MetricValues, second: _MetricValues, kept: npt.NDArray[np.bool_], *, names: CellTexts, top: int
) -> TransferRow:
    a, b, there = first.at(kept), second.at(kept), np.flatnonzero(kept)
    figures: dict[str, Number] = {
        "tau": kendall(a, b),
        "weighted_tau": weighted_kendall(a, b),
        "spearman": spearman(a, b),
        "kept": top_precision(a, b, top),
    }
    return TransferRow(
        first=first.metric,
        second=second.metric,
        cells=len(there),
        tau=json_number(figures["tau"]),
        weighted_tau=json_number(figures["weighted_tau"]),
        spearman=json_number(figures["spearman"]),
        kept=json_number(figures["kept"]),
        chance=None if isinstance(figures["kept"], Undefined) else top / len(there),
        there=_best_cells(a, b, there, names),
        back=_best_cells(b, a, there, names),
        reasons={name: number.reason for name, number in figures.items() if isinstance(number, Undefined)},
    )


def _best_cells(chooser: Floats, judge: Floats, cells: Keys, names: CellTexts) -> BestCells:
    """The best cells by one column, with their mean rank and regret by another; in both, larger is better."""
    best = np.flatnonzero(chooser == chooser.max())
    ranks = _ranks(judge)
    return BestCells(
        chosen=[names[cell] for cell in cells[best].tolist()],
        rank=float(ranks[best].mean()),
        regret=float((judge.max() - judge[best]).mean()),
    )


def _ranks(scores: Floats) -> Keys:
    return np.array([rank or 0 for rank in competition_ranks(scores)])


def _cells(
    first: _MetricValues, second: _MetricValues, kept: npt.NDArray[np.bool_], names: CellTexts
) -> list[TransferCell]:
    ranks = np.stack([_ranks(side.at(kept)) for side in (first, second)], axis=1)
    values = np.stack([side.values[kept] for side in (first, second)], axis=1)
    there, order = np.flatnonzero(kept), np.lexsort(ranks.T[::-1])[:LISTED]
    return [
        TransferCell(cell=names[int(there[i])], ranks=ranks[i].tolist(), values=values[i].tolist())
        for i in order.tolist()
    ]
