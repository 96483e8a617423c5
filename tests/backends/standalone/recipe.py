"""A recipe small enough to train cells within a test."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import yaml

from backends.standalone.cells import CellGraph
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

CELL = CellGraph.from_text("0111001000010000", "01")


def written(folder: Path, recipe: Recipe, **changes: object) -> Path:
    """The recipe as a YAML file."""
    settings = asdict(recipe) | changes
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump({key: list(v) if isinstance(v, tuple) else v for key, v in settings.items()}))
    return path
