"""The adapter of NAS-Bench-101: the operations of a graph are those of the interior vertices of a pruned cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from backends.networks.adapters import ImageAdapter
from backends.networks.cell_graphs import CellGraph
from harness.spaces.nasbench101 import NASBench101
from harness.spaces.nasbench101_keys import matrix_of_key

if TYPE_CHECKING:
    import torch

    from backends.networks.nasbench101 import NASBench101Network, Skeleton
    from backends.networks.nasbench101_points import NASBench101Cells


class NASBench101Adapter(ImageAdapter[NASBench101]):
    """See `backends.networks.nasbench101` and `backends.networks.nasbench101_supernet`."""

    def graphs(self, space: NASBench101, key: int) -> tuple[CellGraph, ...]:
        """The cell with the key's labelling."""
        return (CellGraph(*matrix_of_key(key)),)

    def network(self, cells: Sequence[CellGraph], sizes: Skeleton) -> NASBench101Network:
        """The benchmark's network."""
        from backends.networks.nasbench101 import NASBench101Network

        return NASBench101Network(cells[0].matrix, cells[0].operations, sizes)

    def initialise(self, network: NASBench101Network, generators: Sequence[torch.Generator]) -> None:
        """Draw the weights as the benchmark does."""
        from backends.networks.nasbench101 import initialise

        initialise(network, generators)

    def shared(self, space: NASBench101, sizes: Skeleton, seed: int, device: torch.device) -> NASBench101Cells:
        """A supernet after eval-nas."""
        from backends.networks.nasbench101_points import NASBench101Cells

        return NASBench101Cells(space, sizes, seed, device)


ADAPTER = NASBench101Adapter()
