"""Image data by name: what is refused, and where files are looked for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from backends.data.datasets import load
from backends.data.digits import load as load_digits
from backends.data.known_datasets import image_dataset
from backends.data.sources import data_folder
from harness.core.errors import DataError, SettingError, UnknownNameError
from harness.files.folders import cache_folder


def test_digits_load_by_name_with_their_noise() -> None:
    found = load("digits", train_images=100, validation_images=50, noise=0.5)
    assert found.digest() == load_digits(100, 50, noise=0.5).digest()
    assert len(found.validation) == 50
    assert found.train.images.shape[1:] == image_dataset("digits").shape


def test_an_unknown_data_set_is_named() -> None:
    with pytest.raises(UnknownNameError, match="unknown data set 'cifar'; did you mean 'cifar10'"):
        load("cifar", train_images=1, validation_images=1)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("digits", {"train_images": 1700, "validation_images": 97}, "together they must be at most 1796"),
        ("cifar10", {"train_images": 40_001, "validation_images": 10_000}, "together they must be at most 50000"),
        ("fashion-mnist", {"train_images": 60_000, "validation_images": 1}, "together they must be at most 60000"),
        ("digits", {"train_images": 0, "validation_images": 10}, "'train_images' cannot be 0"),
        ("digits", {"train_images": 1, "validation_images": -1}, "'validation_images' cannot be -1"),
        ("cifar10", {"train_images": 1, "validation_images": 1, "noise": 0.1}, "'noise' cannot be 0.1 .* for 'digits'"),
        ("digits", {"train_images": 1, "validation_images": 1, "noise": -1.0}, "'noise' cannot be -1.0"),
        ("digits", {"train_images": 1, "validation_images": 1, "noise": float("nan")}, "'noise' cannot be nan"),
    ],
)
def test_impossible_settings_are_named_before_any_file_is_read(
    name: str, settings: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(SettingError, match=message):
        load(name, **settings, folder=tmp_path)


@pytest.mark.parametrize("name", ["cifar10", "fashion-mnist"])
def test_missing_files_are_one_line_that_says_what_to_put_where(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load(name, train_images=1, validation_images=1, folder=tmp_path)
    message = str(caught.value)
    place = {"cifar10": "cifar-10-batches-py", "fashion-mnist": "fashion-mnist"}[name]
    for part in (repr(str(tmp_path / place)), f"harness data fetch {name}", "--data-dir", "HARNESS_DATA"):
        assert part in message
    assert re.search(r"https?://\S+", message)
    assert "\n" not in message


def test_the_variable_names_the_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(tmp_path))
    assert data_folder() == tmp_path
    with pytest.raises(DataError, match=re.escape(repr(str(tmp_path)))):
        load("cifar10", train_images=1, validation_images=1)
    monkeypatch.setenv("HARNESS_DATA", "")
    assert data_folder() == cache_folder() / "data"
