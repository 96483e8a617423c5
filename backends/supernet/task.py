"""The task of shared weights: the part of training and scoring that differs between images and text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from torch import Tensor, nn

from backends.networks.supernet_points import MixtureRows

Point_contra = TypeVar("Point_contra", contravariant=True)


class SupernetTask(Protocol[Point_contra]):
    """Losses and scores at points of a space; the data of a batch depends on the seed and its number."""

    @property
    def module(self) -> nn.Module:
        """The module with all weights."""

    @property
    def steps_per_epoch(self) -> int:
        """The number of steps in one pass through the training data."""

    def rate(self, step: int) -> float:
        """The learning rate of a step."""

    def losses(self, step: int, points: Sequence[Point_contra]) -> list[Tensor]:
        """The training loss of a step at each point; the last point's state is kept for the next step."""

    def training_loss(self, step: int) -> Callable[[MixtureRows], Tensor]:
        """The training loss of a step as a function of the mixture, without effect on later steps."""

    def validation(self, number: int) -> Callable[[MixtureRows], Tensor]:
        """The loss of a small batch of the searched data as a function of the mixture."""

    def score(self, point: Point_contra, looks: Sequence[int] | None) -> Tensor:
        """The search metric on all searched data, or on the small batches with the numbers ``looks``."""

    def state_dict(self) -> dict[str, Any]:
        """The state, besides the weights, on which the next step depends; tensors as NumPy arrays."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the state that ``state_dict`` returned."""
