"""An architecture as it is trained on images: the graphs of its cells as plain data, no network and no torch."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CellGraph:
    """A cell: strictly upper triangular 0/1 `matrix`, and the operation ids of its vertices or edges.

    Which of the two, and in what order, the adapter of the family says.
    """

    matrix: tuple[tuple[int, ...], ...]
    operations: tuple[int, ...]

    @property
    def adjacency(self) -> str:
        """The matrix row by row as a text of 0 and 1."""
        return "".join(str(edge) for row in self.matrix for edge in row)


@dataclass(frozen=True, slots=True)
class ArchitectureGraphs:
    """An architecture of a `family` of spaces: one graph for each kind of cell, as normal and reduction."""

    family: str
    cells: tuple[CellGraph, ...]

    @property
    def adjacency(self) -> str:
        """The matrices row by row as texts of 0 and 1, joined by `+`."""
        return "+".join(cell.adjacency for cell in self.cells)

    @property
    def operations(self) -> tuple[int, ...]:
        """The operation ids of all cells, one cell after the other."""
        return tuple(operation for cell in self.cells for operation in cell.operations)

    @property
    def text(self) -> str:
        """Matrices and operations as one word: the architecture's name in seeds."""
        return "+".join(f"{cell.adjacency}:{''.join(map(str, cell.operations))}" for cell in self.cells)
