"""Any-time curves: the truth about a run's best architecture so far, by validation score, against the run's cost.

A curve is made from the stored Scores of a run. Updates and Gradients add to the run's total cost only, so an axis is
undefined if the costs of its Scores do not add up to that total: epochs and seconds if an oracle trains shared weights,
and queries if a policy asks for gradients. With shared weights, the scores that decide an incumbent are of weights
still in training, on the batches that the policy asked for.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from harness.core.budget import Cost
from harness.core.judgement import NoVerdict, Verdict
from harness.core.numbers import Undefined
from harness.core.space import SearchSpace
from harness.judging.judge import Judge, canonical_key
from harness.statistics import interval_of
from harness.storage.records import Run, ScoreRow
from harness.storage.store import Store

Floats: TypeAlias = npt.NDArray[np.float64]

CostAxis: TypeAlias = Literal["queries", "epochs", "seconds"]
AXES: tuple[CostAxis, ...] = ("queries", "epochs", "seconds")

TruthMeasure: TypeAlias = Literal["value", "rank", "regret"]
"""The number of an incumbent's truth that a curve shows."""


@dataclass(frozen=True, slots=True)
class Incumbent:
    """A new incumbent: its score as the search saw it, and the run's cost up to and including this answer.

    ``queries`` counts charged Scores from 1, failed ones included; ``seconds`` are training time, recorded by a table
    or really spent.
    """

    queries: int
    epochs: float
    seconds: float
    architecture: str
    value: float


@dataclass(frozen=True, slots=True)
class Trajectory:
    """The incumbents of a run, the truth about each, and the total cost of the run.

    ``unknown`` holds the undefined axes with their reasons.
    """

    policy: str
    oracle: str
    space: str
    seed: int
    spent: Cost
    steps: tuple[Incumbent, ...]
    truths: tuple[Verdict | NoVerdict, ...]
    unknown: tuple[tuple[CostAxis, Undefined], ...] = ()

    def costs(self, axis: CostAxis) -> tuple[float, ...] | Undefined:
        """The run's cost at each incumbent along an axis."""
        found = dict(self.unknown).get(axis)
        return tuple(float(getattr(step, axis)) for step in self.steps) if found is None else found


@dataclass(frozen=True, slots=True)
class Curve:
    """A mean over seeds on a grid of costs; every array is (points,), NaN where no seed has a value.

    ``low`` and ``high`` are the ends of the 95 % bootstrap interval of the mean over the seeds, NaN for a single seed;
    ``seeds`` counts the seeds with a value.
    """

    axis: CostAxis
    grid: Floats
    mean: Floats
    low: Floats
    high: Floats
    seeds: npt.NDArray[np.int64]


def incumbents_and_cost(rows: Iterable[ScoreRow], charged: Iterable[bool]) -> tuple[tuple[Incumbent, ...], Cost]:
    """The incumbents among a run's Scores, which are in order, and the total cost of these Scores.

    ``charged`` says of each Score whether it cost a query. Of equal scores the first stays the incumbent, whatever
    epochs or batches they asked for.
    """
    steps, best, queries, epochs, seconds = list[Incumbent](), -math.inf, 0, 0.0, 0.0
    for row, counts in zip(rows, charged, strict=True):
        queries, epochs, seconds = queries + counts, epochs + row.cost_epochs, seconds + row.cost_seconds
        if row.value is not None and row.value > best:
            best = row.value
            steps.append(Incumbent(queries, epochs, seconds, row.architecture, row.value))
    return tuple(steps), Cost(queries, epochs, seconds)


def charged_queries(rows: Sequence[ScoreRow], space: SearchSpace, *, repeats_free: bool) -> list[bool]:
    """Which Scores of a run cost a query: all, or all but those of a cell that was trained before to this budget."""
    if not repeats_free:
        return [True] * len(rows)
    diverged = {(_key(row, space), row.epochs) for row in rows if row.value is None and row.cost_epochs}
    return [bool(row.cost_epochs) or not _is_repeat(row, diverged, space) for row in rows]


def _is_repeat(row: ScoreRow, diverged: Set[tuple[int, int | None]], space: SearchSpace) -> bool:
    """Whether a Score without a cost repeated a training; else the table lacked it, which costs a query each time."""
    return row.value is not None or bool(diverged and (_key(row, space), row.epochs) in diverged)


def _key(row: ScoreRow, space: SearchSpace) -> int:
    return canonical_key(space, space.parse(row.architecture))


def at_cost(
    steps: Sequence[Incumbent], *, queries: float | None = None, seconds: float | None = None
) -> Incumbent | None:
    """The last incumbent that a run found within a cost; ``None`` if there is none."""
    found = None
    for step in steps:
        if (queries is not None and step.queries > queries) or (seconds is not None and step.seconds > seconds):
            break
        found = step
    return found


def trajectory(run: Run, judge: Judge, store: Store, space: SearchSpace) -> Trajectory:
    """The trajectory of one run, by one lookup of the truth; a run without an answered Score has no steps."""
    rows = list(store.trials(run.id))
    steps, tally = incumbents_and_cost(rows, charged_queries(rows, space, repeats_free=run.repeats_free))
    spec, unknown = run.spec, tuple(_unknown(run, tally))
    truths = tuple(judge.many([space.parse(step.architecture) for step in steps], run=run.id))
    return Trajectory(spec.policy, spec.oracle, spec.space, spec.seed, run.spent, steps, truths, unknown)


def _unknown(run: Run, tally: Cost) -> Iterator[tuple[CostAxis, Undefined]]:
    for axis in AXES:
        total, scored = getattr(run.spent, axis), getattr(tally, axis)
        if not math.isclose(total, scored, rel_tol=1e-9):
            yield axis, Undefined(f"{run.spec.policy} on {run.spec.oracle} spent {axis} on more than Scores")
        elif total == 0 and tally.queries:
            yield axis, Undefined(f"oracle {run.spec.oracle} knows no {axis} of training")


def on_grid(
    trajectories: Sequence[Trajectory], axis: CostAxis, grid: Sequence[float], *, quality: TruthMeasure = "regret"
) -> Curve | Undefined:
    """The mean over one policy's seeds at each cost of ``grid``; a run keeps its incumbent until the next one.

    A seed has no value before its first incumbent or if the incumbent has no truth; it keeps its last value after its
    end. Undefined if the axis is undefined for a run.
    """
    values = np.full((len(trajectories), len(grid)), np.nan)
    points = np.asarray(grid, dtype=np.float64)
    for row, each in zip(values, trajectories, strict=True):
        costs = each.costs(axis)
        if isinstance(costs, Undefined):
            return costs
        shown = [math.nan if isinstance(t, NoVerdict) else float(getattr(t, quality)) for t in each.truths]
        places = np.searchsorted(np.asarray(costs, dtype=np.float64), points, side="right")
        row[:] = np.array([math.nan, *shown])[places]
    known = np.isfinite(values)
    low, high = _intervals(values)
    return Curve(axis, points, _means(values, known), low, high, known.sum(axis=0))


def _means(values: Floats, known: npt.NDArray[np.bool_]) -> Floats:
    """The mean of each column's known values; NaN if it has none."""
    counts = known.sum(axis=0)
    means = np.full(values.shape[1], np.nan)
    sums = np.where(known, values, 0.0).sum(axis=0)
    np.divide(sums, counts, out=means, where=counts > 0)
    return means


def _intervals(values: Floats) -> tuple[Floats, Floats]:
    """The ends of each column's interval; neighbouring columns are often equal, and these are computed once."""
    ends = np.full((2, values.shape[1]), np.nan)
    for _, group in itertools.groupby(range(values.shape[1]), key=lambda place: values[:, place].tobytes()):
        places = list(group)
        column = values[:, places[0]]
        interval = interval_of(column[np.isfinite(column)].tolist(), "mean")
        if not isinstance(interval, Undefined):
            ends[:, places] = [[interval.low], [interval.high]]
    return ends[0], ends[1]


def shared_grid(trajectories: Iterable[Trajectory], axis: CostAxis, *, points: int = 200) -> list[float]:
    """Costs from the first incumbent of these runs to the end of the longest run, evenly spaced in their logarithm.

    Queries are distinct whole numbers. The list is empty if no run has a defined axis and an incumbent.
    """
    found = [(costs[0], getattr(each.spent, axis)) for each in trajectories if (costs := _known_costs(each, axis))]
    if not found:
        return []
    first, last = min(start for start, _ in found), max(end for _, end in found)
    spread = np.geomspace(first, last, points, dtype=np.float64)
    whole = np.unique(np.round(spread)) if axis == "queries" else np.unique(spread)
    return [float(first), *whole[(whole > first) & (whole < last)].tolist(), *([float(last)] if last > first else [])]


def _known_costs(trajectory: Trajectory, axis: CostAxis) -> tuple[float, ...]:
    """The costs above 0 at a run's incumbents; empty if the axis is undefined."""
    costs = trajectory.costs(axis)
    return () if isinstance(costs, Undefined) else tuple(cost for cost in costs if cost > 0)
