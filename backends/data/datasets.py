"""Image data by name: `digits`, `cifar10` and `fashion-mnist`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from backends.data import cifar10, digits, fashion_mnist
from backends.data.images import Images
from backends.data.sources import data_folder
from harness.core.errors import SettingError, UnknownNameError


@dataclass(frozen=True, slots=True)
class DatasetInfo:
    """What is known of a data set without its files.

    `shape` of an image (channels, height, width); `images` is how many training and validation share at most; `stored`
    is the type of a pixel, `uint8` or `float32`.
    """

    shape: tuple[int, int, int]
    classes: int
    images: int
    stored: str


DATASETS = {
    # one digit at least is left for the test split, which has no files of its own
    "digits": DatasetInfo(digits.SHAPE, digits.CLASSES, digits.TOTAL - 1, "float32"),
    "cifar10": DatasetInfo(cifar10.SHAPE, cifar10.CLASSES, cifar10.TOTAL, "uint8"),
    "fashion-mnist": DatasetInfo(fashion_mnist.SHAPE, fashion_mnist.CLASSES, fashion_mnist.TOTAL, "uint8"),
}
"""By the name that settings and recipes use."""


def dataset_info(name: str) -> DatasetInfo:
    """What is known of a data set without its files; raises UnknownNameError."""
    if name not in DATASETS:
        raise UnknownNameError.among("data set", name, DATASETS)
    return DATASETS[name]


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

    Test are the published test images (of digits, which have none, the rest). `noise` in standard deviations is
    Gaussian, drawn once, and only for images stored as floats. `verify=False` takes files that are not the published
    ones. `folder` is where the files lie, by default `data_folder()`.
    Raises UnknownNameError, SettingError for more images than there are or for noise on bytes, and DataError for files
    that are missing, damaged or not the published ones.
    """
    known = dataset_info(name)
    _require_counts(name, known, train_images, validation_images)
    _require_noise(name, known, noise)
    place = folder or data_folder()
    match name:
        case "digits":
            return digits.load(train_images, validation_images, noise=noise)
        case "cifar10":
            return cifar10.load(train_images, validation_images, folder=place, verify=verify)
        case _:
            return fashion_mnist.load(train_images, validation_images, folder=place, verify=verify)


def _require_counts(name: str, known: DatasetInfo, train_images: int, validation_images: int) -> None:
    if train_images < 1:
        raise SettingError(f"setting 'train_images' cannot be {train_images!r}: it must be at least 1")
    if validation_images < 0:
        raise SettingError(f"setting 'validation_images' cannot be {validation_images!r}: it must be 0 or more")
    if train_images + validation_images > known.images:
        raise SettingError(
            f"data set {name!r} cannot give {train_images} training and {validation_images} validation images: "
            f"together they must be at most {known.images}"
        )


def _require_noise(name: str, known: DatasetInfo, noise: float) -> None:
    if not (math.isfinite(noise) and noise >= 0):
        raise SettingError(f"setting 'noise' cannot be {noise!r}: it must be 0 or more standard deviations")
    if noise and known.stored == "uint8":
        noisy = ", ".join(repr(other) for other, its in DATASETS.items() if its.stored != "uint8")
        raise SettingError(
            f"setting 'noise' cannot be {noise!r} for data set {name!r}, whose images are bytes: it must be 0; "
            f"noise is for {noisy}"
        )
