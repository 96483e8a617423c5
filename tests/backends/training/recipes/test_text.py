"""Recipes for language models: the published one, what is refused, and what a digest stands for."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from backends.training.recipes import LanguageRecipe, load_language_recipe, load_recipe, recipe_path
from backends.training.recipes.files import known_recipes
from harness.core.errors import SettingError
from tests.backends.standalone.language import LITTLE, written
from tests.backends.standalone.recipe import TINY
from tests.backends.standalone.recipe import written as written_for_images


@pytest.mark.parametrize("name", sorted(name for name in known_recipes() if name.startswith("rnn")))
def test_every_recipe_of_recurrent_cells_loads(name: str) -> None:
    assert load_language_recipe(recipe_path(name)).dataset in ("ptb", "austen")


def test_the_published_recipe_is_that_of_darts() -> None:
    """Figures of quark0/darts, rnn/train.py, with the 1,000 epochs of Yu et al. 2020, Sec. 4.1."""
    recipe = load_language_recipe(recipe_path("rnn-ptb"))
    assert (recipe.dataset, recipe.vocabulary, recipe.train_tokens) == ("ptb", 0, 0)
    assert (recipe.width, recipe.init_range, recipe.restarts) == (850, 0.04, 0.0)
    assert (recipe.optimiser, recipe.learning_rate, recipe.clip, recipe.weight_decay) == (
        "averaged-sgd",
        20,
        0.25,
        8e-7,
    )
    assert (recipe.nonmono, recipe.schedule, recipe.warmup, recipe.epochs) == (5, "constant", 0, 1000)
    assert (recipe.batch_size, recipe.validation_batch, recipe.test_batch) == (64, 10, 1)
    assert (recipe.bptt, recipe.lengths, recipe.slowness, recipe.seed) == (35, "jittered", 1e-3, 1267)
    assert [getattr(recipe, name) for name in DROPOUTS] == [0.75, 0.25, 0.75, 0.2, 0.1]
    assert recipe.decoder == "float32"


def test_a_recipe_reads_back_as_it_was_written(tmp_path: Path) -> None:
    assert load_language_recipe(written(tmp_path, LITTLE)) == LITTLE


def test_a_recipe_of_the_other_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="of task 'language'; expected one of task 'image'"):
        load_recipe(written(tmp_path, LITTLE))
    with pytest.raises(SettingError, match="of task 'image'; expected one of task 'language'"):
        load_language_recipe(written_for_images(tmp_path, TINY))


DROPOUTS = ("dropout_output", "dropout_hidden", "dropout_inputs", "dropout_embedding", "dropout_words")
SIZES = ("width", "epochs", "batch_size", "validation_batch", "test_batch", "bptt", "nonmono", "repeats", "parts")

CHANGES: dict[str, object] = {
    "task": "image",
    "optimiser": "rmsprop",
    "schedule": "warm",
    "lengths": "random",
    "decoder": "float16",
    "clip": -1.0,
    "weight_decay": -1e-9,
    "slowness": float("inf"),
    "warmup": 1.0,
    "restarts": -0.1,
    "learning_rate": 0.0,
    "init_range": 0.0,
    **dict.fromkeys(DROPOUTS, 1.0),
    **dict.fromkeys(SIZES, 0),
    **dict.fromkeys(("vocabulary", "train_tokens"), -1),
}


@pytest.mark.parametrize(("key", "value"), CHANGES.items())
def test_a_wrong_value_is_refused_by_its_key(tmp_path: Path, key: str, value: object) -> None:
    path = written(tmp_path, LITTLE, **{key: value})
    with pytest.raises(SettingError, match=f"recipe {str(path)!r}: {key} cannot be {value!r}: ") as caught:
        load_language_recipe(path)
    assert "\n" not in str(caught.value)


def test_every_key_is_checked_by_its_type_and_most_by_their_value(tmp_path: Path) -> None:
    free = {"dataset", "seed"}
    assert {field.name for field in fields(LanguageRecipe)} == {*CHANGES, *free}
    with pytest.raises(SettingError, match="width cannot be 'wide'"):
        load_language_recipe(written(tmp_path, LITTLE, width="wide"))


def test_an_unknown_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="unknown key 'alpha'; known: task, dataset, width, "):
        load_language_recipe(written(tmp_path, LITTLE, alpha=1))


def test_a_digest_tells_recipes_apart_and_defaults_are_not_in_it() -> None:
    changed = [replace(LITTLE, **change) for change in ({"seed": 6}, {"clip": 0.3}, {"restarts": 0.1})]  # type: ignore[arg-type]
    assert len({LITTLE.digest(), *(recipe.digest() for recipe in changed)}) == 4
    assert not {"clip", "restarts", "weight_decay"} & LITTLE.document().keys()
    assert LITTLE.document()["task"] == "language"
