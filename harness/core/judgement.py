"""The judge's results: verdicts on recommendations, the truth that they refer to, and records of lookups."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

from harness.core.numbers import Number, Undefined


class TruthTable(Protocol):
    """What the judge reads from a ground-truth table."""

    @property
    def name(self) -> str:
        """The name of the table in messages."""

    @property
    def scheme(self) -> str:
        """The key scheme of its cells."""

    @property
    def digest(self) -> str:
        """The digest of its content."""

    @property
    def epochs(self) -> tuple[int, ...]:
        """The training budgets in epochs; the last one is the full budget."""

    @property
    def repeats(self) -> int:
        """The largest number of trainings of a cell."""

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


@runtime_checkable
class RepeatedTruth(Protocol):
    """What the noise of a ground-truth table is read from; a table without these members counts as noiseless."""

    def values(self, metric: str) -> npt.NDArray[np.float64]:
        """A metric at the full budget (cells, repeats); NaN where nothing is recorded or the training diverged."""

    def recorded(self) -> npt.NDArray[np.bool_]:
        """Which trainings of the full budget took place (cells, repeats)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The quality of a recommendation.

    ``rank`` is 1 for the best of the ``size`` ranked cells and shared by ties; ``regret`` is the distance to the best
    value, never negative; ``percentile`` is the percentage of the ranked cells that are no better (the best has 100).
    """

    value: float
    rank: int
    size: int
    regret: float
    percentile: float


@dataclass(frozen=True, slots=True)
class UnrankedVerdict:
    """The value of a recommendation without a rank: it was trained, the other cells of the space were not."""

    value: float


@dataclass(frozen=True, slots=True)
class NoVerdict:
    """Why a run has no value: its cell is not in the truth, its training diverged, or the run itself failed."""

    reason: str


Judgement: TypeAlias = Verdict | UnrankedVerdict | NoVerdict


@dataclass(frozen=True, slots=True)
class Correlation:
    """Kendall's tau-b between scores of cells and their truth, and how many distinct cells have both."""

    tau: Number
    cells: int


@dataclass(frozen=True, slots=True)
class TruthLookup:
    """One lookup of the truth: the run (its id, or "" outside of runs), the time (UTC), and what was looked up."""

    run: str
    when: datetime
    architecture: str
    metric: str
    table_digest: str


@dataclass(frozen=True, slots=True)
class Ranking:
    """The numbers of ranked cells and of cells in the space; best, mean and population standard deviation."""

    size: int
    space_size: int
    best: float
    mean: float
    std: float


@dataclass(frozen=True, slots=True)
class Truth:
    """The truth that judgements refer to; ``name`` and ``digest`` are those of a table or of a recipe.

    A table ranks the cells of the space; a recipe, by which recommendations are trained from scratch, does not.
    """

    metric: str
    repeats: int
    epochs: int
    kind: Literal["table", "recipe"]
    name: str
    digest: str
    larger_is_better: bool
    ranking: Ranking | Undefined

    @property
    def split(self) -> str:
        """The data split that the metric's name begins with: ``test`` of ``test_accuracy``."""
        return self.metric.partition("_")[0]

    @property
    def text(self) -> str:
        """The metric in words: ``test accuracy, mean of 3 repeats at 8 epochs``."""
        repeats = "one repeat" if self.repeats == 1 else f"mean of {self.repeats} repeats"
        return f"{self.metric.replace('_', ' ')}, {repeats} at {self.epochs} epochs"
