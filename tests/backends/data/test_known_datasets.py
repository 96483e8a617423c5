"""The table of data sets: a new entry and its reader are all that a new data set takes, and nothing stands in."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backends.data import corpora, datasets
from backends.data.fetch import fetch
from backends.data.known_datasets import DATASETS, image_dataset, known_dataset
from backends.standalone.cell_trainer import CellTrainer
from backends.training.recipes.files import load_recipe, load_supernet_recipe, recipe_names
from harness.core.errors import SettingError, UnknownNameError
from tests.backends.data.planted import plant_new
from tests.backends.standalone.recipe import CELL, TINY, written


@pytest.fixture(autouse=True)
def _planted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    plant_new(monkeypatch)
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path / "greys"))


def test_a_new_entry_is_loaded_by_its_own_reader() -> None:
    images = datasets.load("greys", train_images=10, validation_images=4)
    assert images.name == "greys"
    assert [len(part) for part in (images.train, images.validation, images.test)] == [10, 4, 386]
    np.testing.assert_array_equal(images.train.labels.numpy(), [0, 1] * 5)
    assert corpora.load("abc").train.tolist() == [0, 1, 2, 0, 1, 2]


def test_a_new_entry_has_the_limits_of_its_entry() -> None:
    with pytest.raises(SettingError, match="together they must be at most 300"):
        datasets.load("greys", train_images=300, validation_images=1)
    with pytest.raises(SettingError, match=r"'noise' cannot be .* for data set 'greys'"):
        datasets.load("greys", train_images=1, validation_images=1, noise=0.1)


def test_a_new_entry_is_trained_by_a_recipe(tmp_path: Path) -> None:
    small = replace(TINY, epochs=(2,), train_images=64, validation_images=32, train_accuracy_images=32, stacks=1)
    recipe = load_recipe(written(tmp_path, small, dataset="greys"))
    (curve,) = CellTrainer(recipe, checkpoints=tmp_path).curves(CELL, 2, [0])
    assert curve.final.test_accuracy == 1.0  # a mean pixel tells the classes apart


def test_what_a_new_entry_cannot_fetch_is_said() -> None:
    with pytest.raises(SettingError, match="data set 'greys' has no licence, so it cannot be fetched"):
        fetch("greys")
    with pytest.raises(SettingError, match="data set 'abc' comes with the tests"):
        fetch("abc")


def test_an_unknown_name_is_refused_with_the_nearest_one(tmp_path: Path) -> None:
    hint = "unknown data set 'grey'; did you mean 'greys'"
    for refused in (known_dataset, image_dataset, fetch):
        with pytest.raises(UnknownNameError, match=hint):
            refused("grey")
    with pytest.raises(UnknownNameError, match=hint):
        datasets.load("grey", train_images=1, validation_images=1)
    with pytest.raises(UnknownNameError, match=hint):
        CellTrainer(load_recipe(written(tmp_path, TINY, dataset="grey")))


def test_a_text_is_no_set_of_images() -> None:
    with pytest.raises(SettingError, match="data set 'abc' is a text; expected one of images: digits, cifar10"):
        datasets.load("abc", train_images=1, validation_images=1)


def test_every_recipe_that_ships_names_a_data_set_of_the_table() -> None:
    for name in recipe_names():
        assert load_supernet_recipe(name).data.dataset in DATASETS


def test_the_table_needs_no_torch() -> None:
    code = "import sys, backends.data.known_datasets; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
