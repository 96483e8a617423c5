"""The adapter of NAS-Bench-201: the operations of a graph are those of the edges of a complete graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backends.networks.adapters import ImageAdapter
from backends.networks.cell_graphs import CellGraph
from harness.spaces.nasbench201 import NODES, NASBench201

if TYPE_CHECKING:
    import torch

    from backends.networks.nasbench101 import Skeleton
    from backends.networks.nasbench201 import NASBench201Network
    from backends.networks.nasbench201_points import NASBench201Cells

MATRIX = tuple(tuple(int(source < node) for node in range(NODES)) for source in range(NODES))


class NASBench201Adapter(ImageAdapter[NASBench201]):
    """See `backends.networks.nasbench201` and `backends.networks.nasbench201_supernet`."""

    unused_settings = ("widths", "slices")

    def graphs(self, space: NASBench201, key: int) -> tuple[CellGraph, ...]:
        """The cell with this key; in a space of classes, the cell with the smallest key of its class."""
        return (CellGraph(MATRIX, space.from_key(key).choices),)

    def network(self, cells: Sequence[CellGraph], sizes: Skeleton) -> NASBench201Network:
        """The benchmark's network."""
        from backends.networks.nasbench201 import NASBench201Network

        return NASBench201Network(cells[0].operations, sizes)

    def initialise(self, network: NASBench201Network, generators: Sequence[torch.Generator]) -> None:
        """Draw the weights as the benchmark does."""
        from backends.networks.nasbench201 import initialise

        initialise(network, generators)

    def shared(self, space: NASBench201, sizes: Skeleton, seed: int, device: torch.device) -> NASBench201Cells:
        """A supernet after AutoDL-Projects."""
        from backends.networks.nasbench201_points import NASBench201Cells

        return NASBench201Cells(space, sizes, seed, device)


ADAPTER = NASBench201Adapter()
