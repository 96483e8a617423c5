"""Build a table by training every cell of a space: a resumable job over worker processes.

The trainer is named as a text `module:object` and imported in the workers alone, so that this module needs no torch.
"""

import functools
import importlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import as_completed
from pathlib import Path
from typing import Any, Protocol

from backends.tabular.journal import Journal, JournalGroup
from backends.training.recipes import LanguageRecipe, Recipe
from harness.core.progress import ProgressCallback, silent
from harness.execution.worker_processes import worker_pool

TrainingJob = tuple[Any, int]
"""What a trainer's `rows` takes."""

AnyRecipe = Recipe | LanguageRecipe


class Trainer(Protocol):
    """What a worker makes of a recipe."""

    def fingerprint(self) -> Mapping[str, str]:
        """What results depend on besides recipe and cell; has the key `data_digest`."""
        ...

    def rows(self, cell: Any, turn: int) -> list[dict[str, Any]]:
        """The rows of one group: all repeats of a cell at a budget `turn`, or the course of its repeat `turn`."""
        ...


def build(
    space: str,
    jobs: Mapping[JournalGroup, TrainingJob],
    recipe: AnyRecipe,
    journal_path: Path,
    *,
    workers: int,
    gpus: Sequence[int] = (),
    on_progress: ProgressCallback = silent,
    trainer: str,
) -> None:
    """Do all jobs, each the group of a journal, and append the results to the journal.

    Workers train on the CPU, or on `gpus` in turn. Progress is in groups. Safe to kill at any time: the next call with
    the same arguments goes on with what is missing. Raises `TableError` when the journal was begun with another space,
    recipe or data, and `HarnessError` when a worker was killed.
    """
    with worker_pool(workers, gpus, _start_worker, recipe, trainer) as started:
        header = _header(space, recipe, started.submit(_fingerprint).result())
        with Journal(journal_path, header) as journal:
            missing = [job for group, job in jobs.items() if group not in journal.done]
            begun = len(jobs) - len(missing)
            on_progress(begun, len(jobs))
            futures = [started.submit(_rows, *job) for job in missing]
            for done, future in enumerate(as_completed(futures), start=begun + 1):
                journal.append(future.result())
                on_progress(done, len(jobs))


def _header(space: str, recipe: AnyRecipe, fingerprint: Mapping[str, str]) -> dict[str, Any]:
    named = {"space": space, "recipe_digest": recipe.digest(), "recipe": recipe.document(), "repeats": recipe.repeats}
    return named | dict(fingerprint)


_make: Callable[[], Trainer]


def _start_worker(recipe: AnyRecipe, trainer: str, gpu: int | None) -> None:
    """Make a process a worker; its trainer is made with the first task, which can say what is wrong.

    An error here would only break the pool.
    """
    global _make
    _make = functools.cache(functools.partial(_made, recipe, trainer, gpu))


def _made(recipe: AnyRecipe, trainer: str, gpu: int | None) -> Trainer:
    module, name = trainer.split(":")
    make: Any = getattr(importlib.import_module(module), name)
    if gpu is None:
        return make(recipe)  # type: ignore[no-any-return]
    return make(recipe, f"cuda:{gpu}")  # type: ignore[no-any-return]


def _fingerprint() -> Mapping[str, str]:
    return _make().fingerprint()


def _rows(cell: Any, turn: int) -> list[dict[str, Any]]:
    return _make().rows(cell, turn)
