"""The cells of NAS-Bench-101 as points of one supernet."""

from __future__ import annotations

from functools import lru_cache
from typing import TypeAlias

import torch
from torch import Tensor

from backends.networks.nasbench101 import Skeleton
from backends.networks.nasbench101_relaxed import mixture_graph
from backends.networks.nasbench101_supernet import (
    BatchNormalisation,
    CellPath,
    ChannelSelection,
    allocate,
    initialise,
    path_of_choices,
)
from backends.networks.supernet_points import MixtureRows, one_hot_architecture, rows_on
from harness.core.space import Architecture, Mixture
from harness.spaces.nasbench101 import NASBench101

CellPoint: TypeAlias = CellPath | MixtureRows


class NASBench101Cells:
    """The supernet of a NAS-Bench-101 space, its weights drawn from ``seed``."""

    def __init__(self, space: NASBench101, skeleton: Skeleton, seed: int, device: torch.device) -> None:
        self.module = allocate(space.vertices, skeleton)
        initialise(self.module, torch.Generator().manual_seed(seed))
        self.module.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._space, self._device = space, device
        self._paths = lru_cache(65536)(self._path)

    def discrete(self, architecture: Architecture) -> CellPath:
        """The path of an architecture's cell, written canonically."""
        return self._paths(architecture)

    def _path(self, architecture: Architecture) -> CellPath:
        return path_of_choices(self._space, self._space.canonical(architecture).choices)

    def point(self, mixture: Mixture) -> CellPoint:
        """The path that a one-hot mixture is as it is written, or the rows of any other, without gradients.

        A one-hot mixture outside the space has no path; it is relaxed as any other is.
        """
        if (architecture := one_hot_architecture(self._space, mixture)) is not None:
            return path_of_choices(self._space, architecture.choices)
        # A step of the weights needs no slope in the mixture, and taking it makes the step a fifth slower.
        return [row.detach() for row in self.rows(mixture)]

    def rows(self, mixture: Mixture) -> MixtureRows:
        """A mixture as tensors on the network's device that require gradients."""
        return rows_on(self._device, mixture)

    def logits(self, images: Tensor, point: CellPoint, norm: BatchNormalisation, slices: ChannelSelection) -> Tensor:
        """Logits (batch, classes) of standardised images (batch, channels, height, width) at a point."""
        if isinstance(point, CellPath):
            return self.module.path(images, point, norm, slices)
        edges, operations = mixture_graph(self._space, point)
        return self.module.mixture(images, edges, operations, norm)
