"""The table of data sets: facts that are known without the files, the sources of the files, and their readers.

A new data set is one entry here and a reader, which is imported only when it is called: the table needs no torch.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backends.data.sources import PublishedFile, data_folder
from harness.core.errors import SettingError, UnknownNameError


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A data set with the name that settings and recipes use.

    ``reader`` is ``module:function``. It takes ``folder``, the data folder, and ``verify``, whether the files must be
    the published ones, unless the data comes with a ``package``. ``licence`` is in words, after "it has".
    ``files`` can be downloaded to the subfolder ``folder`` of the data folder; from an archive, the ``members`` (names
    with their MD5) are unpacked there. If there are no ``files``, the user puts the members there.
    """

    name: str
    reader: str
    licence: str
    package: str = ""
    folder: str = ""
    files: tuple[PublishedFile, ...] = ()
    members: Mapping[str, str] = field(default_factory=dict)

    def read(self, *sizes: int, folder: Path | None, verify: bool, **options: float) -> Any:
        """The reader's data from the files in the folder, by default ``data_folder()``; raises DataError."""
        module, _, function = self.reader.partition(":")
        files = {} if self.package else {"folder": folder or data_folder(), "verify": verify}
        return getattr(importlib.import_module(module), function)(*sizes, **files, **options)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageDataset(Dataset):
    """Images; the reader takes the sizes of training and validation split, and ``noise`` if pixels are floats.

    ``shape`` is an image's (channels, height, width); ``images`` is the most that training and validation share;
    ``stored`` is the type of a pixel, ``uint8`` or ``float32``.
    """

    shape: tuple[int, int, int]
    classes: int
    images: int
    stored: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TextDataset(Dataset):
    """A text, whose reader returns a ``Corpus``; ``words`` counts the training text with its ends of lines."""

    words: int


_TORONTO = "https://www.cs.toronto.edu/~kriz/"
_FASHION = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"

_KNOWN: tuple[ImageDataset | TextDataset, ...] = (
    ImageDataset(
        name="digits",
        reader="backends.data.digits:load",
        licence="the licence CC BY 4.0 (UCI Machine Learning Repository)",
        package="scikit-learn",
        shape=(1, 8, 8),
        classes=10,
        images=1796,  # of 1,797: at least one remains for the test split, which has no files of its own
        stored="float32",
    ),
    ImageDataset(
        name="cifar10",
        reader="backends.data.cifar10:load",
        licence="no stated licence",
        folder="cifar-10-batches-py",
        files=(PublishedFile(_TORONTO + "cifar-10-python.tar.gz", "c58f30108f718f92721af3b95e74349a", 170),),
        members={
            "data_batch_1": "c99cafc152244af753f735de768cd75f",
            "data_batch_2": "d4bba439e000b95fd0a9bffe97cbabec",
            "data_batch_3": "54ebc095f3ab1f0389bbae665268c751",
            "data_batch_4": "634d18415352ddfa80567beed471001a",
            "data_batch_5": "482c414d41f54cd18b22e5b47cb7c3cb",
            "test_batch": "40351d587109b95175f43aff81a1287e",
        },
        shape=(3, 32, 32),
        classes=10,
        images=50_000,
        stored="uint8",
    ),
    ImageDataset(
        name="fashion-mnist",
        reader="backends.data.fashion_mnist:load",
        licence="the MIT licence",
        folder="fashion-mnist",
        files=(  # training images and labels, test images and labels (addresses and digests: Fashion-MNIST, README)
            PublishedFile(_FASHION + "train-images-idx3-ubyte.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d", 26),
            PublishedFile(_FASHION + "train-labels-idx1-ubyte.gz", "25c81989df183df01b3e8a0aad5dffbe", 0.03),
            PublishedFile(_FASHION + "t10k-images-idx3-ubyte.gz", "bef4ecab320f06d8554ea6380940ec79", 4.4),
            PublishedFile(_FASHION + "t10k-labels-idx1-ubyte.gz", "bb300cfdad3c16e7a12a480ee83cd310", 0.005),
        ),
        shape=(1, 28, 28),
        classes=10,
        images=60_000,
        stored="uint8",
    ),
    TextDataset(
        name="austen",
        reader="backends.data.austen:load",
        licence="no copyright any more",
        package="the harness",
        words=681_956,
    ),
    TextDataset(
        name="ptb",
        reader="backends.data.penn_treebank:load",
        licence="no public licence",
        folder="ptb",
        members={
            "ptb.train.txt": "f26c4b92c5fdc7b3f8c7cdcb991d8420",
            "ptb.valid.txt": "aa0affc06ff7c36e977d7cd49e3839bf",
            "ptb.test.txt": "8b80168b89c18661a38ef683c0dc3721",
        },
        words=929_589,
    ),
)

DATASETS = {known.name: known for known in _KNOWN}
"""All data sets by name."""


def known_dataset(name: str) -> ImageDataset | TextDataset:
    """The entry with this name; raises UnknownNameError with the nearest name."""
    if name not in DATASETS:
        raise UnknownNameError.among("data set", name, DATASETS)
    return DATASETS[name]


def image_dataset(name: str) -> ImageDataset:
    """The entry of an image data set; raises UnknownNameError, and SettingError for a text."""
    known = known_dataset(name)
    if not isinstance(known, ImageDataset):
        images = ", ".join(other for other, its in DATASETS.items() if isinstance(its, ImageDataset))
        raise SettingError(f"data set {name!r} is a text; expected one of images: {images}")
    return known
