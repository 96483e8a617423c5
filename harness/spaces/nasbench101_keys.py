"""Converts single NAS-Bench-101 cells to integer keys and back.

A cell has vertices 0 (input) to V-1 (output); every edge runs from a smaller to a larger vertex, and the V-2 interior
vertices carry operations. Its key is ``V << 29 | bits << 8 | opcode``: edge (x, y) is bit ``x + y(y-1)/2`` of ``bits``,
and ``opcode`` reads the operations as digits of base 3, vertex 1 first. The numeric order of keys is therefore the
order in which NAS-Bench-101, scripts/generate_graphs.py, visits the graphs, and the smallest key of an isomorphism
class is the graph that script keeps. ``operations`` are of the V-2 interior vertices, ``labels`` of all vertices.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from harness.core.errors import SpaceError

OPERATIONS = ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
"""The data set's names, in the order of the codes 0, 1, 2 (NAS-Bench-101, lib/config.py)."""

SHORT_NAMES = ("conv3x3", "conv1x1", "maxpool")
"""The names of the text form, in the same order."""

MOST_VERTICES = 7
MOST_EDGES = 9
OUTSIDE_SPACE = -1
"""The key of everything that is not a cell of the space."""

INPUT, OUTPUT = "input", "output"
OPERATION_CODES = {name: code for names in (OPERATIONS, SHORT_NAMES, range(3)) for code, name in enumerate(names)}

Operation: TypeAlias = int | np.integer[Any] | str
Matrix: TypeAlias = Sequence[Sequence[int | float]] | npt.NDArray[Any]
"""An adjacency matrix of 0 and 1, strictly upper triangular, of shape (vertices, vertices)."""

Label = TypeVar("Label")
Vertex = TypeVar("Vertex", int, npt.NDArray[np.int64])


def offset(vertex: Vertex) -> Vertex:
    """The bit of edge (0, vertex): the edges into ``vertex`` are the ``vertex`` bits from here on."""
    return vertex * (vertex - 1) // 2


def unpack(key: int) -> tuple[int, int, int]:
    """The number of vertices, the edge bits and the opcode of a key; raises SpaceError outside the space."""
    if not 2 <= key >> 29 <= MOST_VERTICES:
        raise SpaceError(f"{key!r} is no key of a NAS-Bench-101 cell")
    return key >> 29, key >> 8 & (1 << 21) - 1, key & 255


def predecessors_of(matrix: Matrix) -> list[int]:
    """The predecessors of each vertex as a bit mask; raises SpaceError unless strictly upper triangular of 0 and 1."""
    rows: list[list[Any]] = matrix.tolist() if isinstance(matrix, np.ndarray) else [list(row) for row in matrix]
    predecessors = [0] * len(rows)
    for x, row in enumerate(rows):
        if len(row) != len(rows):
            raise SpaceError(f"an adjacency matrix is square, but row {x} of {len(rows)} has {len(row)} entries")
        for y, entry in enumerate(row):
            if entry:
                if entry != 1 or y <= x:
                    raise SpaceError(
                        f"an adjacency matrix holds 0 and 1 above its diagonal, but [{x}][{y}] is {entry!r}"
                    )
                predecessors[y] |= 1 << x
    return predecessors


def predecessors_of_bits(bits: int, vertices: int) -> list[int]:
    """The predecessors of each vertex as a bit mask, from edge bits."""
    return [bits >> offset(y) & (1 << y) - 1 for y in range(vertices)]


def operation_codes(operations: Iterable[Operation]) -> list[int]:
    """The codes 0, 1, 2 of operations given as codes, data set names or short names; raises SpaceError for others."""
    operations = list(operations)
    try:
        return [OPERATION_CODES[operation] for operation in operations]
    except (KeyError, TypeError):
        raise SpaceError(f"the operations are {', '.join(OPERATIONS)}, but these are {operations!r}") from None


def interior(labels: Sequence[str]) -> list[int]:
    """The operation codes of the interior vertices of data set labels; raises SpaceError unless 'input' .. 'output'."""
    if len(labels) < 2 or labels[0] != INPUT or labels[-1] != OUTPUT:
        raise SpaceError(f"the labels of a cell run from {INPUT!r} to {OUTPUT!r}, but these are {list(labels)!r}")
    return operation_codes(labels[1:-1])


def alive(predecessors: Sequence[int]) -> list[int]:
    """The vertices on a path from the first to the last, ascending; empty if there is no path or a single vertex."""
    last = len(predecessors) - 1
    forward, backward = 1, 1 << last
    for y in range(1, last + 1):
        forward |= bool(predecessors[y] & forward) << y
    for y in range(last, 0, -1):
        backward |= predecessors[y] if backward >> y & 1 else 0
    kept = forward & backward
    return [v for v in range(last + 1) if kept >> v & 1] if last and kept & 1 else []


def pruned_key(predecessors: Sequence[int], operations: Sequence[int]) -> int:
    """The key after dead vertices are removed; -1 if disconnected, of more than 7 vertices or of more than 9 edges."""
    vertices = alive(predecessors)
    if not 2 <= len(vertices) <= MOST_VERTICES:
        return OUTSIDE_SPACE
    bits = opcode = start = 0
    for y, v in enumerate(vertices):
        sources = predecessors[v]
        for x in range(y):
            bits |= (sources >> vertices[x] & 1) << start + x
        start += y
    for v in vertices[1:-1]:
        opcode = opcode * 3 + operations[v - 1]
    return len(vertices) << 29 | bits << 8 | opcode if bits.bit_count() <= MOST_EDGES else OUTSIDE_SPACE


def key_of_matrix(matrix: Matrix, operations: Sequence[Operation]) -> int:
    """The labelled key of a cell of any number of vertices after pruning, or -1 outside the space.

    ``operations`` holds the V-2 interior ones, as codes, data set names or short names. Raises SpaceError if the matrix
    is not square, 0/1 and strictly upper triangular, if the lengths differ, or for an unknown operation.
    """
    predecessors, codes = predecessors_of(matrix), operation_codes(operations)
    if len(codes) != max(len(predecessors) - 2, 0):
        raise SpaceError(f"{len(predecessors)} vertices have {len(predecessors) - 2} operations, not {len(codes)}")
    return pruned_key(predecessors, codes)


@cache
def digits_of(opcode: int, count: int) -> tuple[int, ...]:
    """The ``count`` operation codes of an opcode, vertex 1 first."""
    return tuple(opcode // 3**place % 3 for place in reversed(range(count)))


def matrix_of_key(key: int) -> tuple[tuple[tuple[int, ...], ...], tuple[int, ...]]:
    """The adjacency matrix, shape (V, V), and the V-2 operation codes of a key; raises SpaceError outside the space."""
    vertices, bits, opcode = unpack(key)
    sources = predecessors_of_bits(bits, vertices)
    matrix = tuple(tuple(sources[y] >> x & 1 for y in range(vertices)) for x in range(vertices))
    return matrix, digits_of(opcode, vertices - 2)


def prune(matrix: Matrix, labels: Sequence[Label]) -> tuple[tuple[tuple[int, ...], ...], tuple[Label, ...]] | None:
    """The matrix and labels without vertices off every path from the first to the last; None if there is no path.

    As NAS-Bench-101, lib/model_spec.py: one label a vertex, order kept, a matrix of any size. Raises SpaceError if the
    matrix is not square, 0/1 and strictly upper triangular, or if the lengths differ.
    """
    predecessors = predecessors_of(matrix)
    if len(labels) != len(predecessors):
        raise SpaceError(f"{len(predecessors)} vertices need as many labels, not {len(labels)}")
    kept = alive(predecessors)
    if not kept:
        return None
    return tuple(tuple(predecessors[y] >> x & 1 for y in kept) for x in kept), tuple(labels[v] for v in kept)
