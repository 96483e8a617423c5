"""CIFAR-10 batches: splits, what is checked, and what is refused."""

from __future__ import annotations

import hashlib
import pickle
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from backends.data import cifar10
from backends.data.datasets import load
from backends.data.sources import data_folder
from harness.core.errors import DataError
from tests.backends.data.planted import plant

FILES = [*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]


def write_batch(path: Path, first: int, *, protocol: int = 4) -> None:
    """A batch of images `first`, `first` + 1, …: red begins with the number, and the label is its last digit."""
    pixels = np.zeros((cifar10.ROWS, 3072), np.uint8)
    numbers = np.arange(first, first + cifar10.ROWS)
    pixels[:, 0], pixels[:, 1] = numbers // 256, numbers % 256
    content = {b"batch_label": b"a batch", b"labels": (numbers % 10).tolist(), b"data": pixels, b"filenames": []}
    path.write_bytes(pickle.dumps(content, protocol))


@pytest.fixture(scope="module")
def cifar10_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A data folder with all six batches, numbered through."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "cifar-10-batches-py").mkdir()
    for number, name in enumerate(FILES):
        write_batch(folder / "cifar-10-batches-py" / name, number * 10_000, protocol=2 if number == 0 else 4)
    yield folder
    shutil.rmtree(folder)  # 180 MB


@pytest.fixture
def ten_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of ten images are expected, not of 10,000."""
    monkeypatch.setattr(cifar10, "ROWS", 10)


def numbers(images: torch.Tensor) -> list[int]:
    """The numbers that the images carry."""
    return (images[:, 0, 0, 0].long() * 256 + images[:, 0, 0, 1]).tolist()


@pytest.mark.parametrize(("train", "validation"), [(40_000, 10_000), (25_000, 25_000), (50_000, 0), (300, 20)])
def test_splits_follow_the_order_of_the_batches(cifar10_folder: Path, train: int, validation: int) -> None:
    data = load("cifar10", train_images=train, validation_images=validation, verify=False, folder=cifar10_folder)
    expected = [range(train), range(train, train + validation), range(50_000, 60_000)]
    for split, whole in zip((data.train, data.validation, data.test), expected, strict=True):
        assert numbers(split.images) == list(whole)
        np.testing.assert_array_equal(split.labels.numpy(), np.array(whole, int) % 10)
    assert data.train.images.shape == (train, 3, 32, 32)
    assert data.train.images.dtype == torch.uint8
    assert data.train.labels.dtype == torch.int64


@pytest.mark.usefixtures("ten_rows")
def test_planes_are_red_green_blue_row_by_row(tmp_path: Path) -> None:
    pixels = np.zeros((10, 3072), np.uint8)
    pixels[7, 1024 * 2 + 32 * 5 + 9] = 200  # "the first 1024 entries are red ... row-major" (CIFAR-10 page)
    for name in ("data_batch_1", "test_batch"):
        (tmp_path / name).write_bytes(pickle.dumps({"data": pixels, "labels": [0] * 10}, 4))
    images = cifar10.load(8, 2, folder=tmp_path, verify=False).train.images
    assert images.nonzero().tolist() == [[7, 2, 5, 9]]


def test_pixels_are_standardised_as_nasbench101_does(cifar10_folder: Path) -> None:
    data = cifar10.load(10, 5, folder=cifar10_folder, verify=False)
    found = data.standardised(data.train.images)[3, :, 31, 31]
    expected = [-125.31 / 62.99, -122.95 / 62.09, -113.87 / 66.70]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6)
    torchvision = 255 * np.array([[0.4914, 0.4822, 0.4465], [0.2470, 0.2435, 0.2616]])
    np.testing.assert_allclose([data.mean.flatten().numpy(), data.std.flatten().numpy()], torchvision, atol=0.02)


def test_a_batch_that_is_not_the_published_file_needs_a_word(cifar10_folder: Path) -> None:
    with pytest.raises(DataError) as caught:
        cifar10.load(10, 5, folder=cifar10_folder)
    content = (cifar10_folder / "cifar-10-batches-py" / "data_batch_1").read_bytes()
    for part in (hashlib.md5(content).hexdigest(), "c99cafc152244af753f735de768cd75f", "--no-verify", "data_batch_1"):
        assert part in str(caught.value)


@pytest.mark.usefixtures("ten_rows")
def test_files_of_the_expected_digest_pass(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, first in (("data_batch_1", 0), ("test_batch", 50_000)):
        write_batch(tmp_path / name, first)
    digests = {name: hashlib.md5((tmp_path / name).read_bytes()).hexdigest() for name in ("data_batch_1", "test_batch")}
    plant(monkeypatch, "cifar10", members=digests)
    assert len(cifar10.load(7, 3, folder=tmp_path).train) == 7


def test_a_batch_that_is_missing_is_named(cifar10_folder: Path, tmp_path: Path) -> None:
    shutil.copy(cifar10_folder / "cifar-10-batches-py" / "data_batch_1", tmp_path)
    with pytest.raises(DataError, match=r"cannot read '.*data_batch_2'"):
        cifar10.load(10_000, 1, folder=tmp_path, verify=False)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {b"data": np.zeros((9, 3072), np.uint8)},
            r"images of shape \(9, 3072\); expected bytes of shape \(10, 3072\)",
        ),
        ({b"data": [1, 2]}, "no array of images"),
        ({b"data": {}}, "no array of images"),
        ({b"labels": [0] * 9}, "no list of 10 labels"),
        ({b"labels": [0] * 9 + [b"cat"]}, "no list of 10 labels"),
        ({b"labels": [0] * 9 + [10]}, "the label 10; expected 0 to 9"),
        ({b"labels": [-1] * 10}, "the label -1; expected 0 to 9"),
        ({b"labels": np.zeros(10)}, "an array of 'f8'"),
    ],
)
@pytest.mark.usefixtures("ten_rows")
def test_a_damaged_batch_is_named(tmp_path: Path, changes: dict[bytes, Any], message: str) -> None:
    content = {b"data": np.zeros((10, 3072), np.uint8), b"labels": [0] * 10} | changes
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps(content, 4))
    with pytest.raises(DataError, match=f"data_batch_1.*{message}"):
        cifar10.load(7, 3, folder=tmp_path, verify=False)


@pytest.mark.usefixtures("ten_rows")
def test_a_pickle_of_another_thing_is_no_batch(tmp_path: Path) -> None:
    (tmp_path / "data_batch_1").write_bytes(pickle.dumps([1, 2, 3]))
    with pytest.raises(DataError, match=r"data_batch_1' holds no array of images"):
        cifar10.load(7, 3, folder=tmp_path, verify=False)


def test_the_real_images_have_the_published_mean() -> None:
    folder = data_folder()
    if not any((place / "test_batch").is_file() for place in (folder, folder / "cifar-10-batches-py")):
        pytest.skip(f"no CIFAR-10 in the data folder {str(folder)!r}")
    data = cifar10.load(50_000, 0, folder=folder, verify=False)
    found = data.train.images.sum((0, 2, 3)) / (50_000 * 32 * 32)
    np.testing.assert_allclose(found.numpy(), (125.31, 122.95, 113.87), atol=0.5)  # re-encoded copies are near
    assert torch.bincount(data.test.labels).tolist() == [1000] * 10
