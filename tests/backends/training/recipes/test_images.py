"""Recipes: those that come with the project, what is refused, and what a digest stands for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from backends.data.known_datasets import image_dataset
from backends.tabular.named_tables import open_table
from backends.training.recipes import load_recipe, recipe_path
from backends.training.recipes.files import known_recipes
from harness.core.errors import SettingError, UnknownNameError
from harness.files.folders import ROOT
from tests.backends.standalone.recipe import TINY, written


@pytest.mark.parametrize("name", sorted(name for name in known_recipes() if not name.startswith("rnn")))
def test_every_recipe_that_comes_with_the_project_loads_and_fits_its_data(name: str) -> None:
    recipe = load_recipe(recipe_path(name))
    assert recipe.train_images + recipe.validation_images <= image_dataset(recipe.dataset).images


def test_recipes_lie_beside_the_tables_and_in_their_own_folder() -> None:
    assert {"nasbench101-v5-digits", "nasbench101-cifar10", "nasbench101-digits-continued"} <= known_recipes().keys()
    assert recipe_path("nasbench101-v5-digits") == ROOT / "tables" / "nasbench101-v5-digits.yaml"


def test_the_published_recipe_is_that_of_nasbench101() -> None:
    """Figures of nasbench/lib/config.py, model_builder.py and cifar.py."""
    recipe = load_recipe(recipe_path("nasbench101-cifar10"))
    assert (recipe.width, recipe.stacks, recipe.modules, recipe.batch_norm_momentum) == (128, 3, 3, 0.003)
    assert (recipe.optimiser, recipe.learning_rate, recipe.momentum, recipe.weight_decay) == ("rmsprop", 0.2, 0.9, 1e-4)
    assert (recipe.epochs, recipe.repeats, recipe.attempts) == ((4, 12, 36, 108), 3, 5)
    assert (recipe.train_images, recipe.validation_images, recipe.train_accuracy_images) == (40000, 10000, 10000)


def test_a_key_added_later_changes_no_digest_by_its_default() -> None:
    """The digest is the one that the builder wrote into the shipped table when recipes had 17 keys."""
    recipe = load_recipe(recipe_path("nasbench101-v5-digits"))
    assert recipe.digest() == open_table("nasbench101-v5-digits").provenance["recipe_digest"]
    assert len(recipe.document()) == 17


@pytest.mark.parametrize(
    "changes",
    [
        {"weight_decay": 2e-4},
        {"crop": 1},
        {"flip": True},
        {"cutout": 2},
        {"optimiser": "rmsprop"},
        {"schedule": "cosine-by-step", "warmup": 0.0},
        {"remainder": "carried"},
        {"evaluation": "full-batches"},
        {"evaluation_batch": 64},
        {"budgets": "continued"},
        {"attempts": 2},
    ],
)
def test_a_recipe_is_told_by_its_digest(changes: dict[str, object]) -> None:
    assert replace(TINY, **changes).digest() != TINY.digest()  # type: ignore[arg-type]


def test_a_recipe_reads_back_equal(tmp_path: Path) -> None:
    assert load_recipe(written(tmp_path, TINY)) == TINY
    assert load_recipe(written(tmp_path, TINY, flip=True)) == replace(TINY, flip=True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"widht": 4}, "unknown key 'widht'; did you mean 'width'"),
        ({"width": "wide"}, "width cannot be 'wide': .* valid integer"),
        ({"width": 4.5}, "width cannot be 4.5: .* valid integer"),
        ({"epochs": 4}, "epochs cannot be 4"),
        ({"epochs": [4, 2]}, "epochs cannot be .*4, 2.*: expected ascending numbers from 2 up"),
        ({"epochs": []}, "epochs cannot be .*: expected ascending numbers from 2 up"),
        ({"seed": True}, "seed cannot be True: expected a number"),
        ({"optimiser": "adam"}, "optimiser cannot be 'adam': .*'sgd' or 'rmsprop'"),
        ({"flip": 2}, "flip cannot be 2: .* valid boolean"),
        ({"attempts": 0}, "attempts cannot be 0: .* greater than 0"),
        ({"schedule": "cosine-by-step"}, "warmup cannot be 0.25"),
        ({"warmup": 1}, "warmup cannot be 1: .* less than 1"),
        ({"batch_size": 257}, "only 256 train_images"),
        ({"learning_rate": -0.1}, "learning_rate cannot be -0.1: .* greater than 0"),
        ({"learning_rate": float("nan")}, "learning_rate cannot be nan: .* finite number"),
        ({"learning_rate": 0}, "learning_rate cannot be 0: .* greater than 0"),
        ({"seed": -1}, "seed cannot be -1: .* greater than or equal to 0"),
        ({"momentum": 1.0}, "momentum cannot be 1.0: .* less than 1"),
        ({"width": 2**31}, "width cannot be 2147483648: .* less than or equal to 2147483647"),
        ({"noise": -1}, "noise cannot be -1: .* greater than or equal to 0"),
        ({"momentum": float("inf")}, "momentum cannot be inf: .* finite number"),
        ({"weight_decay": -1e-4}, "weight_decay cannot be -0.0001: .* greater than or equal to 0"),
        ({"batch_norm_momentum": 1.5}, "batch_norm_momentum cannot be 1.5: .* less than or equal to 1"),
    ],
)
def test_a_wrong_recipe_is_named(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    path = written(tmp_path, TINY, **changes)
    with pytest.raises(SettingError, match=f"recipe {str(path)!r}: .*{message}") as caught:
        load_recipe(path)
    assert "\n" not in str(caught.value)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    path = tmp_path / "short.yaml"
    path.write_text("dataset: digits\n")
    with pytest.raises(SettingError, match="key 'train_images' is missing"):
        load_recipe(path)


def test_an_unknown_recipe_is_named() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'nasbench101-v5-digits'"):
        recipe_path("nasbench101-v5-digit")
