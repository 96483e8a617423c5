"""The recurrent cells of a space as points of one language model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import torch
from torch import Tensor

from backends.networks.dropouts import Dropouts
from backends.networks.recurrent_supernet import (
    Average,
    SharedRecurrentModel,
    Sharing,
    StateNorm,
    edge_weights,
    pair_weights,
)
from backends.networks.supernet_points import MixtureRows, TextCells
from harness.core.space import Architecture
from harness.spaces.rnn_cell import RNNCell


@dataclass(frozen=True, slots=True)
class RecurrentPath:
    """One cell: activation and predecessor of each node."""

    nodes: tuple[tuple[str, int], ...]


RecurrentPoint: TypeAlias = RecurrentPath | MixtureRows


class SharedModelSettings(Protocol):
    """Sizes and variants as in ``SharedRecurrentModel``, and the range of the initial weights."""

    @property
    def width(self) -> int: ...
    @property
    def sharing(self) -> Sharing: ...
    @property
    def average(self) -> Average: ...
    @property
    def norm(self) -> StateNorm: ...
    @property
    def dropouts(self) -> Dropouts: ...
    @property
    def init_range(self) -> float: ...


class RecurrentCells(TextCells[RNNCell, RecurrentPath]):
    """The supernet of a space of recurrent cells, whose weights are drawn from ``seed``."""

    module: SharedRecurrentModel

    def __init__(
        self, space: RNNCell, network: SharedModelSettings, words: int, *, seed: int, device: torch.device
    ) -> None:
        super().__init__(space, device)
        self.module = SharedRecurrentModel(
            space.nodes,
            width=network.width,
            words=words,
            sharing=network.sharing,
            average=network.average,
            norm=network.norm,
            dropouts=network.dropouts,
        )
        self.module.initialise(torch.Generator().manual_seed(seed), network.init_range)
        self.module.to(device)

    def written(self, architecture: Architecture) -> RecurrentPath:
        """The path of an architecture; no two architectures are the same cell."""
        return RecurrentPath(tuple(self._space.pairs(architecture)))

    def outputs(
        self, words: Tensor, hidden: Tensor, point: RecurrentPoint, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """Raw outputs and the decoder's inputs, (steps, columns, width), of words (steps, columns) at a point."""
        if isinstance(point, RecurrentPath):
            return self.module.path(words, hidden, point.nodes, generator)
        weights = edge_weights if self._space.encoding == "edges" else pair_weights
        return self.module.mixture(words, hidden, weights(point), generator)
