"""What a network with shared weights is trained on: the part of the training that images and text do not share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np
from torch import Tensor, nn

from harness.core.space import Architecture, Mixture, SearchSpace

MixtureRows: TypeAlias = Sequence[Tensor]
"""A mixture as tensors, one row a decision."""

Point_contra = TypeVar("Point_contra", contravariant=True)
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


class SupernetTask(Protocol[Point_contra]):
    """Losses and scores at points of a space; which data a step or a look sees follows from the seed and its number."""

    @property
    def module(self) -> nn.Module:
        """All weights."""

    @property
    def steps_per_epoch(self) -> int:
        """How many steps go through the training data once."""

    def rate(self, step: int) -> float:
        """The learning rate of a step."""

    def losses(self, step: int, points: Sequence[Point_contra]) -> list[Tensor]:
        """The training loss of a step at each point; what the next step goes on from is that of the last one."""

    def training_loss(self, step: int) -> Callable[[MixtureRows], Tensor]:
        """The training loss of a step at any mixture, which nothing goes on from."""

    def validation(self, number: int) -> Callable[[MixtureRows], Tensor]:
        """The loss of a small batch of the searched data at any mixture."""

    def score(self, point: Point_contra, looks: Sequence[int] | None) -> Tensor:
        """The search metric on all searched data, or on the small batches of these numbers."""

    def state_dict(self) -> dict[str, Any]:
        """What the next step goes on from besides the weights; tensors as NumPy arrays."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go back to where ``state_dict`` was taken."""


def one_hot_architecture(space: SearchSpace, mixture: Mixture) -> Architecture | None:
    """The architecture that a one-hot mixture is as it is written; ``None`` for any other, and outside the space."""
    if not all(sorted(row)[-2:] in ([0.0, 1.0], [1.0]) and sum(row) == 1.0 for row in mixture):
        return None
    architecture = Architecture(tuple(int(np.argmax(row)) for row in mixture))
    return architecture if space.contains(architecture) else None
