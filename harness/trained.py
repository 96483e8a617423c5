"""Judges recommendations by training them from scratch, where no table covers the space.

All trainings, whichever policy and seed recommended the cell, are by one recipe and from the same seed (Yu et al. 2020,
Sec. 4.1; eval-nas, train_cifar.py).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from backends.standalone.cells import Cell
from backends.standalone.recipes import Recipe, load_recipe, recipe_path
from backends.tabular.builder import build
from backends.tabular.journal import read_journal
from harness.bar import bar
from harness.core.errors import IncompatibleError
from harness.core.space import Architecture, SearchSpace
from harness.judge import Correlation, Look, Measured, NoVerdict, Truth, canonical_key
from harness.spaces.nasbench101_keys import matrix_of_key
from harness.statistics import Undefined

METRIC = "test_accuracy"
UNRANKED = "trained from scratch: the space is not ranked"
TRAINER = "backends.standalone.same_seed:same_seed_trainer"
UNVERIFIED = "backends.standalone.same_seed:unverified_trainer"
"""Trains on data files that are not checked to be the published ones."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """How recommendations are trained: the recipe with its full budget alone, and what it is called."""

    name: str
    recipe: Recipe

    @classmethod
    def of(cls, name_or_path: str, space: SearchSpace) -> Scratch:
        """Read a recipe by its name or path; raises a HarnessError for none, or where it cannot train the space."""
        if space.scheme != "nasbench101":
            raise IncompatibleError(
                f"only NAS-Bench-101 cells can be trained from scratch, not those of space {space.name!r}; "
                "leave --judge out"
            )
        path = recipe_path(name_or_path)
        recipe = load_recipe(path)
        return cls(path.stem, replace(recipe, epochs=recipe.epochs[-1:]))

    @property
    def truth(self) -> Truth:
        """What the numbers are of; the digest is that of the recipe with its full budget alone."""
        return Truth(
            metric=METRIC,
            repeats=self.recipe.repeats,
            epochs=self.recipe.epochs[-1],
            kind="recipe",
            name=self.name,
            digest=self.recipe.digest(),
            larger_is_better=True,
            ranking=Undefined(UNRANKED),
        )

    def train(
        self,
        cells: Iterable[Architecture],
        space: SearchSpace,
        folder: Path,
        *,
        workers: int = 1,
        gpus: Sequence[int] = (),
        trainer: str = TRAINER,
    ) -> dict[int, float]:
        """Train each different cell once; the mean over repeats by canonical key, NaN where one of them diverged.

        What is trained is kept in a journal in the folder and never trained again, whatever ends this process.
        """
        keys = sorted({canonical_key(space, cell) for cell in cells})
        if not keys:
            return {}
        named = {key: Cell(*matrix_of_key(key)) for key in keys}
        journal = folder / f"judge-{self.truth.digest[:12]}.journal"
        with bar("training what was recommended") as report:
            build(
                space.scheme,
                list(named.values()),
                self.recipe,
                journal,
                workers=min(workers, len(keys)),
                gpus=gpus,
                on_progress=report,
                trainer=trainer,
            )
        means = _means(journal)
        return {key: means[cell.adjacency, cell.operations] for key, cell in named.items()}


def _means(journal: Path) -> dict[tuple[str, tuple[int, ...]], float]:
    """The mean test accuracy of each cell of a journal, NaN where a repeat diverged."""
    found: dict[tuple[str, tuple[int, ...]], list[float]] = {}
    for row in read_journal(journal)[1]:
        value = math.nan if row["diverged"] else float(row["final"][METRIC])
        found.setdefault((row["adjacency"], tuple(row["operations"])), []).append(value)
    return {cell: statistics.fmean(values) for cell, values in found.items()}


class TrainedJudge:
    """Tells the values of cells that were trained, by canonical key; a look is recorded before a value is told."""

    def __init__(
        self,
        truth: Truth,
        space: SearchSpace,
        values: Mapping[int, float],
        *,
        record: Callable[[Look], object] = lambda look: None,
    ) -> None:
        self.truth = truth
        self._space, self._values, self._record = space, dict(values), record

    def judge(self, architecture: Architecture, *, run: str = "") -> Measured | NoVerdict:
        """The mean test accuracy of a trained cell; raises SpaceError for one outside the space."""
        key, text = canonical_key(self._space, architecture), self._space.format(architecture)
        self._record(Look(run, datetime.now(UTC), text, self.truth.metric, self.truth.digest))
        value = self._values.get(key)
        if value is None:
            return NoVerdict(f"the recommended cell {text} was not trained from scratch")
        if not math.isfinite(value):
            return NoVerdict(f"training the recommended cell {text} from scratch diverged")
        return Measured(value)

    def tau(self, cells: Sequence[Architecture], values: Sequence[float | None], *, run: str = "") -> Correlation:
        """No correlation: the cells that were probed are not those that were trained, so nothing is looked at."""
        return Correlation(Undefined(UNRANKED), 0)
