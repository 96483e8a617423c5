"""Architectures and mixtures as points of a network that holds the weights of every architecture of a space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from backends.networks.nasbench101_paths import ChannelSelection
from backends.networks.rnn_cell import LanguageModel
from backends.networks.shared_convolution import BatchNormalisation
from harness.core.space import Architecture, Mixture, SearchSpace

MixtureRows: TypeAlias = Sequence[Tensor]
"""A mixture as tensors, one row a decision."""

Point_co = TypeVar("Point_co", covariant=True)


class SupernetCells(Protocol[Point_co]):
    """A network that holds the weights of every architecture of a space."""

    @property
    def module(self) -> nn.Module:
        """All weights."""

    def discrete(self, architecture: Architecture) -> Point_co:
        """The point of an architecture's cell, written canonically."""

    def point(self, mixture: Mixture) -> Point_co:
        """What a one-hot mixture is as it is written, or the rows of any other, without gradients."""

    def rows(self, mixture: Mixture) -> MixtureRows:
        """A mixture as tensors on the network's device that require gradients."""


class ImageCells(SupernetCells[Any], Protocol):
    """One that classifies images at any point of the space."""

    def logits(self, images: Tensor, point: Any, norm: BatchNormalisation, slices: ChannelSelection) -> Tensor:
        """Logits (batch, classes) of standardised images (batch, channels, height, width) at a point."""


class TextCells(SupernetCells[Any], Protocol):
    """One that predicts the next word at any point of the space."""

    @property
    def module(self) -> LanguageModel:
        """All weights."""

    def outputs(
        self, words: Tensor, hidden: Tensor, point: Any, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Raw outputs and what the decoder takes, (steps, columns, width), of words (steps, columns) at a point."""


def one_hot_architecture(space: SearchSpace, mixture: Mixture) -> Architecture | None:
    """The architecture that a one-hot mixture is as it is written; ``None`` for any other, and outside the space."""
    if not all(sorted(row)[-2:] in ([0.0, 1.0], [1.0]) and sum(row) == 1.0 for row in mixture):
        return None
    architecture = Architecture(tuple(int(np.argmax(row)) for row in mixture))
    return architecture if space.contains(architecture) else None


def rows_on(device: torch.device, mixture: Mixture) -> MixtureRows:
    """A mixture as tensors on a device that require gradients."""
    return [torch.tensor(row, device=device, requires_grad=True) for row in mixture]
