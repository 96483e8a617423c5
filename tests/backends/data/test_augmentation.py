"""Augmentation against loops over single images in plain NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from backends.data.augmentation import Augmentation, apply_cutout, crop_and_flip, training_inputs
from backends.data.images import Images, Split
from harness.core.errors import SettingError

Pixels = npt.NDArray[Any]


def coloured(number: int, height: int = 9, width: int = 7) -> torch.Tensor:
    rng = np.random.default_rng(3)
    return torch.from_numpy(rng.integers(1, 256, size=(number, 3, height, width), dtype=np.uint8))


def moved_one_by_one(images: Pixels, pad: int, corners: Pixels, flips: Pixels) -> Pixels:
    height, width = images.shape[2:]
    out = np.empty_like(images)
    for index, image in enumerate(images):
        padded = np.pad(image, ((0, 0), (pad, pad), (pad, pad)))
        top, left = corners[index]
        window = padded[:, top : top + height, left : left + width]
        out[index] = window[:, :, ::-1] if flips[index] else window
    return out


@pytest.mark.parametrize("crop", [0, 2, 10])
@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.float32])
def test_images_move_as_one_by_one(crop: int, flip: bool, dtype: torch.dtype) -> None:
    images = coloured(40).to(dtype)
    found = crop_and_flip(images, Augmentation(crop, flip), np.random.default_rng(5))
    rng = np.random.default_rng(5)
    corners = rng.integers(0, 2 * crop + 1, size=(40, 2)) if crop else np.zeros((40, 2), int)
    flips = rng.integers(0, 2, size=40) if flip else np.zeros(40, int)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found.numpy(), moved_one_by_one(images.numpy(), crop, corners, flips))


def cut_one_by_one(images: Pixels, side: int, centres: Pixels) -> Pixels:
    """uoguelph-mlrg/Cutout, util/cutout.py, for even sides."""
    height, width = images.shape[2:]
    out = images.copy()
    for index, (y, x) in enumerate(centres):
        mask = np.ones((height, width))
        top, bottom = np.clip(y - side // 2, 0, height), np.clip(y + side // 2, 0, height)
        left, right = np.clip(x - side // 2, 0, width), np.clip(x + side // 2, 0, width)
        mask[top:bottom, left:right] = 0
        out[index] *= mask
    return out


@pytest.mark.parametrize("side", [2, 4, 16])
def test_squares_are_cut_out_as_one_by_one(side: int) -> None:
    images = coloured(40).float() - 100.5
    found = apply_cutout(images, side, np.random.default_rng(5))
    centres = np.random.default_rng(5).integers(0, (9, 7), size=(40, 2))
    np.testing.assert_array_equal(found.numpy(), cut_one_by_one(images.numpy(), side, centres))


def test_an_odd_cutout_inside_an_image_has_its_full_side() -> None:
    holes = (apply_cutout(torch.ones(500, 1, 9, 9), 3, np.random.default_rng(1)) == 0).sum((1, 2, 3))
    assert set(holes.tolist()) == {4, 6, 9}  # at a corner, at a side, inside


def test_every_window_and_both_sides_are_as_likely() -> None:
    image = torch.arange(1, 10, dtype=torch.uint8).view(1, 1, 3, 3).expand(9000, 1, 3, 3)
    middle = crop_and_flip(image, Augmentation(crop=1, flip=True), np.random.default_rng(2))[:, 0, 1, 1]
    counts = torch.bincount(middle, minlength=10)[1:]  # the pixel at the middle names the window
    assert counts.sum() == 9000
    assert (counts - 1000).abs().max() < 5 * np.sqrt(1000)


def test_nothing_asked_for_changes_nothing_and_draws_nothing() -> None:
    rng, images = np.random.default_rng(4), coloured(5)
    assert torch.equal(crop_and_flip(images, Augmentation(), rng), images)
    assert rng.bit_generator.state == np.random.default_rng(4).bit_generator.state


def test_training_inputs_are_moved_then_standardised_then_cut() -> None:
    images = coloured(30)
    split = Split(images, torch.zeros(30, dtype=torch.int64))
    mean, std = torch.tensor([100.0, 110, 120]).view(3, 1, 1), torch.tensor([50.0, 60, 70]).view(3, 1, 1)
    data = Images("noise", split, split, split, mean, std, 10)
    found = training_inputs(data, images, Augmentation(crop=2, flip=True, cutout=4), np.random.default_rng(6))
    rng = np.random.default_rng(6)
    corners, flips = rng.integers(0, 5, size=(30, 2)), rng.integers(0, 2, size=30)
    shifted = moved_one_by_one(images.numpy(), 2, corners, flips).astype(np.float32)
    standardised = (shifted - mean.numpy()) / std.numpy()
    expected = cut_one_by_one(standardised, 4, rng.integers(0, (9, 7), size=(30, 2)))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6)


@pytest.mark.parametrize("settings", [{"crop": -1}, {"cutout": 1.5}, {"crop": True}])
def test_a_wrong_setting_is_named(settings: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match=f"'{next(iter(settings))}' cannot be"):
        Augmentation(**settings)
