"""A training recipe: everything that decides what a stand-alone training does, apart from the cell."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from backends.training.recipes.recipe_part import (
    Fraction,
    Int,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveInt,
    Share,
    StandaloneRecipe,
    recipe_part,
)


def _ascending(epochs: tuple[int, ...]) -> tuple[int, ...]:
    if min(epochs, default=0) < 2 or list(epochs) != sorted(set(epochs)):
        raise ValueError("expected ascending numbers from 2 up")
    return epochs


@recipe_part
class Recipe(StandaloneRecipe):
    """One recipe; the keys with defaults came later, and their defaults mean what a recipe without them always meant.

    Data: `train_images` and `validation_images` (the rest is test), pixel `noise` in standard deviations. Training
    images are cut at random from the image in a margin of `crop` black pixels, mirrored half of the time with `flip`,
    and lose a square of side `cutout`.
    Network: `width`, `stacks`, `modules`, `batch_norm_momentum` as in `backends.networks.nasbench101.Skeleton`.
    Optimiser: `sgd` with Nesterov `momentum`, or TensorFlow's `rmsprop` (`backends.training.rmsprop`);
    `weight_decay` on every parameter, batches of `batch_size`. The images of an epoch that fill no batch are `dropped`,
    or `carried` over to the next one.
    Rate: with `warmup-cosine` it rises linearly to `learning_rate` over the fraction `warmup` of the steps and falls to
    0 along a half cosine; `cosine-by-step` falls from the start, the first step at rate 0 (NAS-Bench-101).
    Evaluation: in batches of `evaluation_batch`, without augmentation, of `all-images` of a split or those in
    `full-batches`; training accuracy is measured on the first `train_accuracy_images`.
    Budgets: each in `epochs` is a training of its own with its own schedule (`separate`), or a moment of one training
    with the schedule of the longest (`continued`). A training whose loss is not finite is begun again with another
    seed, `attempts` in all; the last one counts, alone.
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
    epochs: Annotated[tuple[Int, ...], AfterValidator(_ascending)]
    batch_size: PositiveInt
    learning_rate: NonNegativeFloat
    warmup: Fraction
    momentum: NonNegativeFloat
    weight_decay: NonNegativeFloat
    repeats: PositiveInt
    seed: Int
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
