"""Trains cells of any space that can be trained into the journal of a table: one job for each group of its rows.

The trainer is named as a text ``module:object`` and imported by the job alone, so that this module needs no torch.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from backends.standalone.cells import SCHEMES, CellGraph, cells_of
from backends.tabular.journal import Journal, JournalGroup
from backends.training.recipes import LanguageRecipe, Recipe, load_language_recipe, load_recipe, recipe_path
from harness.core.errors import IncompatibleError
from harness.core.progress import ProgressCallback, silent
from harness.core.space import Architecture, SearchSpace
from harness.execution.executor import Executor, Job, JobError, JobEvent, JobResult, Send, Workers, start_executor
from harness.spaces.rnn_cell import RNNCell

TRAINER = "backends.standalone.cell_trainer:CellTrainer"
LANGUAGE_TRAINER = "backends.standalone.language_trainer:LanguageTrainer"

TrainedCell: TypeAlias = CellGraph | str
"""A cell as trainers take it: a recurrent one by its text."""


class Trainer(Protocol):
    """What a job makes of a recipe."""

    def fingerprint(self) -> Mapping[str, str]:
        """What results depend on besides recipe and cell; has the key ``data_digest``."""

    def rows(self, cell: Any, turn: int) -> list[dict[str, Any]]:
        """The rows of one group: all repeats of a cell at a budget ``turn``, or the course of its repeat ``turn``."""


def recipe_of(space: SearchSpace, name_or_path: str) -> Recipe | LanguageRecipe:
    """Read a recipe that trains cells of the space; raises a HarnessError where there is none."""
    if isinstance(space, RNNCell):
        return load_language_recipe(recipe_path(name_or_path))
    if space.scheme in SCHEMES:
        return load_recipe(recipe_path(name_or_path))
    raise IncompatibleError(
        f"cells of space {space.name!r} cannot be trained; those of nasbench101, nasbench201 and rnn can"
    )


def trained_cells(
    space: SearchSpace, keys: Sequence[int] | npt.NDArray[np.int64], recipe: Recipe | LanguageRecipe
) -> Sequence[TrainedCell]:
    """The cells of these keys as a trainer of the recipe takes them."""
    rows = np.asarray(keys, np.int64)
    if isinstance(recipe, LanguageRecipe):
        return [space.format(Architecture(tuple(choices))) for choices in space.from_keys(rows).tolist()]
    return cells_of(space, rows.tolist())


def build_journal(
    space: str,
    cells: Sequence[TrainedCell],
    recipe: Recipe | LanguageRecipe,
    path: Path,
    *,
    workers: Workers,
    on_progress: ProgressCallback = silent,
    trainer: str = "",
) -> None:
    """Train the cells, and append what the journal lacks of their rows.

    The default ``trainer`` is the recipe's. Progress is in groups. Safe to kill at any time: the next call with the
    same arguments goes on with what is missing. Raises TableError when the journal was begun with another space,
    recipe or data, and WorkerKilledError.
    """
    trainer = trainer or (LANGUAGE_TRAINER if isinstance(recipe, LanguageRecipe) else TRAINER)
    how = (recipe, trainer, "cuda" if workers.gpus else "cpu")
    groups = _groups(cells, recipe)
    # what this process has done to its numerical libraries must not reach a result
    with (
        start_executor(replace(workers, isolated=True)) as executor,
        Journal(path, _header(space, recipe, _fingerprint_of(executor, how))) as journal,
    ):
        missing = {group: arguments for group, arguments in groups.items() if group not in journal.done}
        done = len(groups) - len(missing)
        on_progress(done, len(groups))

        def append(event: JobEvent) -> None:
            nonlocal done
            journal.append(_value(event))
            done += 1
            on_progress(done, len(groups))

        for group, arguments in missing.items():
            executor.submit(Job(str(group), _rows, (*how, *arguments)))
        executor.wait(append)


def _header(space: str, recipe: Recipe | LanguageRecipe, fingerprint: Mapping[str, str]) -> dict[str, Any]:
    made = {"space": space, "recipe_digest": recipe.digest(), "recipe": recipe.document(), "repeats": recipe.repeats}
    return {**made, **fingerprint}


def _groups(
    cells: Sequence[TrainedCell], recipe: Recipe | LanguageRecipe
) -> dict[JournalGroup, tuple[TrainedCell, int]]:
    """The groups of a whole journal, in order, and what a trainer's ``rows`` takes for each.

    The first repeat of every recurrent cell comes first, then the second: a journal that is not whole is balanced.
    """
    if isinstance(recipe, LanguageRecipe):
        return {(str(text), n): (text, n) for n in range(recipe.repeats) for text in cells}
    graphs = [cell for cell in cells if isinstance(cell, CellGraph)]
    return {(cell.adjacency, cell.operations, n): (cell, n) for cell in graphs for n in recipe.epochs}


def _fingerprint_of(executor: Executor, how: tuple[Any, ...]) -> Mapping[str, str]:
    found: list[Mapping[str, str]] = []
    executor.submit(Job("fingerprint", _fingerprint, how))
    executor.wait(lambda event: found.append(_value(event)))
    return found[0]


def _value(event: JobEvent) -> Any:
    """The result of a job that sends no messages; raises its error."""
    match event:
        case JobResult(value=value):
            return value
        case JobError(error=error):
            raise error


@functools.lru_cache(maxsize=1)
def _trainer(recipe: Recipe | LanguageRecipe, trainer: str, device: str) -> Trainer:
    """The trainer of this process, which loads the data once."""
    module, name = trainer.split(":")
    made: Trainer = getattr(importlib.import_module(module), name)(recipe, device)
    return made


def _fingerprint(recipe: Recipe | LanguageRecipe, trainer: str, device: str, _send: Send) -> dict[str, str]:
    return dict(_trainer(recipe, trainer, device).fingerprint())


def _rows(
    recipe: Recipe | LanguageRecipe, trainer: str, device: str, cell: TrainedCell, turn: int, _send: Send
) -> list[dict[str, Any]]:
    return _trainer(recipe, trainer, device).rows(cell, turn)
