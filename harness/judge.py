"""The judge looks recommendations up in a table's truth; nothing else does, and every look is recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from harness.core.errors import IncompatibleError, SpaceError, TableError
from harness.core.space import Architecture, SearchSpace

DECIMALS = 12
"""Means that agree so far are a tie: summing the same repeats in another order changes the last bits."""


class TruthTable(Protocol):
    """What the judge needs of a ground-truth table."""

    @property
    def name(self) -> str:
        """How messages call the table."""

    @property
    def scheme(self) -> str:
        """The key scheme of its cells."""

    @property
    def digest(self) -> str:
        """The digest of its content."""

    @property
    def epochs(self) -> tuple[int, ...]:
        """The training budgets, the last one being the full one."""

    @property
    def repeats(self) -> int:
        """How often each cell was trained, at most."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of its metrics."""

    @property
    def keys(self) -> npt.NDArray[np.int64]:
        """The canonical keys (cells,), sorted."""

    def rows(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The rows (keys,) of these cells, -1 where the table lacks one."""

    def mean(self, metric: str) -> npt.NDArray[np.float64]:
        """The mean over repeats at the full budget (cells,), nan where there is none."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How good a recommendation is.

    ``rank`` is 1 for the best of the ``size`` ranked cells and shared by ties; ``regret`` is the distance to the best
    value, never negative; ``percentile`` is the percentage of the ranked cells that are no better (the best has 100).
    """

    value: float
    rank: int
    size: int
    regret: float
    percentile: float


@dataclass(frozen=True, slots=True)
class NoVerdict:
    """Why a run has no value: its cell is not in the truth, its training diverged, or the run itself failed."""

    reason: str


Judgement: TypeAlias = Verdict | NoVerdict


@dataclass(frozen=True, slots=True)
class Look:
    """One look at the truth: for which run (its id, or "" outside of runs), when (UTC), and at what."""

    run: str
    when: datetime
    architecture: str
    metric: str
    table_digest: str


@dataclass(frozen=True, slots=True)
class Truth:
    """What the numbers of a judgement are of, and the ranked cells' best, mean and population standard deviation."""

    metric: str
    repeats: int
    epochs: int
    table: str
    table_digest: str
    larger_is_better: bool
    size: int
    space_size: int
    best: float
    mean: float
    std: float

    @property
    def split(self) -> str:
        """The data split that the metric's name begins with: ``test`` of ``test_accuracy``."""
        return self.metric.partition("_")[0]

    @property
    def text(self) -> str:
        """The metric in words: ``test accuracy, mean of 3 repeats at 8 epochs``."""
        repeats = "one repeat" if self.repeats == 1 else f"mean of {self.repeats} repeats"
        return f"{self.metric.replace('_', ' ')}, {repeats} at {self.epochs} epochs"


class Judge:
    """Ranks architectures of one space by a metric of a table: the mean over repeats at the full budget.

    Cells of other spaces of the table's scheme, and cells whose mean is not a finite number, are not ranked. Each look
    is appended to ``looks`` and given to ``record`` before the truth is told: a store that fails reveals nothing.
    """

    def __init__(
        self,
        table: TruthTable,
        space: SearchSpace,
        metric: str = "test_accuracy",
        *,
        larger_is_better: bool = True,
        record: Callable[[Look], object] | None = None,
    ) -> None:
        _require(table, space, metric)
        self.looks: list[Look] = []
        self._table, self._space, self._record = table, space, record
        self._sign = 1.0 if larger_is_better else -1.0
        self._values = table.mean(metric)
        ranked = self._values[np.isfinite(self._values) & space.owns(table.keys)]
        if not len(ranked):
            raise TableError(f"table {table.name!r} has no {metric} of any cell of space {space.name!r} to judge by")
        self._ascending = np.sort(np.round(ranked * self._sign, DECIMALS))
        self.truth = Truth(
            metric=metric,
            repeats=table.repeats,
            epochs=table.epochs[-1],
            table=table.name,
            table_digest=table.digest,
            larger_is_better=larger_is_better,
            size=len(ranked),
            space_size=space.size,
            best=float(ranked.max() if larger_is_better else ranked.min()),
            mean=float(ranked.mean()),
            std=float(ranked.std()),
        )

    def judge(self, architecture: Architecture, *, run: str = "") -> Judgement:
        """The truth about an architecture; raises SpaceError for one outside the space."""
        key = self._key(architecture)
        text = self._space.format(architecture)
        self._note(Look(run, datetime.now(UTC), text, self.truth.metric, self.truth.table_digest))
        row = int(self._table.rows(key)[0])
        if row < 0:
            return NoVerdict(f"table {self._table.name!r} does not hold the recommended cell {text}")
        value = float(self._values[row])
        if not np.isfinite(value):
            return NoVerdict(
                f"table {self._table.name!r} has no {self.truth.metric} of the recommended cell {text} at "
                f"{self.truth.epochs} epochs: its training diverged or was not measured"
            )
        return self._verdict(value)

    def _key(self, architecture: Architecture) -> npt.NDArray[np.int64]:
        """The canonical key, shape (1,)."""
        if not self._space.contains(architecture):
            raise SpaceError(f"{architecture.choices!r} is no cell of space {self._space.name!r}, so it has no truth")
        return self._space.canonical_keys(np.asarray([self._space.key(architecture)], dtype=np.int64))

    def _note(self, look: Look) -> None:
        self.looks.append(look)
        if self._record is not None:
            self._record(look)

    def _verdict(self, value: float) -> Verdict:
        size = len(self._ascending)
        no_better = int(np.searchsorted(self._ascending, np.round(value * self._sign, DECIMALS), side="right"))
        regret = float(np.round(abs(self.truth.best - value), DECIMALS))
        return Verdict(value, 1 + size - no_better, size, regret, 100 * no_better / size)


def _require(table: TruthTable, space: SearchSpace, metric: str) -> None:
    if table.scheme != space.scheme:
        raise IncompatibleError(
            f"table {table.name!r} holds cells of scheme {table.scheme!r}, but space {space.name!r} is of scheme "
            f"{space.scheme!r}; choose a table of that scheme"
        )
    if metric not in table.metrics:
        known = ", ".join(table.metrics)
        raise TableError(f"table {table.name!r} has no metric {metric!r} to judge by; it has {known}")
