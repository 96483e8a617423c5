"""Recipes for images: for stand-alone training, and for shared weights."""

from __future__ import annotations

import math
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from backends.training.recipes.recipe_part import (
    AnyPositive,
    Fraction,
    NonNegativeFloat,
    NonNegativeInt,
    OptimizerSettings,
    PositiveFloat,
    PositiveInt,
    Share,
    SharedRecipe,
    StandaloneRecipe,
    recipe_part,
)


def _ascending(epochs: tuple[int, ...]) -> tuple[int, ...]:
    if min(epochs, default=0) < 2 or list(epochs) != sorted(set(epochs)):
        raise ValueError("expected ascending numbers from 2 up")
    return epochs


@recipe_part
class Recipe(StandaloneRecipe):
    """A stand-alone recipe for images; newer keys have defaults that keep the meaning of older recipes.

    Data: `train_images` and `validation_images` (the rest is for testing), pixel `noise` in standard deviations. A
    training image is a random window of the image with a margin of `crop` black pixels, mirrored with probability 1/2
    if `flip` is true, and loses a square of side `cutout`.
    Network: `width`, `stacks`, `modules`, `batch_norm_momentum` as in `backends.networks.nasbench101.Skeleton`.
    Optimiser: `sgd` with Nesterov `momentum`, or TensorFlow's `rmsprop` (`backends.training.rmsprop`); `weight_decay`
    of every parameter, batches of `batch_size`. The images of an epoch that do not fill a batch are `dropped`, or
    `carried` over to the next epoch.
    Learning rate: `warmup-cosine` rises linearly to `learning_rate` over the fraction `warmup` of the steps and falls
    to 0 along a half cosine; `cosine-by-step` falls from the start, with rate 0 in the first step (NAS-Bench-101).
    Evaluation: in batches of `evaluation_batch`, without augmentation, on `all-images` of a split or on its
    `full-batches` alone; training accuracy is measured on the first `train_accuracy_images`.
    Budgets: each of the `epochs` is a training with its own schedule (`separate`), or a part of one training with the
    schedule of the longest (`continued`). If a loss is not finite, the training starts again with another seed, up to
    `attempts` trainings in all; only the last one counts.
    """

    dataset: str
    train_images: PositiveInt
    validation_images: PositiveInt
    noise: NonNegativeFloat
    train_accuracy_images: PositiveInt
    width: PositiveInt
    stacks: PositiveInt
    modules: PositiveInt
    batch_norm_momentum: Share
    epochs: Annotated[tuple[NonNegativeInt, ...], AfterValidator(_ascending)]
    batch_size: PositiveInt
    learning_rate: PositiveFloat
    warmup: Fraction
    momentum: Fraction
    weight_decay: NonNegativeFloat
    repeats: PositiveInt
    seed: NonNegativeInt
    crop: NonNegativeInt = 0
    flip: bool = False
    cutout: NonNegativeInt = 0
    optimiser: Literal["sgd", "rmsprop"] = "sgd"
    schedule: Literal["warmup-cosine", "cosine-by-step"] = "warmup-cosine"
    remainder: Literal["dropped", "carried"] = "dropped"
    evaluation: Literal["all-images", "full-batches"] = "all-images"
    evaluation_batch: PositiveInt = 512
    budgets: Literal["separate", "continued"] = "separate"
    attempts: PositiveInt = 1

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.schedule == "cosine-by-step" and self.warmup:
            raise ValueError(f"warmup cannot be {self.warmup}: the schedule 'cosine-by-step' has none; write 0")
        if self.batch_size > self.train_images:
            raise ValueError(f"batch_size cannot be {self.batch_size}: there are only {self.train_images} train_images")
        return self


@recipe_part
class ImageData:
    """The data set and its splits in its own order (the rest is for testing); ``noise`` in standard deviations."""

    dataset: str
    train_images: PositiveInt
    validation_images: PositiveInt
    noise: NonNegativeFloat = 0.0
    crop: NonNegativeInt = 0
    flip: bool = False
    cutout: NonNegativeInt = 0


@recipe_part
class ImageNetwork:
    """The sizes of the network around the cells, as in ``backends.networks.nasbench101.Skeleton``."""

    width: PositiveInt
    stacks: PositiveInt
    modules: PositiveInt
    batch_norm_momentum: Share


@recipe_part
class ImageTraining:
    """SGD: the rate falls from ``learning_rate`` to ``final_rate`` along a half cosine over ``epochs``, epoch by epoch.

    ``weight_decay`` applies to every weight, even if a step does not use it; ``clip`` is the largest norm of gradients.
    """

    epochs: PositiveInt
    batch_size: PositiveInt
    learning_rate: PositiveFloat
    final_rate: NonNegativeFloat
    momentum: Fraction
    weight_decay: NonNegativeFloat
    clip: AnyPositive


@recipe_part
class ImageEvaluation:
    """Batch sizes: ``quick_batch`` for a Gradient and a small batch of a Score, ``batch`` for a Score on all images.

    Before a Score, ``recalibration_images`` of the training split set the statistics of batch normalisation.
    """

    quick_batch: PositiveInt
    batch: PositiveInt
    recalibration_images: PositiveInt


@recipe_part
class ImageRecipe(SharedRecipe):
    """A recipe of shared weights for images."""

    data: ImageData
    network: ImageNetwork
    training: ImageTraining
    evaluation: ImageEvaluation

    @property
    def steps_per_epoch(self) -> int:
        """The number of batches of the training split; the last one may be smaller."""
        return math.ceil(self.data.train_images / self.training.batch_size)

    @property
    def optimizer_settings(self) -> OptimizerSettings:
        """The settings of the optimiser."""
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
