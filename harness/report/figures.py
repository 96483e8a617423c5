"""The figures of a chapter, and why one that belongs there is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from harness.core.errors import HarnessError
from harness.core.measures import ACCURACY, measure_of
from harness.core.numbers import Number, Undefined
from harness.leaderboard import anytime
from harness.output.figure_style import scale_of
from harness.report.anytime import Curve, anytime_figure
from harness.report.board_report import BoardReport, GroundTruth, ReportRow
from harness.report.charts import Chart
from harness.report.distribution import distribution_figure
from harness.report.seeds import Strip, strip_figure, values_figure
from harness.report.series import Series
from harness.statistics import interval_of
from harness.storage.store import Store

Trajectories: TypeAlias = Sequence[anytime.Trajectory]


@dataclass(frozen=True, slots=True)
class AxisLabel:
    """A cost that curves are drawn against, its title, and what stored numbers are multiplied by."""

    kind: anytime.CostAxis
    title: str
    scale: float


AXES = (AxisLabel("queries", "queries", 1.0), AxisLabel("seconds", "hours of training", 1 / 3600))

POINTS = 120
"""Points of a curve."""


def distributions(name: str, board_report: BoardReport) -> Iterator[Chart | Undefined]:
    """The space with the picks, and the values by seed."""
    if isinstance(board_report.ground_truth, Undefined):
        yield board_report.ground_truth
    else:
        yield distribution_figure(
            f"{name}-space", board_report.board, board_report.series, board_report.ground_truth.values
        )
    yield values_figure(f"{name}-seeds", board_report.board, board_report.series)


def over_time(name: str, board_report: BoardReport, store: Store) -> Iterator[Chart | Undefined]:
    """The any-time curves against each cost, and the reasons why a row has none."""
    if isinstance(board_report.ground_truth, Undefined):
        yield board_report.ground_truth
        return
    try:
        found = _searched(board_report.rows, board_report.ground_truth, store)
    except HarnessError as error:  # a stored cell that this version of the space does not read
        yield Undefined(str(error))
        return
    curves = {axis: _curves(found, axis) for axis in AXES}
    for axis, drawn in curves.items():
        if known := [curve for curve in drawn if isinstance(curve, Curve)]:
            yield _along(f"{name}-{axis.kind}", board_report, axis, known)
    silent = [row.series.label for row in board_report.rows if row.searches and not any(run.scores for run in row.runs)]
    reasons = [curve for drawn in curves.values() for curve in drawn if isinstance(curve, Undefined)]
    yield from dict.fromkeys([*(Undefined(f"{label} asked for no scores") for label in silent), *reasons])
    if not any(row.searches for row in board_report.rows):
        yield Undefined("nothing was searched")


def _curves(found: Sequence[tuple[Series, Trajectories]], axis: AxisLabel) -> list[Curve | Undefined]:
    """Each row's curve along one cost, on a grid for all."""
    grid = anytime.shared_grid([course for _, courses in found for course in courses], axis.kind, points=POINTS)
    return [_curve(series, anytime.on_grid(courses, axis.kind, grid), axis) for series, courses in found]


def _curve(series: Series, curve: anytime.Curve | Undefined, axis: AxisLabel) -> Curve | Undefined:
    """A curve where all its seeds have a value, in the units that are drawn; of one seed the interval is its value."""
    if isinstance(curve, Undefined):
        return curve
    known = np.isfinite(curve.mean) & (curve.seeds == curve.seeds.max(initial=0))
    ends = (np.where(np.isfinite(end), end, curve.mean)[known] for end in (curve.low, curve.high))
    columns = (curve.grid[known] * axis.scale, curve.mean[known], *ends)
    return Curve(series, *(tuple(column.tolist()) for column in columns))


def _along(name: str, board_report: BoardReport, axis: AxisLabel, curves: Sequence[Curve]) -> Chart:
    metric = board_report.board.truth.metric
    unit, points = scale_of(metric), " (points of %)" if measure_of(metric) == ACCURACY else ""
    titles = axis.title, f"regret{points}"
    drawn = [curve.scaled(unit) for curve in curves]
    return anytime_figure(
        name, f"Regret against {axis.title}", drawn, axes=titles, baseline=_baseline(board_report, unit)
    )


def _searched(rows: Sequence[ReportRow], ground_truth: GroundTruth, store: Store) -> list[tuple[Series, Trajectories]]:
    """The courses of each row that has any; raises SpaceError for a cell that is not of the space."""
    scored = [(row.series, [run for run in row.runs if run.scores]) for row in rows if row.searches]
    return [
        (series, anytime.trajectories(runs, ground_truth.judge, store, ground_truth.space))
        for series, runs in scored
        if runs
    ]


def _baseline(board_report: BoardReport, unit: float) -> float | None:
    """The mean regret of the baseline's row, where it is known."""
    found = [row.entry.mean_regret for row in board_report.rows if not row.searches]
    return next((regret * unit for regret in found if not isinstance(regret, Undefined)), None)


def agreement(name: str, board_report: BoardReport, store: Store) -> Chart | None:
    """Kendall's tau of each run that trained shared weights; ``None`` where none did."""
    probed = [row for row in board_report.rows if row.entry.probed]
    if not probed:
        return None
    strips = [_taus(row, board_report, store) for row in probed]
    cells = max(row.entry.probed for row in probed)
    summary = (
        f"Kendall’s tau-b between the final shared weights’ scores of {cells:,} sampled cells and the truth; 1 is the "
        "same ranking, 0 is none. A faint mark is a seed, the strong one the mean with its 95% interval."
    )
    return strip_figure(f"{name}-tau", "What shared weights know", summary, axis_title="Kendall’s tau", strips=strips)


def _taus(row: ReportRow, board_report: BoardReport, store: Store) -> Strip:
    taus = tuple(_tau(run.id, board_report, store) for run in row.runs)
    known = [tau for tau in taus if not isinstance(tau, Undefined)]
    seeds = tuple(run.spec.seed for run in row.runs)
    return Strip(row.series, seeds, taus, row.entry.tau, interval_of(known, "mean"))


def _tau(run: str, board_report: BoardReport, store: Store) -> Number:
    truth = board_report.board.truth
    for ranked in store.correlations(run):
        if (ranked.metric, ranked.table_digest) == (truth.metric, truth.digest):
            return ranked.correlation.tau
    return Undefined("no weights were probed")
