"""A training recipe: everything that decides what a stand-alone training does, apart from the cell."""

from collections.abc import Mapping
from dataclasses import dataclass

from backends.training.recipes.keys import Keyed
from harness.core.errors import SettingError

WORDS: Mapping[str, tuple[str, ...]] = {
    "optimiser": ("sgd", "rmsprop"),
    "schedule": ("warmup-cosine", "cosine-by-step"),
    "remainder": ("dropped", "carried"),
    "evaluation": ("all-images", "full-batches"),
    "budgets": ("separate", "continued"),
}
"""The words that these keys can have; the first one is the default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe(Keyed):
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
    train_images: int
    validation_images: int
    noise: float
    train_accuracy_images: int
    width: int
    stacks: int
    modules: int
    batch_norm_momentum: float
    epochs: tuple[int, ...]
    batch_size: int
    learning_rate: float
    warmup: float
    momentum: float
    weight_decay: float
    repeats: int
    seed: int
    crop: int = 0
    flip: bool = False
    cutout: int = 0
    optimiser: str = "sgd"
    schedule: str = "warmup-cosine"
    remainder: str = "dropped"
    evaluation: str = "all-images"
    evaluation_batch: int = 512
    budgets: str = "separate"
    attempts: int = 1

    def __post_init__(self) -> None:
        if min(self.epochs, default=0) < 2 or list(self.epochs) != sorted(set(self.epochs)):
            raise SettingError(f"recipe key 'epochs' must be ascending numbers from 2 up, not {list(self.epochs)}")
        self.require(WORDS, LEAST)
        if not 0 <= self.warmup < 1:
            raise SettingError(f"recipe key 'warmup' is {self.warmup}; expected a fraction from 0 to below 1")
        if self.schedule == "cosine-by-step" and self.warmup:
            raise SettingError(f"recipe key 'warmup' is {self.warmup}; the schedule 'cosine-by-step' has none: write 0")
        if self.batch_size > self.train_images:
            raise SettingError(
                f"recipe key 'batch_size' is {self.batch_size}, but there are only {self.train_images} train_images"
            )


LEAST: Mapping[str, int] = {
    "train_images": 1,
    "validation_images": 1,
    "train_accuracy_images": 1,
    "width": 1,
    "stacks": 1,
    "modules": 1,
    "batch_size": 1,
    "repeats": 1,
    "crop": 0,
    "cutout": 0,
    "evaluation_batch": 1,
    "attempts": 1,
}
"""The least value of each whole number but the seed."""
