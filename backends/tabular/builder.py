"""Build a table by training every cell of a space: a resumable job over worker processes.

The trainer is named as a text `module:object` and imported in the workers alone, so that this module needs no torch.
"""

import functools
import importlib
import multiprocessing
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any, Protocol

from backends.standalone.cells import Cell
from backends.standalone.recipes import Recipe
from backends.tabular.journal import Group, Journal

TRAINER = "backends.standalone.cell_trainer:CellTrainer"

Progress = Callable[[int, int], None]
"""Called with the number of finished groups (a cell and a budget) and the number of all groups."""


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
    on_progress: Progress = lambda done, total: None,
    trainer: str = TRAINER,
) -> None:
    """Train every cell at every budget of the recipe, and append the results to the journal.

    Workers train on the CPU, or on `gpus` in turn. Safe to kill at any time: the next call with the same arguments goes
    on with what is missing. Raises `TableError` when the journal was begun with another space, recipe or data.
    """
    with _pool(workers, recipe, trainer, gpus) as pool:
        header = _header(space, recipe, pool.submit(_fingerprint).result())
        with Journal(journal_path, header) as journal:
            total = len(cells) * len(recipe.epochs)
            missing = [(cell, n) for cell in cells for n in recipe.epochs if _group(cell, n) not in journal.done]
            begun = total - len(missing)
            on_progress(begun, total)
            futures = [pool.submit(_rows, cell, epochs) for cell, epochs in missing]
            for done, future in enumerate(as_completed(futures), start=begun + 1):
                journal.append(future.result())
                on_progress(done, total)


def _group(cell: Cell, epochs: int) -> Group:
    return cell.adjacency, cell.operations, epochs


def _header(space: str, recipe: Recipe, fingerprint: Mapping[str, str]) -> dict[str, Any]:
    named = {"space": space, "recipe_digest": recipe.digest(), "recipe": recipe.document(), "repeats": recipe.repeats}
    return named | dict(fingerprint)


def _pool(workers: int, recipe: Recipe, trainer: str, gpus: Sequence[int]) -> ProcessPoolExecutor:
    # Forking a process whose libraries have started threads can deadlock.
    context = multiprocessing.get_context("spawn")
    turns = context.Queue()
    for worker in range(workers):
        turns.put(gpus[worker % len(gpus)] if gpus else None)
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(recipe, trainer, turns))


_make: Callable[[], Trainer]


def _start(recipe: Recipe, trainer: str, turns: Any) -> None:
    """Prepare a worker process: its trainer, and its end when the parent is killed.

    The trainer is made with the first task, which can say what is wrong; an error here would only break the pool.
    """
    global _make
    threading.Thread(target=_exit_with_parent, daemon=True).start()
    _make = functools.cache(functools.partial(_made, recipe, trainer, turns.get()))


def _made(recipe: Recipe, trainer: str, gpu: int | None) -> Trainer:
    module, name = trainer.split(":")
    make: Any = getattr(importlib.import_module(module), name)
    if gpu is None:
        return make(recipe)  # type: ignore[no-any-return]
    return make(recipe, f"cuda:{gpu}")  # type: ignore[no-any-return]


def _exit_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)


def _fingerprint() -> Mapping[str, str]:
    return _make().fingerprint()


def _rows(cell: Cell, epochs: int) -> list[dict[str, Any]]:
    return _make().rows(cell, epochs)
