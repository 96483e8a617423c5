"""What a network with shared weights is trained on: the part of the training that images and text do not share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from torch import Tensor, nn

from backends.networks.supernet_points import MixtureRows

Point_contra = TypeVar("Point_contra", contravariant=True)


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
