"""Architectures for training on images: the graphs of their cells as plain data, without networks or torch."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CellGraph:
    """A cell: strictly upper triangular 0/1 `matrix`, and the operation ids of its vertices or edges.

    The family's adapter determines which of the two, and in what order.
    """

    matrix: tuple[tuple[int, ...], ...]
    operations: tuple[int, ...]

    @property
    def adjacency(self) -> str:
        """The matrix row by row as a text of 0 and 1."""
        return "".join(str(edge) for row in self.matrix for edge in row)


@dataclass(frozen=True, slots=True)
class ArchitectureGraphs:
    """An architecture of a `family` of spaces: one graph for each kind of cell, such as normal and reduction."""

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
        """Matrices and operations as one word, which names the architecture when seeds are derived."""
        return "+".join(f"{cell.adjacency}:{''.join(map(str, cell.operations))}" for cell in self.cells)
