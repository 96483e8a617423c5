"""Endless training batches of images; every seed has its own order of images and its own random augmentation."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from backends.data.augmentation import Augmentation, training_inputs
from backends.data.images import Images
from backends.training.recipes import Recipe


class TrainingBatches:
    """Draws full batches without end: `orders` shuffle each replica's images, `seeds` start its augmentation."""

    def __init__(self, recipe: Recipe, data: Images, orders: Sequence[torch.Generator], seeds: Sequence[int]) -> None:
        self._recipe = recipe
        self._data = data
        self._augmentation = Augmentation(recipe.crop, recipe.flip, recipe.cutout)
        self._orders = orders
        self._changes = [np.random.default_rng(seed) for seed in seeds]
        self._left = torch.empty(0, len(seeds), dtype=torch.int64)

    def draw(self) -> tuple[Tensor, Tensor]:
        """One batch: augmented images (batch, replicas * channels, height, width), labels (batch, replicas)."""
        size = self._recipe.batch_size
        if len(self._left) < size:
            epoch = torch.stack([torch.randperm(len(self._data.train), generator=g) for g in self._orders], dim=1)
            carried = self._left if self._recipe.remainder == "carried" else self._left[:0]
            self._left = torch.cat([carried, epoch])
        chosen, self._left = self._left[:size].to(self._data.device), self._left[size:]
        return self._inputs(chosen), self._data.train.labels[chosen]

    def _inputs(self, chosen: Tensor) -> Tensor:
        images = self._data.train.images
        parts = (
            training_inputs(self._data, images[chosen[:, replica]], self._augmentation, rng)
            for replica, rng in enumerate(self._changes)
        )
        return torch.cat(list(parts), dim=1)

    def state_dict(self) -> dict[str, Any]:
        """The states of the generators, and the images that are left of the epoch."""
        return {
            "orders": [generator.get_state() for generator in self._orders],
            "changes": [rng.bit_generator.state for rng in self._changes],
            "left": self._left.clone(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the state that `state_dict` returned."""
        for generator, order in zip(self._orders, state["orders"], strict=True):
            generator.set_state(order)
        for rng, change in zip(self._changes, state["changes"], strict=True):
            rng.bit_generator.state = change
        self._left = state["left"]
