"""The number of steps of a training, and the learning rate of each step."""

import math

from backends.training.recipes import Recipe


def steps_in(recipe: Recipe, epochs: int) -> int:
    """Steps until the end of `epochs`; images carried over to later epochs count (NAS-Bench-101: int(epochs n / b))."""
    if recipe.remainder == "carried":
        return epochs * recipe.train_images // recipe.batch_size
    return epochs * (recipe.train_images // recipe.batch_size)


def learning_rate(recipe: Recipe, step: int, steps: int) -> float:
    """The learning rate of `step`, counted from 0, in a schedule of `steps` steps."""
    if recipe.schedule == "cosine-by-step":
        # Step 0 moves nothing but running averages (nasbench/lib/model_builder.py).
        return _half_cosine(recipe.learning_rate, step / steps) if step else 0.0
    progress = (step + 1) / steps
    if progress < recipe.warmup:
        return recipe.learning_rate * progress / recipe.warmup
    return _half_cosine(recipe.learning_rate, (progress - recipe.warmup) / (1 - recipe.warmup))


def _half_cosine(peak: float, progress: float) -> float:
    return peak * 0.5 * (1 + math.cos(math.pi * progress))
