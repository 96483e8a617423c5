"""The cells of NAS-Bench-201 as points of one supernet."""

from __future__ import annotations

import torch
from torch import Tensor

from backends.networks.nasbench101 import Skeleton
from backends.networks.nasbench101_paths import ChannelSelection
from backends.networks.nasbench201_supernet import NASBench201Supernet, allocate, initialise
from backends.networks.shared_convolution import BatchNormalisation
from backends.networks.supernet_points import ImageCells, MixtureRows
from harness.core.space import Architecture
from harness.spaces.nasbench201 import NASBench201


class NASBench201Cells(ImageCells[NASBench201, Architecture]):
    """The supernet of a NAS-Bench-201 space, whose weights are drawn from ``seed``."""

    module: NASBench201Supernet

    def __init__(self, space: NASBench201, skeleton: Skeleton, seed: int, device: torch.device) -> None:
        super().__init__(space, device)
        self.module = allocate(skeleton)
        initialise(self.module, torch.Generator().manual_seed(seed))
        self.module.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]

    def written(self, architecture: Architecture) -> Architecture:
        """The architecture itself."""
        return architecture

    def logits(
        self, images: Tensor, point: Architecture | MixtureRows, norm: BatchNormalisation, slices: ChannelSelection
    ) -> Tensor:
        """Logits (batch, classes) of standardised images at a point; every convolution is used whole."""
        if isinstance(point, Architecture):
            return self.module.path(images, point.choices, norm)
        return self.module.mixture(images, point, norm)
