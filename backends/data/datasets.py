"""Loads images by the name of a data set."""

from __future__ import annotations

import math
from pathlib import Path

from backends.data.images import Images
from backends.data.known_datasets import DATASETS, ImageDataset, image_dataset
from harness.core.errors import SettingError


def load(
    name: str,
    *,
    train_images: int,
    validation_images: int,
    noise: float = 0.0,
    verify: bool = True,
    folder: Path | None = None,
) -> Images:
    """A data set with its first `train_images` for training and the next `validation_images` for validation.

    The test split is the published test images (for digits, which has none, the rest). `noise` in standard deviations
    is Gaussian, drawn once, and only for images stored as floats. `verify=False` accepts files that are not the
    published ones. `folder` is the folder of the files, by default `data_folder()`.
    Raises UnknownNameError, SettingError for a text, for too many images or for noise on bytes, and DataError if files
    are missing, damaged or not the published ones.
    """
    known = image_dataset(name)
    _require_counts(known, train_images, validation_images)
    _require_noise(known, noise)
    options = {} if known.stored == "uint8" else {"noise": noise}
    images: Images = known.read(train_images, validation_images, folder=folder, verify=verify, **options)
    return images


def _require_counts(known: ImageDataset, train_images: int, validation_images: int) -> None:
    if train_images < 1:
        raise SettingError(f"setting 'train_images' cannot be {train_images!r}: it must be at least 1")
    if validation_images < 0:
        raise SettingError(f"setting 'validation_images' cannot be {validation_images!r}: it must be 0 or more")
    if train_images + validation_images > known.images:
        raise SettingError(
            f"data set {known.name!r} cannot give {train_images} training and {validation_images} validation images: "
            f"together they must be at most {known.images}"
        )


def _require_noise(known: ImageDataset, noise: float) -> None:
    if not (math.isfinite(noise) and noise >= 0):
        raise SettingError(f"setting 'noise' cannot be {noise!r}: it must be 0 or more standard deviations")
    if noise and known.stored == "uint8":
        images = [other for other in DATASETS.values() if isinstance(other, ImageDataset)]
        noisy = ", ".join(repr(other.name) for other in images if other.stored != "uint8")
        raise SettingError(
            f"setting 'noise' cannot be {noise!r} for data set {known.name!r}, whose images are bytes: it must be 0; "
            f"noise is for {noisy}"
        )
