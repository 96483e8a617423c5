"""Judges recommendations by training them from scratch, where no table covers the space.

All trainings use the same recipe and the same seed, whichever policy and seed recommended the cell (Yu et al. 2020,
Sec. 4.1; eval-nas, train_cifar.py): image cells by test accuracy, recurrent cells by test perplexity.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backends.standalone.tasks import JournalCell, StandaloneTask, task_by
from backends.tabular.journal import read_journal
from backends.training.recipes import LanguageRecipe, Recipe, recipe_path
from harness.core.judgement import Correlation, NoVerdict, Truth, TruthLookup, UnrankedVerdict
from harness.core.measures import Measure
from harness.core.numbers import Undefined
from harness.core.space import Architecture, SearchSpace
from harness.execution.building import build_journal, recipe_of
from harness.execution.executor import Workers
from harness.judging.judge import canonical_key
from harness.output.progress_bar import progress_bar

UNRANKED = "trained from scratch: the space is not ranked"


@dataclass(frozen=True, slots=True)
class ScratchTraining:
    """The training of recommendations: a recipe, reduced to its full budget, and its name."""

    name: str
    recipe: Recipe | LanguageRecipe

    @classmethod
    def of(cls, name_or_path: str, space: SearchSpace) -> ScratchTraining:
        """Read a recipe by its name or path; raises a HarnessError if it does not exist or cannot train the space."""
        recipe, name = recipe_of(space, name_or_path), recipe_path(name_or_path).stem
        return cls(name, task_by(recipe).whole(recipe))

    @property
    def _task(self) -> StandaloneTask[Any, Any]:
        return task_by(self.recipe)

    @property
    def measure(self) -> Measure:
        """The measure that cells are judged by."""
        return self._task.measure

    @property
    def truth(self) -> Truth:
        """The truth that the trainings give; the digest is that of the recipe with its full budget alone."""
        epochs = self.recipe.epochs
        return Truth(
            metric=f"test_{self.measure.name}",
            repeats=self.recipe.repeats,
            epochs=epochs if isinstance(epochs, int) else epochs[-1],
            kind="recipe",
            name=self.name,
            digest=self.recipe.digest(),
            larger_is_better=self.measure.larger_is_better,
            ranking=Undefined(UNRANKED),
        )

    def trainer(self, *, verified: bool) -> str:
        """The trainer as ``module:function``; it uses one seed for all cells, which recurrent cells always have."""
        return self._task.same_seed if verified else self._task.unverified

    def train(
        self, cells: Iterable[Architecture], space: SearchSpace, folder: Path, *, workers: Workers, trainer: str = ""
    ) -> dict[int, float]:
        """Train each different cell once; returns means over repeats by canonical key, NaN if a repeat diverged.

        A journal in ``folder`` keeps every finished training, so that none is repeated, even if this process is killed.
        The default ``trainer`` is the one for verified data.
        """
        keys = sorted({canonical_key(space, cell) for cell in cells})
        if not keys:
            return {}
        journal = folder / f"judge-{self.truth.digest[:12]}.journal"
        trainer = trainer or self.trainer(verified=True)
        targets = self._task.targets(space, keys)
        jobs = self._task.jobs(targets, self.recipe)
        with progress_bar("training what was recommended") as report:
            build_journal(
                space.scheme, jobs, self.recipe, journal, workers=workers, on_progress=report, trainer=trainer
            )
        means = _means(journal, self.truth.metric)
        return {key: means[self._task.journal_cell(target)] for key, target in zip(keys, targets, strict=True)}


def _means(journal: Path, metric: str) -> dict[JournalCell, float]:
    """The mean of each cell of a journal at the end of its training, NaN if a repeat diverged."""
    found: dict[JournalCell, list[float]] = {}
    for row in read_journal(journal)[1]:
        name: JournalCell = row.get("architecture") or (row["adjacency"], tuple(row["operations"]))
        last = row[metric][-1] if isinstance(name, str) else row["final"][metric]
        found.setdefault(name, []).append(math.nan if row["diverged"] or last is None else float(last))
    return {cell: statistics.fmean(values) for cell, values in found.items()}


@dataclass(frozen=True, slots=True)
class TrainedJudge:
    """The values of trained cells, by canonical key; each lookup is recorded before its value is returned."""

    truth: Truth
    space: SearchSpace
    values: Mapping[int, float]
    record: Callable[[TruthLookup], object] = lambda look: None

    def judge(self, architecture: Architecture, *, run: str = "") -> UnrankedVerdict | NoVerdict:
        """The mean value of a trained cell over its repeats; raises SpaceError for a cell outside the space."""
        key, text = canonical_key(self.space, architecture), self.space.format(architecture)
        self.record(TruthLookup(run, datetime.now(UTC), text, self.truth.metric, self.truth.digest))
        value = self.values.get(key)
        if value is None:
            return NoVerdict(f"the recommended cell {text} was not trained from scratch")
        if not math.isfinite(value):
            return NoVerdict(f"training the recommended cell {text} from scratch diverged")
        return UnrankedVerdict(value)

    def tau(self, cells: Sequence[Architecture], values: Sequence[float | None], *, run: str = "") -> Correlation:
        """No correlation: the probed cells are not those that were trained, so nothing is looked up."""
        return Correlation(Undefined(UNRANKED), 0)
