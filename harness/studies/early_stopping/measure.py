"""How well the ranking after few epochs of training predicts the final one (Yu et al. 2020, Fig. 7).

Everything is computed from a table that recorded several budgets of training. A cell is ranked by its mean over the
repeats, as the judge does: rank 1 is best, ties share the best rank, and a cell with a diverged repeat has no rank.
"""

from __future__ import annotations

import json
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from backends.tabular.layout import spans
from backends.tabular.table import Keys, Table
from harness.core.errors import IncompatibleError, UnknownNameError
from harness.core.measures import QUALITIES, Measure, measure_of
from harness.core.numbers import Undefined
from harness.core.space import Architecture, SearchSpace
from harness.judging.judge import tie_decimals
from harness.planning.settings import create_space
from harness.statistics import kendall
from harness.studies.agreement import competition_ranks, finite, json_number

TOP = 5
LISTED = 5000
"""The most cells that are listed one by one: the best ones."""

Floats = npt.NDArray[np.float64]


class CellTrajectory(TypedDict):
    """A cell's ``ranks`` and mean ``values`` in the metric's own unit, one for each of the result's ``epochs``."""

    cell: str
    ranks: list[int | None]
    values: list[float | None]


class RankChange(TypedDict):
    """The cell whose rank at an epoch is farthest from its final one, unless all ranks are the final ones."""

    cell: str
    rank: int
    final_rank: int


class EarlyStoppingRow(TypedDict):
    """The ranking after ``epoch`` compared with the final one, among the ``cells`` that have a rank in both.

    Of the ``top`` cells that end best, ``kept`` are among the best ``EarlyStoppingResult.top`` at ``epoch``. ``chosen``
    are the best cells at ``epoch``, several if they tie; ``final_rank`` is the mean of their final ranks and ``regret``
    how much worse than the best cell they end; both are ``None`` if one of them has no final rank.
    """

    epoch: int
    cells: int
    tau: float | None
    reason: str | None
    kept: int
    top: int
    chosen: list[str]
    final_rank: float | None
    regret: float | None
    change: RankChange | None


class EarlyStoppingResult(TypedDict):
    """``cells`` are sorted by final rank, those without one last; ``listed`` is their number, ``size`` the table's.

    ``one_course``: whether the epochs are moments of one training; ``None`` if the table's recipe does not say.
    """

    study: str
    table: str
    space: str
    metric: str
    larger_is_better: bool
    repeats: int
    one_course: bool | None
    epochs: list[int]
    top: int
    size: int
    listed: int
    rows: list[EarlyStoppingRow]
    cells: list[CellTrajectory]


def study_early_stopping(table: Table, metric: str | None = None, *, top: int = TOP) -> EarlyStoppingResult:
    """Compare the ranking of a table's cells after each budget with the ranking after the full one.

    Metric ``None`` is the validation metric. Raises UnknownNameError for a metric that does not rank cells, and
    IncompatibleError for a table with a single budget or fewer than two cells with a final value.
    """
    metric, measure = _metric(table, metric)
    if len(table.epochs) < 2:
        raise IncompatibleError(
            f"table {table.name!r} has trainings of {spans(table.epochs)} epochs only; early stopping compares several "
            "budgets: `harness table list` shows them"
        )
    values = np.stack([table.mean(metric, epochs) for epochs in table.epochs], axis=1)
    if np.isfinite(values[:, -1]).sum() < 2:
        raise IncompatibleError(f"table {table.name!r} has no {metric} of two cells at the full budget to rank")
    scores = np.stack([_rounded(column, measure) for column in values.T], axis=1)
    ranks = np.array(
        [[rank or 0 for rank in competition_ranks(column)] for column in scores.T]
    ).T  # 0 for a cell without a rank
    order = np.argsort(np.where(ranks[:, -1] > 0, ranks[:, -1], len(ranks) + 1), kind="stable")[:LISTED]
    names = CellTexts(create_space(table.space), table.keys)
    return EarlyStoppingResult(
        study="early-stopping",
        table=table.name,
        space=table.space,
        metric=metric,
        larger_is_better=measure.larger_is_better,
        repeats=table.repeats,
        one_course=_is_one_training(table),
        epochs=list(table.epochs),
        top=top,
        size=len(table),
        listed=len(order),
        rows=[_row(table.epochs[i], i, scores, ranks, names=names, top=top) for i in range(len(table.epochs))],
        cells=[_trajectory(row, names, ranks, values) for row in order.tolist()],
    )


class CellTexts:
    """The text forms of cells, made on access."""

    def __init__(self, space: SearchSpace, keys: Keys) -> None:
        self._space, self._keys = space, keys

    def __getitem__(self, place: int) -> str:
        choices = self._space.from_keys(self._keys[place : place + 1])[0]
        return self._space.format(Architecture(tuple(choices.tolist())))


def _metric(table: Table, metric: str | None) -> tuple[str, Measure]:
    known = {name: m for name in table.metrics if (m := measure_of(name)) in QUALITIES and m is not None}
    if metric is None:
        found = [name for name in known if name.startswith("validation_")]
        metric = found[0] if found else next(iter(known), "validation_accuracy")
    if metric not in known:
        raise UnknownNameError.among(f"metric of table {table.name!r}", metric, known)
    return metric, known[metric]


def _is_one_training(table: Table) -> bool | None:
    """Whether the budgets are moments of one training: its recipe has one number of epochs, other recipes a list."""
    try:
        recipe = json.loads(table.recipe)
    except ValueError:
        return None
    epochs = recipe.get("epochs") if isinstance(recipe, dict) else None
    return None if epochs is None else isinstance(epochs, int)


def _rounded(means: Floats, measure: Measure) -> Floats:
    """Means, negated if smaller is better, rounded so that ties are equal; NaN where there is no mean."""
    finite = np.isfinite(means)
    if not finite.any():
        return np.full(len(means), np.nan)
    return np.where(finite, np.round(means * measure.sign, tie_decimals(means[finite])), np.nan)


def _row(epoch: int, place: int, scores: Floats, ranks: Keys, *, names: CellTexts, top: int) -> EarlyStoppingRow:
    now, final = ranks[:, place], ranks[:, -1]
    both = (now > 0) & (final > 0)
    tau = kendall(scores[both, place].tolist(), scores[both, -1].tolist())
    best, chosen = (final > 0) & (final <= top), np.flatnonzero(now == 1)
    lasting = bool(len(chosen)) and bool((final[chosen] > 0).all())
    farthest = int(np.argmax(np.where(both, np.abs(now - final), -1)))
    return EarlyStoppingRow(
        epoch=epoch,
        cells=int(both.sum()),
        tau=json_number(tau),
        reason=tau.reason if isinstance(tau, Undefined) else None,
        kept=int((best & (now > 0) & (now <= top)).sum()),
        top=int(best.sum()),
        chosen=[names[row] for row in chosen.tolist()],
        final_rank=float(final[chosen].mean()) if lasting else None,
        regret=float((np.nanmax(scores[:, -1]) - scores[chosen, -1]).mean()) if lasting else None,
        change=RankChange(cell=names[farthest], rank=int(now[farthest]), final_rank=int(final[farthest]))
        if both[farthest] and now[farthest] != final[farthest]
        else None,
    )


def _trajectory(row: int, names: CellTexts, ranks: Keys, values: Floats) -> CellTrajectory:
    return CellTrajectory(
        cell=names[row], ranks=[rank or None for rank in ranks[row].tolist()], values=finite(values[row])
    )
