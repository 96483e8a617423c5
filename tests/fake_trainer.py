"""A trainer that a worker starts quickly, since it imports no torch."""

from __future__ import annotations

from typing import Any

from backends.standalone.cells import Cell
from backends.standalone.recipes import Recipe
from harness.core.errors import DataError


class FakeTrainer:
    """Trains nothing: the more 3x3 convolutions, the better; cells with a pool diverge in their last repeat."""

    def __init__(self, recipe: Recipe, device: str = "cpu") -> None:
        if recipe.dataset == "missing":
            raise DataError("the data set is not here; fetch it")
        self.repeats, self.device = recipe.repeats, device

    def fingerprint(self) -> dict[str, str]:
        return {"data_digest": "0"}

    def rows(self, cell: Cell, epochs: int) -> list[dict[str, Any]]:
        named: dict[str, Any] = {"adjacency": cell.adjacency, "operations": list(cell.operations), "epochs": epochs}
        named["device"] = self.device
        return [
            named
            | {"repeat": repeat, "diverged": 2 in cell.operations and repeat == self.repeats - 1}
            | {"final": {"test_accuracy": 0.1 + 0.2 * cell.operations.count(0) + 0.1 * repeat}}
            for repeat in range(self.repeats)
        ]
