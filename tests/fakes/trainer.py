"""Trainers that a worker starts quickly, since they import no torch."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

from backends.networks.cell_graphs import ArchitectureGraphs
from backends.training.recipes import LanguageRecipe, Recipe
from harness.core.errors import DataError


class FakeTrainer:
    """Trains nothing: the more 3x3 convolutions, the better; cells with a pool diverge in their last repeat."""

    def __init__(self, recipe: Recipe, device: str = "cpu") -> None:
        if recipe.dataset == "missing":
            raise DataError("the data set is not here; fetch it")
        self.repeats = recipe.repeats
        self.device = device if device == "cpu" else f"{device}:{os.environ['CUDA_VISIBLE_DEVICES']}"

    def fingerprint(self) -> dict[str, str]:
        return {"data_digest": "0"}

    def rows(self, cell: ArchitectureGraphs, epochs: int) -> list[dict[str, Any]]:
        named: dict[str, Any] = {"adjacency": cell.adjacency, "operations": list(cell.operations), "epochs": epochs}
        named["device"] = self.device
        return [
            named
            | {"repeat": repeat, "diverged": 2 in cell.operations and repeat == self.repeats - 1}
            | {"final": {"test_accuracy": 0.1 + 0.2 * cell.operations.count(0) + 0.1 * repeat}}
            for repeat in range(self.repeats)
        ]


class SlowTrainer(FakeTrainer):
    """Takes a while over each cell."""

    def rows(self, cell: ArchitectureGraphs, epochs: int) -> list[dict[str, Any]]:
        time.sleep(0.2)
        return super().rows(cell, epochs)


class KilledTrainer(FakeTrainer):
    """Its process is killed at the first cell with an operation, unless the working directory has a file ``mended``."""

    def rows(self, cell: ArchitectureGraphs, epochs: int) -> list[dict[str, Any]]:
        if cell.operations and not Path("mended").exists():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().rows(cell, epochs)


class FakeLanguageTrainer:
    """Trains nothing: perplexity falls by a fifth in the last epoch; cells with a relu diverge in their repeat 1."""

    def __init__(self, recipe: LanguageRecipe, device: str = "cpu") -> None:
        pass

    def fingerprint(self) -> dict[str, str]:
        return {"data_digest": "0"}

    def rows(self, architecture: str, repeat: int) -> list[dict[str, Any]]:
        first = 100.0 * len(architecture.split()) + repeat
        diverged = "relu" in architecture and repeat == 1
        course: dict[str, Any] = {"test_perplexity": [first, None if diverged else 0.8 * first], "diverged": diverged}
        return [{"architecture": architecture, "repeat": repeat, "epochs": [1, 2]} | course]
