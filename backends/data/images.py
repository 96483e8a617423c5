"""Images for all trainers: three disjoint splits, kept as stored, standardised batch by batch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Images (n, channels, height, width) as stored, uint8 or float32, and labels (n,) as int64."""

    images: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def to(self, device: torch.device) -> Split:
        """The same split on another device."""
        return Split(self.images.to(device), self.labels.to(device))


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """A data set in three disjoint splits; ``mean`` and ``std`` (channels, 1, 1) are in the units of the images."""

    name: str
    train: Split
    validation: Split
    test: Split
    mean: Tensor
    std: Tensor
    classes: int

    @property
    def channels(self) -> int:
        """Channels of an image."""
        return int(self.train.images.shape[1])

    @property
    def device(self) -> torch.device:
        """The device of the images."""
        return self.train.images.device

    def to(self, device: torch.device) -> Images:
        """The same data on another device."""
        moved = {name: getattr(self, name).to(device) for name in ("train", "validation", "test", "mean", "std")}
        return replace(self, **moved)

    def standardised(self, images: Tensor) -> Tensor:
        """Stored images (n, channels, height, width) as a network's inputs: float32, mean 0 and deviation 1."""
        return (images.float() - self.mean) / self.std

    def digest(self) -> str:
        """SHA-256 of labels and pixels; float pixels are rounded to 1e-4, so that platforms agree."""
        sha = hashlib.sha256()
        for split in (self.train, self.validation, self.test):
            sha.update(split.labels.cpu().numpy().astype("<i8").tobytes())
            pixels = split.images.cpu().numpy()
            exact = pixels.dtype == np.uint8
            sha.update(pixels.tobytes() if exact else np.rint(pixels * 1e4).astype("<i8").tobytes())
        return sha.hexdigest()
