"""Recipes of shared weights: what ships, how a name becomes a recipe, and what a bad file is told."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from backends.training.recipes.files import full_name, load_supernet_recipe, recipe_names
from backends.training.recipes.images import ImageRecipe
from backends.training.recipes.text import TextRecipe, TextTraining
from harness.core.errors import SettingError, UnknownNameError

PROTOCOLS = ("bayesnas", "darts", "enas", "fairnas", "fbnet", "gdas", "nao", "spos")
GOOD = """
data: {dataset: digits, train_images: 100, validation_images: 40}
network: {width: 4, stacks: 1, modules: 1, batch_norm_momentum: 0.1}
training: {epochs: 2, batch_size: 20, learning_rate: 0.1, final_rate: 0, momentum: 0.9, weight_decay: 0, clip: 5}
evaluation: {quick_batch: 16, batch: 32, recalibration_images: 60}
"""


@pytest.mark.parametrize("family", ["cifar10", "digits"])
def test_every_protocol_is_there_in_every_family(family: str) -> None:
    assert {name.partition("/")[2] for name in recipe_names() if name.startswith(f"{family}/")} == set(PROTOCOLS)
    for protocol in PROTOCOLS:
        load_supernet_recipe(f"{family}/{protocol}")


@pytest.mark.parametrize("family", ["austen", "ptb-small", "ptb"])
def test_recurrent_cells_have_the_protocols_that_were_published_for_them(family: str) -> None:
    found = {name.partition("/")[2] for name in recipe_names() if name.startswith(f"{family}/")}
    assert found == {"spos", "enas", "nao", "darts"}
    for protocol in found:
        assert isinstance(load_supernet_recipe(f"{family}/{protocol}"), TextRecipe)


@pytest.mark.parametrize(
    ("protocol", "published"),
    [
        # quark0/darts, rnn/train_search.py
        ("darts", {"batch_size": 256, "learning_rate": 20, "clip": 0.25, "weight_decay": 5e-7, "epochs": 50}),
        # renqianluo/NAO, NAO-WS/rnn/train_search.sh
        ("nao", {"batch_size": 256, "learning_rate": 0.25, "clip": 10, "weight_decay": 5e-7, "epochs": 1000}),
        # google-research, enas_lm/src/child.py
        ("enas", {"batch_size": 128, "learning_rate": 20, "clip": 0.1, "weight_decay": 8e-7, "epochs": 600}),
    ],
)
def test_published_trainings_of_recurrent_cells(protocol: str, published: dict[str, float]) -> None:
    training = asdict(load_supernet_recipe(f"ptb/{protocol}").training)
    assert {key: training[key] for key in published} == published


def text_training(**keys: Any) -> TextTraining:
    needed = {"epochs": 10, "batch_size": 4, "bptt": 5, "learning_rate": 2.0, "clip": 1.0}
    return TextTraining(**needed | keys)


def test_rates_of_text_are_constant_or_fall_by_epochs_or_along_a_half_cosine() -> None:
    assert {text_training().rate(epochs) for epochs in (0, 3.5, 20)} == {2.0}
    decayed = text_training(schedule="decay", decay=0.5, decay_from=2, final_rate=0.3)
    assert [decayed.rate(epochs) for epochs in (0, 2.9, 3, 4.5, 5)] == [2.0, 2.0, 1.0, 0.5, 0.3]
    cosine = text_training(schedule="cosine", warmup=0.2)
    assert [cosine.rate(epochs) for epochs in (0, 1, 2, 6, 10, 12)] == pytest.approx([0, 1, 2, 1, 0, 0])


@pytest.mark.parametrize(
    ("protocol", "steps"),
    # steps an epoch as eval-nas runs them: 25,000 / 256, 25,000 / 64, 40,000 / 64, 45,000 / 256, 45,000 / 160
    [("spos", 98), ("fairnas", 98), ("darts", 391), ("fbnet", 625), ("nao", 176), ("enas", 282)],
)
def test_an_epoch_has_the_published_number_of_steps(protocol: str, steps: int) -> None:
    recipe = load_supernet_recipe(f"cifar10/{protocol}")
    assert isinstance(recipe, ImageRecipe)
    assert recipe.steps_per_epoch == steps


def test_a_family_leaves_the_protocol_to_the_policy() -> None:
    assert full_name("digits", "darts") == "digits/darts"
    assert full_name("cifar10/spos", "darts") == "cifar10/spos"
    assert full_name("my/own.yaml", "darts") == "my/own.yaml"


@pytest.mark.parametrize(("name", "hint"), [("digit", "'digits'"), ("digits/dart", "'digits/darts'")])
def test_a_typo_is_told_the_nearest_name(name: str, hint: str) -> None:
    with pytest.raises(UnknownNameError, match=f"did you mean {hint}"):
        full_name(name, "spos")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("width: 4", "width: 0", "network.width cannot be 0"),
        ("width: 4", "widht: 4", "unknown key 'network.widht'; did you mean 'width'"),
        ("width: 4, ", "", "key 'network.width' is missing"),
        ("width: 4", "width: true", "network.width cannot be True: expected a number"),
        ("learning_rate: 0.1", "learning_rate: -1e-1", "training.learning_rate cannot be -0.1: .* greater than 0"),
        ("clip: 5", "clip: .nan", "training.clip cannot be nan"),
        ("clip: 5", "clip: 5, clop: 6", "unknown key 'training.clop'; did you mean 'clip'"),
        ("batch_size: 20", "batch_size: 101", "training.batch_size cannot be 101: its split has 100 images"),
        ("quick_batch: 16", "quick_batch: 41", "evaluation.quick_batch cannot be 41"),
        ("data: {", "data: [", "not YAML"),
    ],
)
def test_a_bad_recipe_is_told_its_key(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD)
    load_supernet_recipe(str(path))
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(SettingError, match=told) as caught:
        load_supernet_recipe(str(path))
    assert "\n" not in str(caught.value)


def test_a_bad_recipe_of_text_is_told_its_key(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD.replace("data:", "task: language\ndata:"))
    with pytest.raises(SettingError, match=r"unknown key 'data\.train_images'"):
        load_supernet_recipe(str(path))


def test_a_run_knows_its_recipe_by_content(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD)
    digest = load_supernet_recipe(str(path)).digest()
    path.write_text(GOOD + "search: {epochs: 3}\n# a word\n")
    assert load_supernet_recipe(str(path), digest).search == {"epochs": 3}
    path.write_text(GOOD.replace("width: 4", "width: 5"))
    with pytest.raises(SettingError, match="no longer the one"):
        load_supernet_recipe(str(path), digest)


def test_a_recipe_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="cannot be read"):
        load_supernet_recipe(str(tmp_path / "none.yaml"))
