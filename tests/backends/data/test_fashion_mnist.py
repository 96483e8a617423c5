"""Fashion-MNIST's idx files, packed and not: splits, what is checked, and what is refused."""

from __future__ import annotations

import gzip
import hashlib
import struct
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from backends.data import fashion_mnist
from backends.data.datasets import load
from backends.data.known_datasets import DATASETS
from harness.core.errors import DataError
from tests.backends.data.planted import plant

NAMES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
SIZES = (50, 50, 20, 20)


def idx(values: npt.NDArray[np.uint8]) -> bytes:
    """The format as its page gives it: two zeros, 8 for bytes, the dimensions, each size, the values."""
    sizes = b"".join(struct.pack(">I", size) for size in values.shape)
    return bytes([0, 0, 8, values.ndim]) + sizes + values.tobytes()


@pytest.fixture
def arrays(monkeypatch: pytest.MonkeyPatch) -> dict[str, npt.NDArray[np.uint8]]:
    """Fifty training images and twenty test images, which the code is told to expect."""
    monkeypatch.setattr(fashion_mnist, "TOTAL", SIZES[0])
    monkeypatch.setattr(fashion_mnist, "TEST_TOTAL", SIZES[2])
    rng = np.random.default_rng(1)
    images = [rng.integers(0, 256, (size, 28, 28), dtype=np.uint8) for size in SIZES[::2]]
    labels = [rng.integers(0, 10, (size,), dtype=np.uint8) for size in SIZES[1::2]]
    return dict(zip(NAMES, (images[0], labels[0], images[1], labels[1]), strict=True))


@pytest.fixture
def folder(tmp_path: Path, arrays: dict[str, npt.NDArray[np.uint8]], monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder with the packed files, whose digests the code is told to expect."""
    (tmp_path / "fashion-mnist").mkdir()
    sources = []
    for source, (name, values) in zip(DATASETS["fashion-mnist"].files, arrays.items(), strict=True):
        packed = gzip.compress(idx(values), mtime=0)
        (tmp_path / "fashion-mnist" / f"{name}.gz").write_bytes(packed)
        sources.append(replace(source, md5=hashlib.md5(packed).hexdigest()))
    plant(monkeypatch, "fashion-mnist", files=tuple(sources))
    return tmp_path


def unpack(folder: Path) -> None:
    for path in (folder / "fashion-mnist").iterdir():
        path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
        path.unlink()


def test_splits_follow_the_order_of_the_files(folder: Path, arrays: dict[str, npt.NDArray[np.uint8]]) -> None:
    data = load("fashion-mnist", train_images=30, validation_images=15, folder=folder)
    images, labels, test_images, test_labels = arrays.values()
    expected = [(images[:30], labels[:30]), (images[30:45], labels[30:45]), (test_images, test_labels)]
    for split, (pixels, targets) in zip((data.train, data.validation, data.test), expected, strict=True):
        np.testing.assert_array_equal(split.images[:, 0].numpy(), pixels)
        np.testing.assert_array_equal(split.labels.numpy(), targets)
    assert data.train.images.dtype == torch.uint8
    assert data.train.labels.dtype == torch.int64
    assert data.mean.item() == pytest.approx(images[:30].mean())
    assert data.std.item() == pytest.approx(images[:30].std())
    assert data.channels == 1


def test_unpacked_files_hold_the_same_but_cannot_be_verified(folder: Path) -> None:
    packed = fashion_mnist.load(30, 15, folder=folder)
    unpack(folder)
    with pytest.raises(DataError, match=r"only the packed file has a published MD5; put 'train-images.*--no-verify"):
        fashion_mnist.load(30, 15, folder=folder)
    assert fashion_mnist.load(30, 15, folder=folder, verify=False).digest() == packed.digest()


@pytest.mark.parametrize("layout", ["", "FashionMNIST/raw"])
def test_the_files_may_lie_in_the_folder_itself_or_as_torchvision_has_them(folder: Path, layout: str) -> None:
    expected = fashion_mnist.load(30, 15, folder=folder).digest()
    (folder / layout).mkdir(parents=True, exist_ok=True)
    for path in list((folder / "fashion-mnist").iterdir()):
        path.rename(folder / layout / path.name)
    assert fashion_mnist.load(30, 15, folder=folder).digest() == expected


def test_a_file_that_is_not_the_published_one_needs_a_word(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    with pytest.raises(DataError, match=r"its MD5 is [0-9a-f]{32}, expected 8d4fb7e6c68d591d4c3dfef9ec88bf0d.*verify"):
        fashion_mnist.load(30, 15, folder=folder)
    with pytest.raises(DataError, match=r"begins with 0000080300000032.*expected 000008030000ea60"):
        fashion_mnist.load(30, 15, folder=folder, verify=False)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (NAMES[0], idx(np.zeros((50, 28, 27), np.uint8)), "begins with .* expected 00000803000000320000001c0000001c"),
        (NAMES[0], idx(np.zeros((50, 28, 28), np.uint8))[:-1], "39199 bytes of data; expected 39200"),
        (NAMES[1], idx(np.zeros(50, np.uint8)) + b"\0", "51 bytes of data; expected 50"),
        (NAMES[1], idx(np.full(50, 10, np.uint8)), "the label 10; expected 0 to 9"),
        (NAMES[3], b"", "begins with ; expected 0000080100000014"),
        (NAMES[3], b"\x00\x00\x0d\x01" + bytes(24), "begins with 00000d0100000000"),
    ],
)
def test_a_damaged_file_is_named(folder: Path, name: str, content: bytes, message: str) -> None:
    unpack(folder)
    (folder / "fashion-mnist" / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name}.*{message}"):
        fashion_mnist.load(30, 15, folder=folder, verify=False)


@pytest.mark.parametrize("damage", [slice(0, -9), slice(3, None)])
def test_a_damaged_archive_is_named(folder: Path, damage: slice) -> None:
    path = folder / "fashion-mnist" / f"{NAMES[2]}.gz"
    path.write_bytes(path.read_bytes()[damage])
    with pytest.raises(DataError, match=f"{NAMES[2]}.gz' is no whole gzip file"):
        fashion_mnist.load(30, 15, folder=folder, verify=False)


def test_an_archive_that_expands_to_more_than_its_images_is_refused_before_it_is_expanded(folder: Path) -> None:
    path = folder / "fashion-mnist" / f"{NAMES[0]}.gz"
    path.write_bytes(gzip.compress(idx(np.zeros((50, 28, 28), np.uint8)) + bytes(100_000_000), 1))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="39201 bytes of data; expected 39200"):
            fashion_mnist.load(30, 15, folder=folder, verify=False)
        assert tracemalloc.get_traced_memory()[1] < 10 << 20
    finally:
        tracemalloc.stop()


def test_a_file_that_is_missing_is_named(folder: Path) -> None:
    (folder / "fashion-mnist" / f"{NAMES[3]}.gz").unlink()
    with pytest.raises(DataError, match=r"cannot read '.*t10k-labels-idx1-ubyte.gz': No such file"):
        fashion_mnist.load(30, 15, folder=folder)
