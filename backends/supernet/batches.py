"""Image batches of a supernet; the images of a batch depend on the seed and the number of the batch alone."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import torch
from torch import Tensor

from backends.data.augmentation import Augmentation, training_inputs
from backends.data.images import Images, Split
from backends.training.recipes.images import ImageRecipe
from harness.core.errors import SettingError
from harness.core.random import stream

ImageBatch = tuple[Tensor, Tensor]
"""Standardised images (batch, channels, height, width) and labels (batch,)."""


class ImageBatches:
    """The batches of one run; ``searched`` is the split on which scores and gradients are measured."""

    def __init__(self, data: Images, searched: Split, recipe: ImageRecipe, seed: int) -> None:
        if recipe.evaluation.quick_batch > len(searched):
            size = recipe.evaluation.quick_batch
            raise SettingError(
                f"evaluation.quick_batch cannot be {size}: the searched split has {len(searched)} images"
            )
        self._data, self._searched, self._recipe, self._seed = data, searched, recipe, seed
        part = recipe.data
        self._augmentation = Augmentation(crop=part.crop, flip=part.flip, cutout=part.cutout)
        self._order = lru_cache(4)(self._shuffled)

    def training(self, step: int) -> ImageBatch:
        """The augmented training batch of a step; every epoch has a new order of the training split."""
        epoch, number = divmod(step, self._recipe.steps_per_epoch)
        images, labels = self._pick(self._data.train, "train", epoch, number, self._recipe.training.batch_size)
        rng = stream(self._seed, "oracle", "augment", step)
        return training_inputs(self._data, images, self._augmentation, rng), labels

    def quick(self, number: int) -> ImageBatch:
        """A small batch of the searched split, always full; every pass has a new order of the split."""
        size = self._recipe.evaluation.quick_batch
        epoch, number = divmod(number, len(self._searched) // size)
        images, labels = self._pick(self._searched, "searched", epoch, number, size)
        return self._data.standardised(images), labels

    def whole(self) -> Iterator[ImageBatch]:
        """The searched split in order, in evaluation batches."""
        size = self._recipe.evaluation.batch
        parts = torch.split(self._searched.images, size), torch.split(self._searched.labels, size)
        for images, labels in zip(*parts, strict=True):
            yield self._data.standardised(images), labels

    def recalibration(self) -> Iterator[Tensor]:
        """The first training images, without augmentation, in evaluation batches."""
        images = self._data.train.images[: self._recipe.evaluation.recalibration_images]
        for batch in torch.split(images, self._recipe.evaluation.batch):
            yield self._data.standardised(batch)

    def _pick(self, split: Split, name: str, epoch: int, number: int, size: int) -> ImageBatch:
        index = self._order(name, epoch, len(split))[number * size : (number + 1) * size]
        return split.images[index], split.labels[index]

    def _shuffled(self, name: str, epoch: int, count: int) -> Tensor:
        order = stream(self._seed, "oracle", name, epoch).permutation(count)
        return torch.from_numpy(order).to(self._data.device)
