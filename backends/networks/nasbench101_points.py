"""The cells of NAS-Bench-101 as points of one supernet."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import torch
from torch import Tensor

from backends.networks.nasbench101 import Skeleton
from backends.networks.nasbench101_paths import CellPath, ChannelSelection, path_of_choices
from backends.networks.nasbench101_relaxed import mixture_graph
from backends.networks.nasbench101_supernet import NASBench101Supernet, allocate, initialise
from backends.networks.shared_convolution import BatchNormalisation
from backends.networks.supernet_points import ImageCells, MixtureRows
from harness.core.space import Architecture
from harness.spaces.nasbench101 import NASBench101

CellPoint: TypeAlias = CellPath | MixtureRows


class NASBench101Cells(ImageCells[NASBench101, CellPath]):
    """The supernet of a NAS-Bench-101 space, whose weights are drawn from ``seed``."""

    module: NASBench101Supernet

    def __init__(self, space: NASBench101, skeleton: Skeleton, seed: int, device: torch.device) -> None:
        super().__init__(space, device)
        self.module = allocate(space.vertices, skeleton)
        initialise(self.module, torch.Generator().manual_seed(seed))
        self.module.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._paths = lru_cache(65536)(super().discrete)

    def written(self, architecture: Architecture) -> CellPath:
        """The path through the slots of the architecture's own vertex numbers."""
        return path_of_choices(self._space, architecture.choices)

    def discrete(self, architecture: Architecture) -> CellPath:
        """The path of the cell's canonical architecture."""
        return self._paths(architecture)

    def logits(self, images: Tensor, point: CellPoint, norm: BatchNormalisation, slices: ChannelSelection) -> Tensor:
        """Logits (batch, classes) of standardised images (batch, channels, height, width) at a point."""
        if isinstance(point, CellPath):
            return self.module.path(images, point, norm, slices)
        edges, operations = mixture_graph(self._space, point)
        return self.module.mixture(images, edges, operations, norm)
