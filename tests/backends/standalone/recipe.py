"""A recipe small enough to train cells within a test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import yaml

from backends.data.images import Images
from backends.standalone.cells import Cell
from backends.standalone.recipes import Recipe
from backends.standalone.training import Curve, Training

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

CELL = Cell.from_text("0111001000010000", "01")


def train(cell: Cell, recipe: Recipe, data: Images, *, epochs: int, seeds: Sequence[int]) -> list[Curve]:
    """Curves of trainings from the first step to the last."""
    return Training(cell, recipe, data, epochs=epochs, seeds=seeds).advance(epochs)


def accuracies(curves: Sequence[Curve]) -> list[tuple[float, ...]]:
    """All that a curve says but its seconds."""
    parts = [(curve.half, curve.final) for curve in curves]
    return [
        tuple(m for x in part for m in (x.train_accuracy, x.validation_accuracy, x.test_accuracy)) for part in parts
    ]


def written(folder: Path, recipe: Recipe, **changes: object) -> Path:
    """The recipe as a YAML file."""
    settings = asdict(recipe) | changes
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump({key: list(v) if isinstance(v, tuple) else v for key, v in settings.items()}))
    return path
