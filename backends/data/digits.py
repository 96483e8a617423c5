"""Handwritten digits (1,797 images of 8x8 pixels, ten classes) in scikit-learn's copy of the UCI test set.

Offline and small: a network of few channels learns them in seconds, so a whole space of cells can be trained.
"""

from __future__ import annotations

import numpy as np
import torch
from sklearn.datasets import load_digits

from backends.data.images import Images, Split
from backends.data.known_datasets import image_dataset

_SPLIT_SEED = 101
"""Determines the split of each image; it is part of the data, not of a training."""


def load(train_images: int, validation_images: int, *, noise: float = 0.0) -> Images:
    """Shuffle with a fixed seed, cut into three splits (the rest is test), and standardise by the training split.

    The images are stored as float32, already standardised. `noise` is the standard deviation of Gaussian noise that is
    then added to every pixel of every split, once: it makes the task harder, and labels do not change.
    """
    rng = np.random.default_rng(_SPLIT_SEED)
    raw = load_digits()
    order = rng.permutation(len(raw.target))
    pixels, labels = raw.images[order], raw.target[order]
    mean, std = pixels[:train_images].mean(), pixels[:train_images].std()
    pixels = (pixels - mean) / std + noise * rng.standard_normal(pixels.shape)
    cuts = [train_images, train_images + validation_images]
    parts = zip(np.split(pixels, cuts), np.split(labels, cuts), strict=True)
    train, validation, test = (_split(images, targets) for images, targets in parts)
    return Images(
        "digits", train, validation, test, torch.zeros(1, 1, 1), torch.ones(1, 1, 1), image_dataset("digits").classes
    )


def _split(pixels: np.ndarray, labels: np.ndarray) -> Split:
    images = torch.from_numpy(pixels.astype(np.float32))[:, None]
    return Split(images, torch.from_numpy(labels.astype(np.int64)))
