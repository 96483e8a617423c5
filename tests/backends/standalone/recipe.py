"""A recipe small enough to train cells within a test."""

from __future__ import annotations

import math
import tempfile
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

import yaml

from backends.networks.cell_graphs import ArchitectureGraphs, CellGraph
from backends.training.recipes import Recipe

TINY = Recipe(
    dataset="digits",
    train_images=256,
    validation_images=200,
    noise=0.0,
    train_accuracy_images=100,
    width=4,
    stacks=2,
    modules=1,
    batch_norm_momentum=0.2,
    epochs=(2, 4),
    batch_size=32,
    learning_rate=0.1,
    warmup=0.25,
    momentum=0.9,
    weight_decay=1e-4,
    repeats=2,
    seed=7,
)


def graphs_of_text(adjacency: str, operations: str, family: str = "nasbench101") -> ArchitectureGraphs:
    """An architecture of one cell from its matrix row by row as a text of 0 and 1, and its operation ids as digits."""
    size = math.isqrt(len(adjacency))
    rows = (adjacency[start : start + size] for start in range(0, len(adjacency), size))
    matrix = tuple(tuple(map(int, row)) for row in rows)
    return ArchitectureGraphs(family, (CellGraph(matrix, tuple(map(int, operations))),))


CELL = graphs_of_text("0111001000010000", "01")


TINIEST = replace(
    TINY, train_images=64, validation_images=32, train_accuracy_images=32, stacks=1, epochs=(2,), repeats=1
)


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """A folder that lives as long as the tests."""
    return tempfile.TemporaryDirectory()


def written(folder: Path | None = None, recipe: Recipe = TINIEST, **changes: object) -> Path:
    """The recipe as a YAML file."""
    settings = asdict(recipe) | changes
    path = (folder or Path(_folder().name)) / "recipe.yaml"
    path.write_text(yaml.safe_dump({key: list(v) if isinstance(v, tuple) else v for key, v in settings.items()}))
    return path
