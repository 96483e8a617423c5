"""Shared weights that classify images: training losses, and the accuracy of an architecture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from backends.networks.nasbench101_paths import ChannelSelection, first_channels, random_chunk
from backends.networks.shared_convolution import (
    BatchNormalisation,
    Recalibration,
    batch_statistics,
    running_statistics,
    training_statistics,
)
from backends.networks.supernet_points import ImageCells, MixtureRows
from backends.supernet.batches import ImageBatch, ImageBatches
from backends.training.recipes.images import ImageRecipe
from harness.core.random import stream

Statistics = Literal["recalibrated", "batch", "running"]
Chunk = Literal["first", "random"]


class ImageTask:
    """Image classification with shared weights; with ``mixed`` the forward passes compute in bfloat16.

    ``statistics`` normalises a score: ``recalibrated`` measures training images for each architecture (Guo et al. 2020,
    Sec. 3.4), ``batch`` uses each evaluated batch, ``running`` the averages over training. A narrower vertex uses a
    ``chunk`` of a weight's channels: the ``first``, or in training a ``random`` consecutive range.
    """

    def __init__(
        self,
        cells: ImageCells[Any, Any],
        batches: ImageBatches,
        recipe: ImageRecipe,
        seed: int,
        *,
        statistics: Statistics = "recalibrated",
        chunk: Chunk = "first",
        mixed: bool = False,
    ) -> None:
        self._cells, self._batches, self._recipe, self._seed = cells, batches, recipe, seed
        self._statistics, self._chunk, self._mixed = statistics, chunk, mixed
        self.module, self.steps_per_epoch, self.rate = cells.module, recipe.steps_per_epoch, recipe.rate

    def losses(self, step: int, points: Sequence[Any]) -> list[Tensor]:
        """The training loss of a step's batch at each point."""
        batch, norm, slices = self._batches.training(step), training_statistics, self._slices(step)
        return [self._loss(batch, point, norm, slices) for point in points]

    def training_loss(self, step: int) -> Callable[[MixtureRows], Tensor]:
        """A step's training loss as a function of the mixture; no batch-norm running average changes."""
        return partial(self._of_batch, self._batches.training(step))

    def validation(self, number: int) -> Callable[[MixtureRows], Tensor]:
        """The loss of a small batch of the searched images as a function of the mixture."""
        return partial(self._of_batch, self._batches.quick(number))

    def score(self, point: Any, looks: Sequence[int] | None) -> Tensor:
        """The accuracy on all searched images, or on the small batches with the numbers ``looks``."""
        seen: Iterable[ImageBatch] = self._batches.whole() if looks is None else map(self._batches.quick, looks)
        with torch.no_grad():
            norm = self._norm(point)
            right = [self._logits(images, point, norm, first_channels).argmax(1) == labels for images, labels in seen]
        return torch.cat(right).double().mean()

    def state_dict(self) -> dict[str, Any]:
        """An empty state: batches are independent of each other."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Do nothing: the state is empty."""

    def _of_batch(self, batch: ImageBatch, rows: MixtureRows) -> Tensor:
        return self._loss(batch, rows, batch_statistics, first_channels)

    def _loss(self, batch: ImageBatch, point: Any, norm: BatchNormalisation, slices: ChannelSelection) -> Tensor:
        images, labels = batch
        logits = self._logits(images, point, norm, slices)
        return cross_entropy(logits.to(torch.promote_types(logits.dtype, torch.float32)), labels)

    def _logits(self, images: Tensor, point: Any, norm: BatchNormalisation, slices: ChannelSelection) -> Tensor:
        with torch.autocast(images.device.type, torch.bfloat16, enabled=self._mixed):
            return self._cells.logits(images, point, norm, slices)

    def _slices(self, step: int) -> ChannelSelection:
        if self._chunk == "first":
            return first_channels
        return random_chunk(stream(self._seed, "oracle", "chunk", step))

    def _norm(self, point: Any) -> BatchNormalisation:
        """The batch normalisation for a score at ``point``."""
        if self._statistics == "batch":
            return batch_statistics
        if self._statistics == "running":
            return running_statistics
        collected = Recalibration()
        for images in self._batches.recalibration():
            self._logits(images, point, collected, first_channels)
        return collected.frozen()
