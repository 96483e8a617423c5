"""CIFAR-10 (Krizhevsky 2009): 60,000 colour images of 32x32 pixels, ten classes, in the official python batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from backends.data.images import Images, Split
from backends.data.known_datasets import image_dataset
from backends.data.sources import layout_folder, missing_file_message, read
from harness.core.errors import DataError
from harness.files.plain_pickles import load_plain

_KNOWN = image_dataset("cifar10")
CLASSES, SHAPE = _KNOWN.classes, _KNOWN.shape

ROWS = 10_000
"""The number of images in a batch file."""

TEST_FILE = "test_batch"
"""The batch file of test images; the others have training images."""

MEAN = (125.31, 122.95, 113.87)
STD = (62.99, 62.09, 66.70)
"""In raw units from 0 to 255 (NAS-Bench-101, nasbench/lib/cifar.py). Except for rounding they equal the usual means of
other code (.4914, .4822, .4465; eval-nas) and its standard deviations (.2470, .2435, .2616)."""


def load(train_images: int, validation_images: int, *, folder: Path, verify: bool = True) -> Images:
    """The first `train_images` images, the next `validation_images`, and all test images, as bytes.

    In this order 40,000 and 10,000 are the splits of NAS-Bench-101, 25,000 and 25,000 those of DARTS and eval-nas,
    45,000 and 5,000 those of ENAS and NAO. Only the needed batch files are read. Raises DataError if they are missing
    in `folder` and its subfolder `cifar-10-batches-py`, or damaged; with `verify` also if one is not the published
    file.
    """
    source = image_dataset("cifar10")
    found = layout_folder(folder, [source.folder], list(source.members))
    if found is None:
        (archive,) = source.files
        address = f"{archive.url} ({archive.megabytes:g} MB, MD5 {archive.md5})"
        raise missing_file_message("cifar10", folder, address, f"its batches into {str(folder / source.folder)!r}")
    training = [(name, md5) for name, md5 in source.members.items() if name != TEST_FILE]
    needed = training[: -(-(train_images + validation_images) // ROWS)]
    images, labels = _batches(found, dict(needed), verify=verify)
    ends = (train_images, train_images + validation_images)
    return Images(
        "cifar10",
        _split(images[: ends[0]], labels[: ends[0]]),
        _split(images[ends[0] : ends[1]], labels[ends[0] : ends[1]]),
        _split(*_batches(found, {TEST_FILE: source.members[TEST_FILE]}, verify=verify)),
        torch.tensor(MEAN).view(3, 1, 1),
        torch.tensor(STD).view(3, 1, 1),
        CLASSES,
    )


def _batches(
    folder: Path, files: dict[str, str], *, verify: bool
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Images (n, 3, 32, 32) and labels (n,) of these files, in their order."""
    images = np.empty((len(files) * ROWS, *SHAPE), np.uint8)
    labels = np.empty(len(files) * ROWS, np.int64)
    for number, (name, md5) in enumerate(files.items()):
        part = slice(number * ROWS, (number + 1) * ROWS)
        pixels, labels[part] = _batch(folder / name, md5, verify=verify)
        images[part] = pixels.reshape(ROWS, *SHAPE)
    return images, labels


def _batch(path: Path, md5: str, *, verify: bool) -> tuple[npt.NDArray[np.uint8], list[int]]:
    content = load_plain(read(path, md5, verify=verify), repr(str(path)))
    pixels, labels = (_entry(content, name) for name in ("data", "labels"))
    if not isinstance(pixels, np.ndarray) or pixels.shape != (ROWS, 3072):
        found = f"images of shape {pixels.shape}" if isinstance(pixels, np.ndarray) else "no array of images"
        raise DataError(f"{str(path)!r} holds {found}; expected bytes of shape ({ROWS}, 3072)")
    if type(labels) is not list or len(labels) != ROWS or not all(type(label) is int for label in labels):
        raise DataError(f"{str(path)!r} has no list of {ROWS} labels")
    if wrong := [label for label in labels if not 0 <= label < CLASSES]:
        raise DataError(f"{str(path)!r} holds the label {wrong[0]}; expected 0 to {CLASSES - 1}")
    return pixels, labels


def _entry(content: object, name: str) -> Any:
    """The value of a key, which Python 2 wrote as bytes; None if the key is missing."""
    return content.get(name.encode(), content.get(name)) if isinstance(content, dict) else None


def _split(images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]) -> Split:
    return Split(torch.from_numpy(images), torch.from_numpy(labels))
