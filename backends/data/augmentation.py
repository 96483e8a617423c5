"""Random augmentation of training images, drawn on the CPU and applied to a whole batch on its device.

NumPy draws all random numbers, one call for each kind, so that a CPU and a GPU get the same images.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from backends.data.images import Images
from harness.core.errors import SettingError


@dataclass(frozen=True, slots=True)
class Augmentation:
    """The augmentation of an image; none by default.

    `crop`: pixels of zero padding on every side before a random window of the old size is cut out. `flip`: left and
    right are exchanged with probability 1/2. `cutout`: side in pixels of a square of zeros at a random centre, after
    standardising (DeVries and Taylor 2017). NAS-Bench-101 and eval-nas train with `crop=4, flip=True` on CIFAR-10.
    """

    crop: int = 0
    flip: bool = False
    cutout: int = 0

    def __post_init__(self) -> None:
        for name in ("crop", "cutout"):
            value = getattr(self, name)
            if type(value) is not int or value < 0:
                raise SettingError(f"setting {name!r} cannot be {value!r}: it must be a number of pixels, 0 or more")


def training_inputs(data: Images, images: Tensor, augmentation: Augmentation, rng: np.random.Generator) -> Tensor:
    """A network's inputs for stored images of `data` (n, channels, height, width): augmented, then standardised.

    Padding is 0 in the stored images, black if they are bytes; the square of a cutout is exactly 0 after standardising,
    the mean pixel, as in the published code (uoguelph-mlrg/Cutout, util/cutout.py).
    """
    inputs = data.standardised(crop_and_flip(images, augmentation, rng))
    return apply_cutout(inputs, augmentation.cutout, rng) if augmentation.cutout else inputs


def crop_and_flip(images: Tensor, augmentation: Augmentation, rng: np.random.Generator) -> Tensor:
    """Stored images (n, channels, height, width) after crop and flip alone; same shape, type and device."""
    if not (augmentation.crop or augmentation.flip):
        return images
    number, channels, height, width = images.shape
    pad = augmentation.crop
    corners = np.zeros((number, 2), np.int64)
    flipped = np.zeros(number, bool)
    if pad:
        corners = rng.integers(0, 2 * pad + 1, size=(number, 2))
    if augmentation.flip:
        flipped = rng.integers(0, 2, size=number).astype(bool)
    rows = corners[:, :1] + np.arange(height)
    columns = corners[:, 1:] + np.where(flipped[:, None], np.arange(width)[::-1], np.arange(width))
    padded = torch.nn.functional.pad(images, (pad, pad, pad, pad))
    places = rows[:, :, None] * padded.shape[3] + columns[:, None, :]
    flat = _on(images, places.reshape(number, 1, -1)).expand(-1, channels, -1)
    return padded.flatten(2).gather(2, flat).view(images.shape)


def apply_cutout(images: Tensor, side: int, rng: np.random.Generator) -> Tensor:
    """Standardised images (n, channels, height, width), each with a square of zeros, clipped at the borders.

    Centres are uniform over the pixels; the square starts `side // 2` before its centre, which for even sides is the
    published rule (uoguelph-mlrg/Cutout, util/cutout.py; there an odd side is one pixel shorter).
    """
    height, width = images.shape[2:]
    centres = rng.integers(0, (height, width), size=(len(images), 2))
    first = _on(images, centres - side // 2)
    rows, columns = (
        torch.arange(size, device=images.device) - first[:, axis, None] for axis, size in enumerate((height, width))
    )
    row_hit, column_hit = ((place >= 0) & (place < side) for place in (rows, columns))
    return images.masked_fill((row_hit[:, :, None] & column_hit[:, None, :])[:, None], 0)


def _on(images: Tensor, drawn: npt.NDArray[np.int64]) -> Tensor:
    return torch.from_numpy(drawn).to(images.device)
