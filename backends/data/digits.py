"""Handwritten digits (1,797 images of 8x8 pixels, ten classes) in scikit-learn's copy of the UCI test set.

Offline and small: a network of a few channels learns it in seconds, so that a whole space of cells can be trained.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor

CLASSES = 10
_SPLIT_SEED = 101
"""Fixes which image goes to which split; it is part of the data, not of a training."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Images (n, 1, 8, 8) as float32 and labels (n,) as int64."""

    images: Tensor
    labels: Tensor

    def to(self, device: torch.device) -> "Split":
        """The same split on another device."""
        return Split(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True, slots=True, eq=False)
class Digits:
    """Training, validation and test images: three disjoint parts of the data set."""

    train: Split
    validation: Split
    test: Split

    def to(self, device: torch.device) -> "Digits":
        """The same splits on another device."""
        return Digits(self.train.to(device), self.validation.to(device), self.test.to(device))

    def digest(self) -> str:
        """SHA-256 of the labels and of the pixels rounded to 1e-4, so that the platform's last bit does not matter."""
        sha = hashlib.sha256()
        for split in (self.train, self.validation, self.test):
            sha.update(split.labels.cpu().numpy().astype("<i8").tobytes())
            sha.update(np.rint(split.images.cpu().numpy() * 1e4).astype("<i8").tobytes())
        return sha.hexdigest()


def load(train_images: int, validation_images: int, *, noise: float = 0.0) -> Digits:
    """Shuffle with a fixed seed, cut in three (the rest is test), and scale by the training part's mean and deviation.

    `noise` is the standard deviation of Gaussian noise then added to every pixel of every split, drawn once: it makes
    the task harder, and labels stay as they are.
    """
    rng = np.random.default_rng(_SPLIT_SEED)
    raw = load_digits()
    order = rng.permutation(len(raw.target))
    pixels, labels = raw.images[order], raw.target[order]
    mean, std = pixels[:train_images].mean(), pixels[:train_images].std()
    pixels = (pixels - mean) / std + noise * rng.standard_normal(pixels.shape)
    cuts = [train_images, train_images + validation_images]
    parts = zip(np.split(pixels, cuts), np.split(labels, cuts), strict=True)
    return Digits(*(_split(images, targets) for images, targets in parts))


def _split(pixels: np.ndarray, labels: np.ndarray) -> Split:
    images = torch.from_numpy(pixels.astype(np.float32))[:, None]
    return Split(images, torch.from_numpy(labels.astype(np.int64)))
