"""The 12 cells of the study of how much is shared, by the number of matrices that they share.

Images (Yu et al. 2020, App. D.1; eval-nas, NasBenchSearchSpaceICLRInfluenceWS): NAS-Bench-101 cells of up to 6 vertices
in 4 groups. The last interior vertex follows vertex i; vertices 1 to i are conv3x3 and follow all vertices before them.
So the three cells of group i, one for each operation, share i matrices below the vertex in which they differ.

Text (App. D.1, Fig. 6): recurrent cells of 3 nodes, nodes 1 and 2 fixed, and node 3 one of 3 predecessors x 4
activations. The figure colours a cell with 0, 1 or 2 shared matrices, but says neither which nodes are fixed nor how it
counts. Node 3 has a matrix of its own for every predecessor and activation, and all cells have the matrices of nodes 1
and 2; cells differ in how many of these lie between the cell's input and node 3. These are 0, 1 and 2 if node 2 follows
node 1, and in no other wiring. Both are tanh here, the activation of Yu et al.'s node 0.
"""

from __future__ import annotations

from dataclasses import dataclass

from backends.networks.adapters import DataKind, adapter_of
from harness.core.space import SearchSpace
from harness.spaces.rnn_cell import OPERATIONS

IMAGE_OPERATIONS = ("conv3x3", "conv1x1", "maxpool")

SPACES: dict[DataKind, str] = {"images": "nasbench101-v6", "text": "rnn3"}
"""The smallest spaces that hold all 12 cells."""


def kind_of(space: SearchSpace) -> DataKind:
    """What the cells of a space are trained on."""
    adapter = adapter_of(space.family)
    return "images" if adapter is None else adapter.data


@dataclass(frozen=True, slots=True)
class SharingCell:
    """A cell in text form, the number of matrices that it shares, and the operation that only it has in its group."""

    cell: str
    shared: int
    operation: str


def twelve_cells(kind: DataKind) -> tuple[SharingCell, ...]:
    """The 12 cells."""
    if kind == "text":
        return tuple(SharingCell(f"tanh@0 tanh@1 {op}@{i}", i, op) for i in range(3) for op in OPERATIONS)
    return tuple(SharingCell(_stacked(op, i), i, op) for i in range(4) for op in IMAGE_OPERATIONS)


def _stacked(operation: str, below: int) -> str:
    """A cell with an operation after ``below`` fully connected conv3x3 vertices."""
    fixed = [f"conv3x3@{','.join(map(str, range(vertex)))}" for vertex in range(1, below + 1)]
    return " ".join([*fixed, f"{operation}@{below}", f"output@{below + 1}"])
