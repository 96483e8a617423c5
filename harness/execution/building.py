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

from backends.standalone.tasks import task_by, task_of
from backends.tabular.journal import Journal, JournalGroup
from backends.training.recipes import LanguageRecipe, Recipe
from harness.core.errors import IncompatibleError
from harness.core.progress import ProgressCallback, silent
from harness.core.space import SearchSpace
from harness.execution.executor import Executor, Job, JobError, JobEvent, JobResult, Send, Workers, start_executor

TrainingJobs: TypeAlias = Mapping[JournalGroup, tuple[Any, int]]
"""What a trainer's ``rows`` takes, by the group of a journal that the rows are."""


class Trainer(Protocol):
    """What a job makes of a recipe."""

    def fingerprint(self) -> Mapping[str, str]:
        """What results depend on besides recipe and cell; has the key ``data_digest``."""

    def rows(self, cell: Any, turn: int) -> list[dict[str, Any]]:
        """The rows of one group: all repeats of a cell at a budget ``turn``, or the course of its repeat ``turn``."""


def recipe_of(space: SearchSpace, name_or_path: str) -> Recipe | LanguageRecipe:
    """Read a recipe that trains cells of the space; raises a HarnessError where there is none."""
    task = task_of(space)
    if task is None:
        raise IncompatibleError(
            f"cells of space {space.name!r} cannot be trained; those of nasbench101, nasbench201 and rnn can"
        )
    recipe: Recipe | LanguageRecipe = task.recipe(name_or_path)
    return recipe


def training_jobs(
    space: SearchSpace, keys: Sequence[int] | npt.NDArray[np.int64], recipe: Recipe | LanguageRecipe
) -> TrainingJobs:
    """The jobs that train the cells of these keys by the recipe, in the order of a journal."""
    task = task_by(recipe)
    return task.jobs(task.targets(space, np.asarray(keys, np.int64).tolist()), recipe)


def build_journal(
    space: str,
    jobs: TrainingJobs,
    recipe: Recipe | LanguageRecipe,
    path: Path,
    *,
    workers: Workers,
    on_progress: ProgressCallback = silent,
    trainer: str = "",
) -> None:
    """Do the jobs that the journal lacks, and append their rows.

    The default ``trainer`` is the recipe's. Progress is in groups. Safe to kill at any time: the next call with the
    same arguments goes on with what is missing. Raises TableError when the journal was begun with another space,
    recipe or data, and WorkerKilledError.
    """
    how = (recipe, trainer or task_by(recipe).trainer, "cuda" if workers.gpus else "cpu")
    header = {"space": space, "recipe_digest": recipe.digest(), "recipe": recipe.document(), "repeats": recipe.repeats}
    # what this process has done to its numerical libraries must not reach a result
    with (
        start_executor(replace(workers, isolated=True)) as executor,
        Journal(path, {**header, **_fingerprint_of(executor, how)}) as journal,
    ):
        missing = {group: arguments for group, arguments in jobs.items() if group not in journal.done}
        done = len(jobs) - len(missing)
        on_progress(done, len(jobs))

        def append(event: JobEvent) -> None:
            nonlocal done
            journal.append(_value(event))
            done += 1
            on_progress(done, len(jobs))

        for group, arguments in missing.items():
            executor.submit(Job(str(group), _rows, (*how, *arguments)))
        executor.wait(append)


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
    recipe: Recipe | LanguageRecipe, trainer: str, device: str, target: Any, turn: int, _send: Send
) -> list[dict[str, Any]]:
    return _trainer(recipe, trainer, device).rows(target, turn)
