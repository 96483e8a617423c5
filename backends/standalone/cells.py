"""A cell as the stand-alone trainer takes it: plain data, no network and no torch."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.core.errors import IncompatibleError
from harness.core.space import SearchSpace
from harness.spaces.nasbench101_keys import matrix_of_key
from harness.spaces.nasbench201 import NODES

SCHEMES = ("nasbench101", "nasbench201")
"""The schemes of the spaces whose cells are trained on images."""


@dataclass(frozen=True, slots=True)
class CellGraph:
    """A cell as a graph: strictly upper triangular 0/1 `matrix`, and operation ids.

    They are those of the interior vertices of a pruned NAS-Bench-101 cell, or of the edges of a NAS-Bench-201 cell.
    """

    matrix: tuple[tuple[int, ...], ...]
    operations: tuple[int, ...]

    @classmethod
    def from_text(cls, adjacency: str, operations: str) -> "CellGraph":
        """Build a cell from its matrix row by row as a text of 0 and 1, and its operation ids as digits."""
        size = math.isqrt(len(adjacency))
        rows = (adjacency[start : start + size] for start in range(0, len(adjacency), size))
        return cls(tuple(tuple(map(int, row)) for row in rows), tuple(map(int, operations)))

    @property
    def on_edges(self) -> bool:
        """Whether the operations are those of the edges."""
        return len(self.operations) != len(self.matrix) - 2

    @property
    def adjacency(self) -> str:
        """The matrix row by row as a text of 0 and 1."""
        return "".join(str(edge) for row in self.matrix for edge in row)

    @property
    def text(self) -> str:
        """Matrix and operations as one word: the cell's name in seeds and journals."""
        return f"{self.adjacency}:{''.join(map(str, self.operations))}"


def cells_of(space: SearchSpace, keys: Sequence[int]) -> list[CellGraph]:
    """The cells of these keys of a space; raises IncompatibleError for a space of other cells than of images."""
    if space.scheme == "nasbench101":
        return [CellGraph(*matrix_of_key(key)) for key in keys]
    if space.scheme != "nasbench201":
        raise IncompatibleError(
            f"cells of space {space.name!r} are not trained on images; those of nasbench spaces are"
        )
    matrix = tuple(tuple(int(source < node) for node in range(NODES)) for source in range(NODES))
    return [CellGraph(matrix, tuple(row)) for row in space.from_keys(np.asarray(keys, dtype=np.int64)).tolist()]
