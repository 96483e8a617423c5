"""Recipes for shared weights that classify images."""

from __future__ import annotations

import math
from typing import Self

from pydantic import model_validator

from backends.training.recipes.optimizer_settings import OptimizerSettings
from backends.training.recipes.recipe_part import (
    AnyPositive,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    Share,
    SharedRecipe,
    recipe_part,
)


@recipe_part
class ImageData:
    """The data set and its splits in its own order, the rest being test; ``noise`` in standard deviations."""

    dataset: str
    train_images: PositiveInt
    validation_images: PositiveInt
    noise: NonNegativeFloat = 0.0
    crop: NonNegativeInt = 0
    flip: bool = False
    cutout: NonNegativeInt = 0


@recipe_part
class ImageNetwork:
    """The sizes around the cells, as in ``backends.networks.nasbench101.Skeleton``."""

    width: PositiveInt
    stacks: PositiveInt
    modules: PositiveInt
    batch_norm_momentum: Share


@recipe_part
class ImageTraining:
    """SGD: the rate falls from ``learning_rate`` to ``final_rate`` along a half cosine over ``epochs``, epoch by epoch.

    ``weight_decay`` applies to every weight, used in a step or not; gradients are clipped to the norm ``clip``.
    """

    epochs: PositiveInt
    batch_size: PositiveInt
    learning_rate: NonNegativeFloat
    final_rate: NonNegativeFloat
    momentum: NonNegativeFloat
    weight_decay: NonNegativeFloat
    clip: AnyPositive


@recipe_part
class ImageEvaluation:
    """``quick_batch`` images make the batch of a Gradient and of a quick Score, ``batch`` those of a whole Score.

    ``recalibration_images`` of the training split set the statistics of batch normalisation before a Score.
    """

    quick_batch: PositiveInt
    batch: PositiveInt
    recalibration_images: PositiveInt


@recipe_part
class ImageRecipe(SharedRecipe):
    """One recipe of images."""

    data: ImageData
    network: ImageNetwork
    training: ImageTraining
    evaluation: ImageEvaluation

    @property
    def steps_per_epoch(self) -> int:
        """Batches of the training split; the last one may be smaller."""
        return math.ceil(self.data.train_images / self.training.batch_size)

    @property
    def optimizer_settings(self) -> OptimizerSettings:
        """How the weights move."""
        part = self.training
        return OptimizerSettings(momentum=part.momentum, weight_decay=part.weight_decay, clip=part.clip)

    def rate(self, step: int) -> float:
        """The learning rate of a step."""
        part = self.training
        progress = min(step // self.steps_per_epoch / part.epochs, 1.0)
        return part.final_rate + (part.learning_rate - part.final_rate) * 0.5 * (1 + math.cos(math.pi * progress))

    @model_validator(mode="after")
    def _fits(self) -> Self:
        data, sizes = self.data, self.evaluation
        pairs = {
            "training.batch_size": (self.training.batch_size, data.train_images),
            "evaluation.quick_batch": (sizes.quick_batch, data.validation_images),
            "evaluation.recalibration_images": (sizes.recalibration_images, data.train_images),
        }
        for key, (size, images) in pairs.items():
            if size > images:
                raise ValueError(f"{key} cannot be {size}: its split has {images} images")
        return self
