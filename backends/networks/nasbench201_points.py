"""The cells of NAS-Bench-201 as points of one supernet."""

from __future__ import annotations

import torch
from torch import Tensor

from backends.networks.nasbench101 import Skeleton
from backends.networks.nasbench101_paths import ChannelSelection
from backends.networks.nasbench201_supernet import allocate, initialise
from backends.networks.shared_convolution import BatchNormalisation
from backends.networks.supernet_points import MixtureRows, one_hot_architecture, rows_on
from harness.core.space import Architecture, Mixture
from harness.spaces.nasbench201 import NASBench201


class NASBench201Cells:
    """The supernet of a NAS-Bench-201 space, its weights drawn from ``seed``."""

    def __init__(self, space: NASBench201, skeleton: Skeleton, seed: int, device: torch.device) -> None:
        self.module = allocate(skeleton)
        initialise(self.module, torch.Generator().manual_seed(seed))
        self.module.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._space, self._device = space, device

    def discrete(self, architecture: Architecture) -> Architecture:
        """The architecture's cell, written canonically."""
        return self._space.canonical(architecture)

    def point(self, mixture: Mixture) -> Architecture | MixtureRows:
        """The cell that a one-hot mixture is as it is written, or the rows of any other, without gradients."""
        if (architecture := one_hot_architecture(self._space, mixture)) is not None:
            return architecture
        return [row.detach() for row in self.rows(mixture)]

    def rows(self, mixture: Mixture) -> MixtureRows:
        """A mixture as tensors on the network's device that require gradients."""
        return rows_on(self._device, mixture)

    def logits(
        self, images: Tensor, point: Architecture | MixtureRows, norm: BatchNormalisation, slices: ChannelSelection
    ) -> Tensor:
        """Logits (batch, classes) of standardised images at a point; every convolution is used whole."""
        if isinstance(point, Architecture):
            return self.module.path(images, point.choices, norm)
        return self.module.mixture(images, point, norm)
