"""Trains cells of any space that can be trained, into the journal of a table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from backends.standalone.cells import SCHEMES, cells_of
from backends.training.recipes import LanguageRecipe, Recipe, load_language_recipe, load_recipe, recipe_path
from harness.core.errors import IncompatibleError
from harness.core.space import Architecture, SearchSpace
from harness.execution.table_builder import build, build_learning_curves
from harness.output.progress_bar import ProgressReport
from harness.spaces.rnn_cell import RNNCell


def recipe_of(space: SearchSpace, name_or_path: str) -> Recipe | LanguageRecipe:
    """Read a recipe that trains cells of the space; raises a HarnessError where there is none."""
    if isinstance(space, RNNCell):
        return load_language_recipe(recipe_path(name_or_path))
    if space.scheme in SCHEMES:
        return load_recipe(recipe_path(name_or_path))
    raise IncompatibleError(
        f"cells of space {space.name!r} cannot be trained; those of nasbench101, nasbench201 and rnn can"
    )


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
    if isinstance(recipe, LanguageRecipe):
        texts = [space.format(Architecture(tuple(choices))) for choices in space.from_keys(keys).tolist()]
        build_learning_curves(space.name, texts, recipe, journal, workers=workers, gpus=gpus, on_progress=on_progress)
    else:
        cells = cells_of(space, keys.tolist())
        build(space.name, cells, recipe, journal, workers=workers, gpus=gpus, on_progress=on_progress)
