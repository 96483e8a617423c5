"""Build a table by training every cell of a space: a resumable job over worker processes.

The trainer is named as a text `module:object` and imported in the workers alone, so that this module needs no torch.
"""

import functools
import importlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import as_completed
from pathlib import Path
from typing import Any, Protocol

from backends.progress import Progress, silent
from backends.standalone.cells import Cell
from backends.standalone.recipes import Recipe
from backends.tabular.journal import Group, Journal
from backends.workers import pool

TRAINER = "backends.standalone.cell_trainer:CellTrainer"


class Trainer(Protocol):
    """What a worker makes of a recipe."""

    def fingerprint(self) -> Mapping[str, str]:
        """What results depend on besides recipe and cell; has the key `data_digest`."""
        ...

    def rows(self, cell: Cell, epochs: int) -> list[dict[str, Any]]:
        """Results of all repeats of one cell and budget."""
        ...


def build(
    space: str,
    cells: Sequence[Cell],
    recipe: Recipe,
    journal_path: Path,
    *,
    workers: int,
    gpus: Sequence[int] = (),
    on_progress: Progress = silent,
    trainer: str = TRAINER,
) -> None:
    """Train every cell at every budget of the recipe, and append the results to the journal.

    Workers train on the CPU, or on `gpus` in turn. Progress is in groups: a cell at a budget. Safe to kill at any time:
    the next call with the same arguments goes on with what is missing. Raises `TableError` when the journal was begun
    with another space, recipe or data, and `HarnessError` when a worker was killed.
    """
    with pool(workers, gpus, _enter, recipe, trainer) as started:
        header = _header(space, recipe, started.submit(_fingerprint).result())
        with Journal(journal_path, header) as journal:
            total = len(cells) * len(recipe.epochs)
            missing = [(cell, n) for cell in cells for n in recipe.epochs if _group(cell, n) not in journal.done]
            begun = total - len(missing)
            on_progress(begun, total)
            futures = [started.submit(_rows, cell, epochs) for cell, epochs in missing]
            for done, future in enumerate(as_completed(futures), start=begun + 1):
                journal.append(future.result())
                on_progress(done, total)


def _group(cell: Cell, epochs: int) -> Group:
    return cell.adjacency, cell.operations, epochs


def _header(space: str, recipe: Recipe, fingerprint: Mapping[str, str]) -> dict[str, Any]:
    named = {"space": space, "recipe_digest": recipe.digest(), "recipe": recipe.document(), "repeats": recipe.repeats}
    return named | dict(fingerprint)


_make: Callable[[], Trainer]


def _enter(recipe: Recipe, trainer: str, gpu: int | None) -> None:
    """Make a process a worker; its trainer is made with the first task, which can say what is wrong.

    An error here would only break the pool.
    """
    global _make
    _make = functools.cache(functools.partial(_made, recipe, trainer, gpu))


def _made(recipe: Recipe, trainer: str, gpu: int | None) -> Trainer:
    module, name = trainer.split(":")
    make: Any = getattr(importlib.import_module(module), name)
    if gpu is None:
        return make(recipe)  # type: ignore[no-any-return]
    return make(recipe, f"cuda:{gpu}")  # type: ignore[no-any-return]


def _fingerprint() -> Mapping[str, str]:
    return _make().fingerprint()


def _rows(cell: Cell, epochs: int) -> list[dict[str, Any]]:
    return _make().rows(cell, epochs)
