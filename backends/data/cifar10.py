"""CIFAR-10 (Krizhevsky 2009): 60,000 colour images of 32x32 pixels, ten classes, in the official python batches."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from backends.data.images import Images, Split
from backends.data.sources import PublishedFile, layout_folder, missing_file_message, read
from harness.core.errors import DataError
from harness.files.plain_pickles import load_plain

CLASSES = 10
SHAPE = (3, 32, 32)
"""Channels, height and width of an image."""

TOTAL = 50_000
"""Images of the five training batches, which training and validation share."""

ROWS = 10_000
"""Images of one batch."""

FOLDER = "cifar-10-batches-py"
"""The folder which the archive unpacks to."""

ARCHIVE = PublishedFile(
    "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a", 170
)

TRAIN_FILES = {
    "data_batch_1": "c99cafc152244af753f735de768cd75f",
    "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
    "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
    "data_batch_4": "634d18415352ddfa80567beed471001a",
    "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
}
"""The training batches in order, each with its MD5."""

TEST_FILES = {"test_batch": "40351d587109b95175f43aff81a1287e"}

MEAN = (125.31, 122.95, 113.87)
STD = (62.99, 62.09, 66.70)
"""In raw units from 0 to 255 (NAS-Bench-101, nasbench/lib/cifar.py). The usual mean of other code (.4914, .4822, .4465;
eval-nas) is the same to rounding; its deviations (.2470, .2435, .2616) are too."""


def load(train_images: int, validation_images: int, *, folder: Path, verify: bool = True) -> Images:
    """The first `train_images` images, the next `validation_images`, and all of the test batch, as bytes.

    In this order 40,000 and 10,000 are the splits of NAS-Bench-101, 25,000 and 25,000 those of DARTS and eval-nas,
    45,000 and 5,000 those of ENAS and NAO. Batches that no split needs are not read. Raises DataError where the batches
    are not in `folder`, its subfolder `cifar-10-batches-py`, or are damaged; with `verify` also where a batch is not
    the published file.
    """
    found = layout_folder(folder, [FOLDER], [*TRAIN_FILES, *TEST_FILES])
    if found is None:
        source = f"{ARCHIVE.url} ({ARCHIVE.megabytes:g} MB, MD5 {ARCHIVE.md5})"
        raise missing_file_message("cifar10", folder, source, f"its batches into {str(folder / FOLDER)!r}")
    needed = list(TRAIN_FILES.items())[: -(-(train_images + validation_images) // ROWS)]
    images, labels = _batches(found, dict(needed), verify=verify)
    ends = (train_images, train_images + validation_images)
    return Images(
        "cifar10",
        _split(images[: ends[0]], labels[: ends[0]]),
        _split(images[ends[0] : ends[1]], labels[ends[0] : ends[1]]),
        _split(*_batches(found, TEST_FILES, verify=verify)),
        torch.tensor(MEAN).view(3, 1, 1),
        torch.tensor(STD).view(3, 1, 1),
        CLASSES,
    )


def _batches(
    folder: Path, files: dict[str, str], *, verify: bool
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Images (n, 3, 32, 32) and labels (n,) of these files, one after the other."""
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
    """The value of a key, which Python 2 wrote as bytes; None where there is none."""
    return content.get(name.encode(), content.get(name)) if isinstance(content, dict) else None


def _split(images: npt.NDArray[np.uint8], labels: npt.NDArray[np.int64]) -> Split:
    return Split(torch.from_numpy(images), torch.from_numpy(labels))
