"""Architectures and mixtures as points of a network that holds the weights of every architecture of a space."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Generic, TypeAlias, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from backends.networks.nasbench101_paths import ChannelSelection
from backends.networks.rnn_cell import LanguageModel
from backends.networks.shared_convolution import BatchNormalisation
from harness.core.space import Architecture, Mixture, SearchSpace

MixtureRows: TypeAlias = Sequence[Tensor]
"""A mixture as tensors, one row a decision."""

Space = TypeVar("Space", bound=SearchSpace)
Point = TypeVar("Point")


class SupernetCells(ABC, Generic[Space, Point]):
    """All architectures of a space as points of one network, ``module``, that holds their weights."""

    module: nn.Module

    def __init__(self, space: Space, device: torch.device) -> None:
        self._space, self._device = space, device

    @abstractmethod
    def written(self, architecture: Architecture) -> Point:
        """The point of an architecture, without making it canonical."""

    def discrete(self, architecture: Architecture) -> Point:
        """The point of the cell's canonical architecture."""
        return self.written(self._space.canonical(architecture))

    def point(self, mixture: Mixture) -> Point | MixtureRows:
        """The point of a one-hot mixture's architecture, not made canonical; else the rows, without gradients.

        A step of the weights needs no gradient of the mixture, and computing it makes the step a fifth slower. A
        one-hot mixture outside the space is relaxed like any other.
        """
        architecture = one_hot_architecture(self._space, mixture)
        return [row.detach() for row in self.rows(mixture)] if architecture is None else self.written(architecture)

    def rows(self, mixture: Mixture) -> MixtureRows:
        """A mixture as tensors on the network's device that require gradients."""
        return [torch.tensor(row, device=self._device, requires_grad=True) for row in mixture]


class ImageCells(SupernetCells[Space, Point]):
    """The cells of a space as points of a network that classifies images."""

    @abstractmethod
    def logits(
        self, images: Tensor, point: Point | MixtureRows, norm: BatchNormalisation, slices: ChannelSelection
    ) -> Tensor:
        """Logits (batch, classes) of standardised images (batch, channels, height, width) at a point."""


class TextCells(SupernetCells[Space, Point]):
    """The cells of a space as points of a network that predicts the next word."""

    module: LanguageModel

    @abstractmethod
    def outputs(
        self, words: Tensor, hidden: Tensor, point: Point | MixtureRows, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Raw outputs and the decoder's inputs, (steps, columns, width), of words (steps, columns) at a point."""


def one_hot_architecture(space: SearchSpace, mixture: Mixture) -> Architecture | None:
    """The architecture of a one-hot mixture, not made canonical; ``None`` for others, and outside the space."""
    if not all(sorted(row)[-2:] in ([0.0, 1.0], [1.0]) and sum(row) == 1.0 for row in mixture):
        return None
    architecture = Architecture(tuple(int(np.argmax(row)) for row in mixture))
    return architecture if space.contains(architecture) else None
