"""Adapters: how the cells of each family of search spaces are trained, stand-alone and with shared weights.

A space names its family (`SearchSpace.family`): a name in `ADAPTERS`, or `module:object` of another adapter. Adapters
import torch only when they make a network. The space itself provides what needs no network (`harness.core.space`).
"""

from __future__ import annotations

import importlib
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeAlias, TypeVar

from backends.networks.cell_graphs import ArchitectureGraphs, CellGraph
from harness.core.errors import IncompatibleError
from harness.core.space import SearchSpace

if TYPE_CHECKING:
    import torch
    from torch import nn

    from backends.networks.nasbench101 import Skeleton
    from backends.networks.recurrent_points import SharedModelSettings
    from backends.networks.supernet_points import ImageCells, TextCells

DataKind = Literal["images", "text"]

Space = TypeVar("Space", bound=SearchSpace)


class ImageAdapter(ABC, Generic[Space]):
    """How the cells of a family are trained on images."""

    data: ClassVar[DataKind] = "images"
    supernet_recipes: ClassVar[str] = "digits"
    """The family of recipes that train shared weights by default."""

    unused_settings: ClassVar[tuple[str, ...]] = ()
    """The settings of shared weights on images that networks of this family do not use."""

    @abstractmethod
    def graphs(self, space: Space, key: int) -> tuple[CellGraph, ...]:
        """The graphs of the architecture with this key, one for each kind of cell."""

    @abstractmethod
    def network(self, cells: Sequence[CellGraph], sizes: Skeleton) -> nn.Module:
        """The network around these cells, with `sizes.replicas` side by side; `initialise` sets its weights.

        It maps images (batch, replicas * channels, h, w) to logits (batch, replicas * classes), replica by replica.
        """

    @abstractmethod
    def initialise(self, network: Any, generators: Sequence[torch.Generator]) -> None:
        """Draw the weights of replica r from generator r alone, and reset all running averages."""

    @abstractmethod
    def shared(self, space: Space, sizes: Skeleton, seed: int, device: torch.device) -> ImageCells[Any, Any]:
        """All cells of a space as points of one network, whose weights are drawn from ``seed``."""


class TextAdapter(ABC, Generic[Space]):
    """How the cells of a family are trained on text, where a cell is named by its text form.

    Stand-alone training is `backends.standalone.language_trainer`, which reads the text form of recurrent cells.
    """

    data: ClassVar[DataKind] = "text"
    supernet_recipes: ClassVar[str] = "austen"
    """The family of recipes that train shared weights by default."""

    @abstractmethod
    def shared(
        self, space: Space, network: SharedModelSettings, words: int, *, seed: int, device: torch.device
    ) -> TextCells[Any, Any]:
        """All cells of a space as points of one model with ``words`` words, whose weights are drawn from ``seed``."""


SpaceAdapter: TypeAlias = ImageAdapter[Any] | TextAdapter[Any]

ADAPTERS: Mapping[str, str] = {
    "nasbench101": "backends.networks.nasbench101_adapter:ADAPTER",
    "nasbench201": "backends.networks.nasbench201_adapter:ADAPTER",
    "rnn": "backends.networks.rnn_adapter:ADAPTER",
}
"""The families that come with the project."""


@cache
def adapter_of(family: str) -> SpaceAdapter | None:
    """The adapter of a family, by its name or as `module:object`; None for spaces whose cells cannot be trained."""
    module, _, name = ADAPTERS.get(family, family).partition(":")
    if not name:
        return None
    found: SpaceAdapter = getattr(importlib.import_module(module), name)
    return found


def image_adapter(family: str, name: str = "") -> ImageAdapter[Any]:
    """The adapter of a family whose cells are trained on images; raises IncompatibleError for any other.

    ``name`` is the space's name for the error message.
    """
    adapter = adapter_of(family)
    if not isinstance(adapter, ImageAdapter):
        raise IncompatibleError(
            f"cells of space {name or family!r} are not trained on images; those of nasbench spaces are"
        )
    return adapter


def graphs_of(space: SearchSpace, keys: Sequence[int]) -> list[ArchitectureGraphs]:
    """The architectures with these keys; raises IncompatibleError if the space's cells are not trained on images."""
    adapter = image_adapter(space.family, space.name)
    return [ArchitectureGraphs(space.family, adapter.graphs(space, key)) for key in keys]
