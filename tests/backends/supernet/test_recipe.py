"""Recipes of shared weights: what ships, how a name becomes a recipe, and what a bad file is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from backends.supernet.recipe import full_name, load_recipe, names
from harness.core.errors import SettingError, UnknownNameError

PROTOCOLS = ("bayesnas", "darts", "enas", "fairnas", "fbnet", "nao", "spos")
GOOD = """
data: {dataset: digits, train_images: 100, validation_images: 40}
network: {width: 4, stacks: 1, modules: 1, batch_norm_momentum: 0.1}
training: {epochs: 2, batch_size: 20, learning_rate: 0.1, final_rate: 0, momentum: 0.9, weight_decay: 0, clip: 5}
evaluation: {quick_batch: 16, batch: 32, recalibration_images: 60}
"""


@pytest.mark.parametrize("family", ["cifar10", "digits"])
def test_every_protocol_is_there_in_every_family(family: str) -> None:
    assert {name.partition("/")[2] for name in names() if name.startswith(f"{family}/")} == set(PROTOCOLS)
    for protocol in PROTOCOLS:
        load_recipe(f"{family}/{protocol}")


@pytest.mark.parametrize(
    ("protocol", "steps"),
    # steps an epoch as eval-nas runs them: 25,000 / 256, 25,000 / 64, 40,000 / 64, 45,000 / 256, 45,000 / 160
    [("spos", 98), ("fairnas", 98), ("darts", 391), ("fbnet", 625), ("nao", 176), ("enas", 282)],
)
def test_an_epoch_has_the_published_number_of_steps(protocol: str, steps: int) -> None:
    assert load_recipe(f"cifar10/{protocol}").steps_per_epoch == steps


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
        ("width: 4", "widht: 4", "network.width"),
        ("clip: 5", "clip: 5, clop: 6", "training.clop cannot be 6"),
        ("batch_size: 20", "batch_size: 101", "training.batch_size cannot be 101: its split has 100 images"),
        ("quick_batch: 16", "quick_batch: 41", "evaluation.quick_batch cannot be 41"),
        ("data: {", "data: [", "not YAML"),
    ],
)
def test_a_bad_recipe_is_told_its_key(tmp_path: Path, old: str, new: str, told: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD)
    load_recipe(str(path))
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(SettingError, match=told) as caught:
        load_recipe(str(path))
    assert "\n" not in str(caught.value)


def test_a_run_knows_its_recipe_by_content(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(GOOD)
    digest = load_recipe(str(path)).digest()
    path.write_text(GOOD + "search: {epochs: 3}\n# a word\n")
    assert load_recipe(str(path), digest).search == {"epochs": 3}
    path.write_text(GOOD.replace("width: 4", "width: 5"))
    with pytest.raises(SettingError, match="no longer the one"):
        load_recipe(str(path), digest)


def test_a_recipe_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="cannot be read"):
        load_recipe(str(tmp_path / "none.yaml"))
