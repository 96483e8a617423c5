"""A family of spaces that the project knows nothing of: a normal and a reduction cell, each one operation on an edge.

All that its networks need is one adapter, at the end of this file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from backends.networks.adapters import ImageAdapter
from backends.networks.cell_graphs import CellGraph
from backends.networks.nasbench101 import Skeleton
from backends.networks.supernet_points import ImageCells, MixtureRows
from harness.core.errors import SpaceError
from harness.core.space import Architecture, CellDrawing, Choices, SearchSpace

OPERATIONS = ("identity", "relu", "tanh")


class TwoCells(SearchSpace):
    """The operation of the normal cell, and that of the reduction cell: 9 architectures such as ``relu/tanh``."""

    name = scheme = "two-cells"
    family = "tests.fakes.two_cells:ADAPTER"
    options = (3, 3)
    size = 9

    def keys(self, choices: Choices) -> npt.NDArray[np.int64]:
        return choices[:, 0] * 3 + choices[:, 1]

    def canonical_keys(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return np.where((keys >= 0) & (keys < 9), keys, -1)

    def from_keys(self, keys: npt.NDArray[np.int64]) -> Choices:
        return np.stack([keys // 3, keys % 3], axis=1)

    def format(self, architecture: Architecture) -> str:
        return "/".join(OPERATIONS[choice] for choice in architecture.choices)

    def parse(self, text: str) -> Architecture:
        names = text.split("/")
        if len(names) != 2 or not set(names) <= set(OPERATIONS):
            raise SpaceError(f"{text!r} is none; expected two operations such as 'relu/tanh'")
        return Architecture(tuple(map(OPERATIONS.index, names)))

    def sample(self, rng: np.random.Generator) -> Architecture:
        return Architecture(tuple(rng.integers(3, size=2).tolist()))

    def enumerate_keys(self) -> npt.NDArray[np.int64]:
        return np.arange(9)

    def drawing(self, architecture: Architecture) -> CellDrawing:
        normal, reduction = (OPERATIONS[choice] for choice in architecture.choices)
        vertices = (("input", False), (normal, True), (reduction, True), ("output", False))
        return CellDrawing(vertices, ((0, 1), (1, 2), (2, 3)))


def operated(operation: int, image: Tensor) -> Tensor:
    return (lambda value: value, torch.relu, torch.tanh)[operation](image)


class TwoCellsNetwork(nn.Module):
    """A convolution, the normal cell, a halving, the reduction cell, and a dense layer, in groups of replicas."""

    def __init__(self, sizes: Skeleton, operations: Sequence[int] = (0, 0)) -> None:
        super().__init__()
        groups, self.operations = sizes.replicas, tuple(operations)
        self.stem = nn.Conv2d(groups * sizes.image_channels, groups * sizes.width, 3, padding=1, groups=groups)
        self.classifier = nn.Conv2d(groups * sizes.width, groups * sizes.classes, 1, groups=groups)

    def halved(self, image: Tensor) -> Tensor:
        return nn.functional.max_pool2d(image, 2)

    def head(self, image: Tensor) -> Tensor:
        logits: Tensor = self.classifier(image.mean(dim=(2, 3), keepdim=True)).flatten(1)
        return logits

    def forward(self, images: Tensor) -> Tensor:
        normal = operated(self.operations[0], self.stem(images))
        return self.head(operated(self.operations[1], self.halved(normal)))


def initialise(network: TwoCellsNetwork, generators: Sequence[torch.Generator]) -> None:
    for weights in network.parameters():
        for part, generator in zip(weights.chunk(len(generators)), generators, strict=True):
            nn.init.normal_(part, std=0.3, generator=generator)


class TwoCellsPoints(ImageCells[TwoCells, MixtureRows]):
    """Every architecture has the same weights; a mixture is the sum of what its operations make."""

    module: TwoCellsNetwork

    def __init__(self, space: TwoCells, sizes: Skeleton, seed: int, device: torch.device) -> None:
        super().__init__(space, device)
        self.module = TwoCellsNetwork(sizes)
        initialise(self.module, [torch.Generator().manual_seed(seed)])

    def written(self, architecture: Architecture) -> MixtureRows:
        return self.rows(self._space.one_hot(architecture))

    def logits(self, images: Tensor, point: MixtureRows, norm: Any, slices: Any) -> Tensor:
        normal = self._mixed(point[0], self.module.stem(images))
        return self.module.head(self._mixed(point[1], self.module.halved(normal)))

    def _mixed(self, row: Tensor, image: Tensor) -> Tensor:
        terms = [weight * operated(operation, image) for operation, weight in enumerate(row)]
        return sum(terms[1:], start=terms[0])


class TwoCellsAdapter(ImageAdapter[TwoCells]):
    def graphs(self, space: TwoCells, key: int) -> tuple[CellGraph, ...]:
        return tuple(CellGraph(((0, 1), (0, 0)), (choice,)) for choice in space.from_key(key).choices)

    def network(self, cells: Sequence[CellGraph], sizes: Skeleton) -> TwoCellsNetwork:
        return TwoCellsNetwork(sizes, [operation for cell in cells for operation in cell.operations])

    def initialise(self, network: TwoCellsNetwork, generators: Sequence[torch.Generator]) -> None:
        initialise(network, generators)

    def shared(self, space: TwoCells, sizes: Skeleton, seed: int, device: torch.device) -> TwoCellsPoints:
        return TwoCellsPoints(space, sizes, seed, device)


ADAPTER = TwoCellsAdapter()
