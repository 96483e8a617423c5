"""A cell as the stand-alone trainer takes it: plain data, no network and no torch."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """A pruned NAS-Bench-101 cell: strictly upper triangular 0/1 `matrix`, operation ids of the interior vertices."""

    matrix: tuple[tuple[int, ...], ...]
    operations: tuple[int, ...]

    @classmethod
    def from_text(cls, adjacency: str, operations: str) -> "Cell":
        """Build a cell from its matrix row by row as a text of 0 and 1, and its operation ids as digits."""
        size = math.isqrt(len(adjacency))
        rows = (adjacency[start : start + size] for start in range(0, len(adjacency), size))
        return cls(tuple(tuple(map(int, row)) for row in rows), tuple(map(int, operations)))

    @property
    def adjacency(self) -> str:
        """The matrix row by row as a text of 0 and 1."""
        return "".join(str(edge) for row in self.matrix for edge in row)

    @property
    def text(self) -> str:
        """Matrix and operations as one word: the cell's name in seeds and journals."""
        return f"{self.adjacency}:{''.join(map(str, self.operations))}"
