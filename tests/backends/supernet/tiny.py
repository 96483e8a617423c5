"""A recipe that trains in milliseconds, and a supernet by it in double precision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
import yaml

from backends.data.digits import load
from backends.data.images import Images, Split
from backends.networks.nasbench101 import Skeleton
from backends.networks.nasbench101_points import CellPoint, NASBench101Cells
from backends.supernet.batches import ImageBatches
from backends.supernet.image_task import ImageTask
from backends.supernet.weights import SharedWeights
from backends.training.recipes.images import (
    ImageData,
    ImageEvaluation,
    ImageNetwork,
    ImageRecipe,
    ImageTraining,
)
from harness.core.oracle import Answer, Scored
from harness.core.random import stream
from harness.core.space import Architecture, SearchSpace
from harness.spaces.nasbench101 import NASBench101

TINY = ImageRecipe(
    data=ImageData(dataset="digits", train_images=100, validation_images=40),
    network=ImageNetwork(width=5, stacks=2, modules=1, batch_norm_momentum=0.1),
    training=ImageTraining(
        epochs=5, batch_size=24, learning_rate=0.1, final_rate=0.01, momentum=0.9, weight_decay=1e-3, clip=1.0
    ),
    evaluation=ImageEvaluation(quick_batch=16, batch=32, recalibration_images=60),
)


def written(folder: Path, **training: Any) -> str:
    """The path of the recipe as a file, with some keys of its training changed."""
    content = asdict(TINY)
    content["training"] |= training
    path = folder / "tiny.yaml"
    path.write_text(yaml.safe_dump(content))
    return str(path)


def drawn(space: SearchSpace, count: int) -> list[Architecture]:
    """Some architectures of a space."""
    rng = stream(1, "cells")
    return [space.sample(rng) for _ in range(count)]


def values(answers: Sequence[Answer]) -> list[float]:
    """The values of Scores of which none has failed."""
    assert all(isinstance(answer, Scored) for answer in answers)
    return [answer.value for answer in answers if isinstance(answer, Scored)]


def double(split: Split) -> Split:
    return Split(split.images.double(), split.labels)


class Tiny:
    """Shared weights of nasbench101-v4 in double precision, with all that they are made of."""

    def __init__(self, seed: int = 3, recipe: ImageRecipe = TINY, **settings: str) -> None:
        found = load(recipe.data.train_images, recipe.data.validation_images)
        self.data = DoubleImages(
            found.name, *map(double, (found.train, found.validation, found.test)), found.mean, found.std, found.classes
        )
        self.space = NASBench101(vertices=4)
        part = recipe.network
        skeleton = Skeleton(
            width=part.width, stacks=part.stacks, modules=part.modules, image_channels=1, batch_norm_momentum=0.1
        )
        self.cells = NASBench101Cells(self.space, skeleton, seed, torch.device("cpu"))
        self.cells.module.double()
        self.batches = ImageBatches(self.data, self.data.validation, recipe, seed)
        self.task = ImageTask(self.cells, self.batches, recipe, seed, **settings)  # type: ignore[arg-type]
        self.weights: SharedWeights[CellPoint] = SharedWeights(self.task, recipe.optimizer_settings)


class DoubleImages(Images):
    """Images that stay in double precision."""

    __slots__ = ()

    def standardised(self, images: torch.Tensor) -> torch.Tensor:
        return images.double()
