"""Fashion-MNIST (Xiao, Rasul and Vollgraf 2017): 70,000 grey images of 28x28 pixels, ten classes, in idx files."""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from backends.data.images import Images, Split
from backends.data.known_datasets import image_dataset
from backends.data.sources import layout_folder, missing_file_message, read
from harness.core.errors import DataError

_KNOWN = image_dataset("fashion-mnist")
CLASSES, SHAPE, TOTAL = _KNOWN.classes, _KNOWN.shape, _KNOWN.images

TEST_TOTAL = 10_000

_BYTES = 0x0800
"""The first number in an idx file of unsigned bytes, without the number of dimensions (MNIST, file format)."""

_TORCHVISION = "FashionMNIST/raw"
"""The folder in which torchvision stores the files."""


def load(train_images: int, validation_images: int, *, folder: Path, verify: bool = True) -> Images:
    """The first `train_images` images, the next `validation_images`, and all test images, as bytes.

    Mean and deviation are those of the training split's pixels. Raises DataError if the files, packed or not, are
    missing in `folder` and its subfolder `fashion-mnist`, or damaged; with `verify` also if a packed file is not the
    published one, or if there is only an unpacked one, since its digest is not published.
    """
    source = image_dataset("fashion-mnist")
    names = [file.file_name for file in source.files]
    found = layout_folder(folder, (source.folder, _TORCHVISION), names + [name.removesuffix(".gz") for name in names])
    if found is None:
        place = f"its four .gz files into {str(folder / source.folder)!r}"
        address = f"{source.files[0].url.removesuffix(names[0])} (31 MB)"
        raise missing_file_message("fashion-mnist", folder, address, place)
    shapes = ((TOTAL, *SHAPE[1:]), (TOTAL,), (TEST_TOTAL, *SHAPE[1:]), (TEST_TOTAL,))
    images, labels, test_images, test_labels = (
        _tensor(found / file.file_name, file.md5, shape, verify=verify)
        for file, shape in zip(source.files, shapes, strict=True)
    )
    end = train_images + validation_images
    train = Split(images[:train_images, None], labels[:train_images].long())
    validation = Split(images[train_images:end, None], labels[train_images:end].long())
    test = Split(test_images[:, None], test_labels.long())
    return Images("fashion-mnist", train, validation, test, *_mean_and_deviation(train.images), CLASSES)


def _tensor(packed: Path, md5: str, shape: tuple[int, ...], *, verify: bool) -> Tensor:
    """The values of an idx file of this shape; labels (one dimension) must be below the number of classes."""
    header = struct.pack(f">{1 + len(shape)}I", _BYTES | len(shape), *shape)
    path, content = _unpacked(packed, md5, len(header) + math.prod(shape), verify=verify)
    if not content.startswith(header):
        raise DataError(f"{str(path)!r} begins with {content[: len(header)].hex()}; expected {header.hex()}, {shape}")
    if len(content) != len(header) + math.prod(shape):
        raise DataError(
            f"{str(path)!r} holds {len(content) - len(header)} bytes of data; expected {math.prod(shape)}, {shape}"
        )
    values = np.frombuffer(content, np.uint8, offset=len(header)).reshape(shape)
    if len(shape) == 1 and values.max() >= CLASSES:
        raise DataError(f"{str(path)!r} holds the label {values.max()}; expected 0 to {CLASSES - 1}")
    return torch.from_numpy(values.copy())


def _unpacked(packed: Path, md5: str, size: int, *, verify: bool) -> tuple[Path, bytes]:
    """The path of a file and its unpacked bytes, at most one more than ``size``; prefers the packed, verifiable one."""
    plain = packed.with_suffix("")
    if plain.is_file() and not packed.is_file():
        if verify:
            raise DataError(
                f"{str(plain)!r} cannot be verified: only the packed file has a published MD5; put {packed.name!r} "
                "beside it, or pass verify=false (--no-verify)"
            )
        return plain, read(plain, md5, verify=False)
    content = read(packed, md5, verify=verify)
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            return packed, file.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{str(packed)!r} is no whole gzip file: {error}") from error


def _mean_and_deviation(images: Tensor) -> tuple[Tensor, Tensor]:
    """Of all pixels, (1, 1, 1) each, from exact counts, so that the order of summation has no effect."""
    counts = torch.bincount(images.flatten(), minlength=256).numpy()
    levels = np.arange(256)
    mean = (counts @ levels) / counts.sum()
    deviation = np.sqrt(counts @ (levels - mean) ** 2 / counts.sum())
    return torch.full((1, 1, 1), float(mean)), torch.full((1, 1, 1), float(deviation))
