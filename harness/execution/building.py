"""Trains cells of any space that can be trained, into the journal of a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from backends.standalone.tasks import task_by, task_of
from backends.training.recipes import LanguageRecipe, Recipe
from harness.core.errors import IncompatibleError
from harness.core.space import SearchSpace
from harness.execution.table_builder import build
from harness.output.progress_bar import ProgressReport


def recipe_of(space: SearchSpace, name_or_path: str) -> Recipe | LanguageRecipe:
    """Read a recipe that trains cells of the space; raises a HarnessError where there is none."""
    task = task_of(space)
    if task is None:
        raise IncompatibleError(
            f"cells of space {space.name!r} cannot be trained; those of nasbench101, nasbench201 and rnn can"
        )
    recipe: Recipe | LanguageRecipe = task.recipe(name_or_path)
    return recipe


def build_journal(
    space: SearchSpace,
    keys: npt.NDArray[np.int64],
    recipe: Recipe | LanguageRecipe,
    journal: Path,
    *,
    workers: int,
    gpus: Sequence[int] = (),
    on_progress: ProgressReport,
) -> None:
    """Train the cells of these keys, those that the journal lacks; safe to kill at any time."""
    task = task_by(recipe)
    jobs = task.jobs(task.targets(space, keys.tolist()), recipe)
    build(space.name, jobs, recipe, journal, workers=workers, gpus=gpus, on_progress=on_progress, trainer=task.trainer)
