"""Trains cells on images by one recipe: chooses seeds, loads the data and returns rows of results for a table."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy
import sklearn
import torch

from backends.data import datasets
from backends.networks.cell_graphs import ArchitectureGraphs
from backends.standalone.checkpoints import INTERVAL, TrainingCheckpoint
from backends.standalone.networks import parameters_of
from backends.standalone.recipe_trainer import RecipeTrainer, seed_of
from backends.standalone.training import CellTraining, TrainingCurve, skeleton
from backends.training.devices import memory_guard, resolve_device
from backends.training.recipes import Recipe
from harness.core.errors import SettingError


def training_seed(recipe: Recipe, cell: ArchitectureGraphs, epochs: int, repeat: int, attempt: int = 0) -> int:
    """The seed of a training, from these arguments alone: order and number of workers change no result."""
    name = f"{recipe.seed}|{cell.text}|{epochs}|{repeat}" + (f"|{attempt}" if attempt else "")
    return seed_of(name)


class CellTrainer(RecipeTrainer):
    """Trains any cell on images.

    A training's checkpoint is deleted at its end; with continued budgets it is kept for the longer budgets until the
    end of the longest one. `seeding` returns a training's seed for recipe, cell, epochs, repeat and attempt.
    """

    libraries = (numpy, sklearn, torch)

    def __init__(
        self,
        recipe: Recipe,
        device: str = "cpu",
        *,
        verify: bool = True,
        checkpoints: Path | None = None,
        interval: float = INTERVAL,
        seeding: Callable[[Recipe, ArchitectureGraphs, int, int, int], int] = training_seed,
    ) -> None:
        target = resolve_device(device)
        images = datasets.load(
            recipe.dataset,
            train_images=recipe.train_images,
            validation_images=recipe.validation_images,
            noise=recipe.noise,
            verify=verify,
        )
        _require_enough(recipe, len(images.test))
        self._recipe, self._seeding, self._data = recipe, seeding, images.to(target)
        super().__init__(recipe, self._data, checkpoints, interval)

    def rows(self, cell: ArchitectureGraphs, epochs: int) -> list[dict[str, Any]]:
        """Train all repeats of one cell at one budget; returns one self-explanatory row for each repeat."""
        curves = self.curves(cell, epochs, range(self._recipe.repeats))
        parameters = parameters_of(cell, skeleton(self._recipe, self._data))
        return [_row(cell, repeat, curve, parameters) for repeat, curve in enumerate(curves)]

    def curves(self, cell: ArchitectureGraphs, epochs: int, repeats: Sequence[int]) -> list[TrainingCurve]:
        """Train these repeats of a cell at one budget together; diverged ones start again as the recipe says.

        Raises ResourceError if a GPU's memory is too small.
        """
        curves: dict[int, TrainingCurve] = {}
        checkpoints, left = list[TrainingCheckpoint](), list(repeats)
        for attempt in range(self._recipe.attempts):
            seeds = [self._seeding(self._recipe, cell, self._schedule(epochs), n, attempt) for n in left]
            checkpoints.append(self.checkpoint(cell.text, self._schedule(epochs), seeds))
            with memory_guard("batch_size or width of the recipe"):
                trained = self._train(cell, epochs, seeds, checkpoints[-1])
            curves.update(zip(left, trained, strict=True))
            left = [repeat for repeat in left if curves[repeat].diverged]
            if not left:
                break
        if epochs == self._schedule(epochs):
            for checkpoint in checkpoints:
                checkpoint.remove()
        return [curves[repeat] for repeat in repeats]

    def _train(
        self, cell: ArchitectureGraphs, epochs: int, seeds: Sequence[int], checkpoint: TrainingCheckpoint
    ) -> list[TrainingCurve]:
        training = CellTraining(cell, self._recipe, self._data, epochs=self._schedule(epochs), seeds=seeds)
        state = checkpoint.read()
        if state is not None:
            training.load_state_dict(state)
        begun = training.step
        curves = training.advance(epochs, checkpoint)
        again = self._recipe.attempts > 1 and any(curve.diverged for curve in curves)
        if training.step > begun and (again or epochs < training.epochs):
            checkpoint.write(training.state_dict())
        return curves

    def _schedule(self, epochs: int) -> int:
        """The number of epochs of the training that has `epochs` as a budget."""
        return max(self._recipe.epochs) if self._recipe.budgets == "continued" else epochs


def _require_enough(recipe: Recipe, test_images: int) -> None:
    least = min(recipe.train_accuracy_images, recipe.validation_images, test_images)
    if recipe.evaluation == "full-batches" and recipe.evaluation_batch > least:
        raise SettingError(
            f"recipe key 'evaluation_batch' is {recipe.evaluation_batch}, but a split has only {least} images to"
            f" evaluate, no full batch; lower it, or evaluate 'all-images'"
        )


def _row(cell: ArchitectureGraphs, repeat: int, curve: TrainingCurve, parameters: int) -> dict[str, Any]:
    named = {"adjacency": cell.adjacency, "operations": list(cell.operations), "repeat": repeat}
    return named | asdict(curve) | {"parameters": parameters}
