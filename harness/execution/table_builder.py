"""Build a table by training every cell of a space: a resumable job over worker processes.

The trainer is named as a text `module:object` and imported in the workers alone, so that this module needs no torch.
"""

import functools
import importlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import as_completed
from pathlib import Path
from typing import Any, Protocol

from backends.standalone.cells import CellGraph
from backends.tabular.journal import Journal, JournalGroup
from backends.training.recipes import LanguageRecipe, Recipe
from harness.core.progress import ProgressCallback, silent
from harness.execution.worker_processes import worker_pool

TRAINER = "backends.standalone.cell_trainer:CellTrainer"
LANGUAGE_TRAINER = "backends.standalone.language_trainer:LanguageTrainer"


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
    cells: Sequence[CellGraph],
    recipe: Recipe,
    journal_path: Path,
    *,
    workers: int,
    gpus: Sequence[int] = (),
    on_progress: ProgressCallback = silent,
    trainer: str = TRAINER,
) -> None:
    """Train every cell at every budget of the recipe, and append the results to the journal.

    Workers train on the CPU, or on `gpus` in turn. Progress is in groups: a cell at a budget. Safe to kill at any time:
    the next call with the same arguments goes on with what is missing. Raises `TableError` when the journal was begun
    with another space, recipe or data, and `HarnessError` when a worker was killed.
    """
    jobs: dict[JournalGroup, TrainingJob] = {
        (cell.adjacency, cell.operations, n): (cell, n) for cell in cells for n in recipe.epochs
    }
    _build(space, jobs, recipe, journal_path, workers=workers, gpus=gpus, on_progress=on_progress, trainer=trainer)


def build_learning_curves(
    space: str,
    architectures: Sequence[str],
    recipe: LanguageRecipe,
    journal_path: Path,
    *,
    workers: int,
    gpus: Sequence[int] = (),
    on_progress: ProgressCallback = silent,
    trainer: str = LANGUAGE_TRAINER,
) -> None:
    """The same for recurrent cells, named as in their space; a row is the course of one training.

    The first repeat of every cell comes first, then the second: a journal that is not whole yet is still balanced.
    """
    jobs: dict[JournalGroup, TrainingJob] = {
        (text, n): (text, n) for n in range(recipe.repeats) for text in architectures
    }
    _build(space, jobs, recipe, journal_path, workers=workers, gpus=gpus, on_progress=on_progress, trainer=trainer)


TrainingJob = tuple[CellGraph | str, int]
"""What a trainer's `rows` takes."""


def _build(
    space: str,
    jobs: Mapping[JournalGroup, TrainingJob],
    recipe: AnyRecipe,
    journal_path: Path,
    *,
    workers: int,
    gpus: Sequence[int],
    on_progress: ProgressCallback,
    trainer: str,
) -> None:
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


def _rows(cell: CellGraph | str, turn: int) -> list[dict[str, Any]]:
    return _make().rows(cell, turn)
