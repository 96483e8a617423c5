"""Train cells by one recipe: the seeds, the data and the rows of results that a table's builder writes down."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy
import sklearn
import torch

from backends.data.digits import load
from backends.networks.nasbench101 import count_parameters
from backends.standalone.cells import Cell
from backends.standalone.recipes import Recipe
from backends.standalone.training import Curve, skeleton, train
from harness.core.errors import SettingError


def training_seed(recipe: Recipe, cell: Cell, epochs: int, repeat: int) -> int:
    """Seed of one training, from these four alone: neither order nor number of workers can change a result."""
    name = f"{recipe.seed}|{cell.text}|{epochs}|{repeat}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big") >> 1


class CellTrainer:
    """Trains any cell by one recipe on its data, on one processor thread or a GPU."""

    def __init__(self, recipe: Recipe, device: str = "cpu") -> None:
        if recipe.dataset != "digits":
            raise SettingError(f"recipe data set {recipe.dataset!r} is unknown; known: 'digits'")
        torch.set_num_threads(1)
        self._recipe = recipe
        self._data = load(recipe.train_images, recipe.validation_images, noise=recipe.noise).to(torch.device(device))

    def fingerprint(self) -> Mapping[str, str]:
        """What results depend on besides recipe and cell: the data's digest and the library versions."""
        versions = {library.__name__: str(library.__version__) for library in (numpy, sklearn, torch)}
        return {"data_digest": self._data.digest()} | versions

    def rows(self, cell: Cell, epochs: int) -> list[dict[str, Any]]:
        """Train every repeat of one cell and budget; one self-explanatory row a repeat."""
        curves = self.curves(cell, epochs, range(self._recipe.repeats))
        parameters = count_parameters(cell.matrix, cell.operations, skeleton(self._recipe))
        return [_row(cell, repeat, curve, parameters) for repeat, curve in enumerate(curves)]

    def curves(self, cell: Cell, epochs: int, repeats: Sequence[int]) -> list[Curve]:
        """Train these repeats of one cell and budget, side by side."""
        seeds = [training_seed(self._recipe, cell, epochs, repeat) for repeat in repeats]
        return train(cell, self._recipe, self._data, epochs=epochs, seeds=seeds)


def _row(cell: Cell, repeat: int, curve: Curve, parameters: int) -> dict[str, Any]:
    named = {"adjacency": cell.adjacency, "operations": list(cell.operations), "repeat": repeat}
    return named | asdict(curve) | {"parameters": parameters}
