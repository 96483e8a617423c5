"""Steps and learning rates."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from backends.standalone.schedule import learning_rate, steps_in
from backends.training.recipes import load_recipe, recipe_path
from tests.backends.standalone.recipe import TINY

PUBLISHED = load_recipe(recipe_path("nasbench101-cifar10"))


def test_the_rate_rises_to_its_peak_and_ends_at_zero() -> None:
    rates = [learning_rate(TINY, step, 8) for step in range(8)]
    assert rates[0] == pytest.approx(0.05)
    assert rates[1] == pytest.approx(0.1)
    assert rates[4] == pytest.approx(0.05)
    assert rates[7] == pytest.approx(0.0)


def test_the_published_rate_is_zero_at_step_0_and_half_a_cosine_from_step_1() -> None:
    """Nasbench/lib/model_builder.py: 0.5 base (1 + cos(pi step / total)), and 0 at step 0; base is 0.2."""
    steps = 16875
    assert learning_rate(PUBLISHED, 0, steps) == 0
    assert learning_rate(PUBLISHED, 1, steps) == pytest.approx(0.1 * (1 + math.cos(math.pi / steps)), rel=1e-12)
    assert learning_rate(PUBLISHED, 5625, steps) == pytest.approx(0.15)
    assert learning_rate(PUBLISHED, 8437, steps) == pytest.approx(0.1, rel=1e-4)
    assert 0 < learning_rate(PUBLISHED, steps - 1, steps) < 2e-8


@pytest.mark.parametrize(("epochs", "steps"), [(2, 312), (4, 625), (12, 1875), (36, 5625), (54, 8437), (108, 16875)])
def test_published_steps_are_the_whole_part_of_epochs_times_40000_over_256(epochs: int, steps: int) -> None:
    assert steps_in(PUBLISHED, epochs) == steps == int(epochs * 40000 / 256)


def test_dropped_images_make_no_step() -> None:
    assert steps_in(replace(TINY, train_images=250), 3) == 21
    assert steps_in(replace(TINY, train_images=250, remainder="carried"), 3) == 23
