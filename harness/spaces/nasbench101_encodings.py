"""Two ways to write a NAS-Bench-101 cell as decisions: all its edges, or one predecessor for each interior vertex."""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

import numpy as np

from harness.core.errors import SpaceError
from harness.core.space import Choices
from harness.spaces.nasbench101_graphs import Codes, Keys, bit_values, cells, edges, opcodes_of, operation_digits
from harness.spaces.nasbench101_keys import MOST_VERTICES, offset

HIGHEST_BIT = np.array([max(mask.bit_length() - 1, 0) for mask in range(1 << MOST_VERTICES)], dtype=np.int64)


def _graph_parts(keys: Keys) -> tuple[Codes, Codes, Codes]:
    return keys >> 29, keys >> 8 & (1 << 21) - 1, keys & 255


class EdgeEncoding:
    """One decision for each possible edge (in bit order), then one for the operation of each interior vertex.

    A cell of V < ``vertices`` vertices uses the interior vertices 1 to V-2 and the last one; the others are isolated
    and carry operation 0. Every cell is reached.
    """

    def __init__(self, vertices: int) -> None:
        self.vertices = vertices
        self.options = (2,) * len(edges(vertices)) + (3,) * (vertices - 2)
        self.operations = tuple(range(len(edges(vertices)), len(self.options)))

    def graphs(self, choices: Choices) -> tuple[Codes, Codes]:
        """The edge bits and opcodes, each of shape (architectures,), as chosen, dead parts included."""
        count = len(edges(self.vertices))
        return choices[:, :count] @ bit_values(self.vertices), opcodes_of(choices[:, count:])

    def choices(self, keys: Keys) -> Choices:
        """The choices that describe these labelled keys: the same labels, the output moved to the last vertex."""
        vertices, bits, opcodes = _graph_parts(keys)
        start = offset(vertices - 1)
        bits = bits & (1 << start) - 1 | bits >> start << offset(self.vertices - 1)
        edge = bits[:, None] >> np.arange(len(edges(self.vertices))) & 1
        unused = self.vertices - vertices
        return np.hstack([edge, operation_digits(self.vertices - 2)[opcodes * 3**unused]])

    def cells(self) -> Keys:
        """The canonical keys, ascending, of all cells."""
        return cells(self.vertices)


class TreeEncoding:
    """One predecessor and one operation for each interior vertex; vertices without a successor feed the output.

    The encoding of the ENAS and NAO policies of Yu et al. 2020 (eval-nas, enas_policy/utils_for_nasbench.py). It only
    reaches cells of exactly ``vertices`` vertices in which every interior vertex has one predecessor. Relabelling
    preserves this property, and so each labelled key of a reached cell is described by exactly one row of choices.
    """

    def __init__(self, vertices: int) -> None:
        self.vertices = vertices
        self.options = tuple(n for vertex in range(1, vertices - 1) for n in (vertex, 3))
        self.operations = tuple(range(1, len(self.options), 2))

    def graphs(self, choices: Choices) -> tuple[Codes, Codes]:
        """The edge bits and opcodes (architectures,); no vertex is dead, but there may be more than 9 edges."""
        sources = np.int64(1) << choices[:, ::2]
        used = np.bitwise_or.reduce(sources, axis=1, initial=0)
        unused = ~used & (1 << self.vertices - 1) - 1
        into_interior = (sources << self._starts()).sum(axis=1)
        return into_interior | unused << offset(self.vertices - 1), opcodes_of(choices[:, 1::2])

    def choices(self, keys: Keys) -> Choices:
        """The choices that describe these labelled keys; raises SpaceError for a cell that no choices describe."""
        vertices, bits, opcodes = _graph_parts(keys)
        interior = np.arange(1, self.vertices - 1)
        columns = bits[:, None] >> self._starts() & (1 << interior) - 1
        choices = np.zeros((len(keys), len(self.options)), dtype=np.int64)
        choices[:, ::2] = HIGHEST_BIT[columns]
        choices[:, 1::2] = operation_digits(self.vertices - 2)[opcodes % 3 ** (self.vertices - 2)]
        other = (vertices != self.vertices) | (self.graphs(choices)[0] != bits)
        if other.any():
            raise SpaceError(
                f"the tree encoding cannot write {int(other.sum())} of {len(keys)} cells: "
                f"it needs {self.vertices} vertices and one predecessor for each operation; use encoding='edges'"
            )
        return choices

    def cells(self) -> Keys:
        """The canonical keys, ascending, of all cells that the encoding reaches."""
        return tree_cells(self.vertices)

    def _starts(self) -> Codes:
        return offset(np.arange(1, self.vertices - 1))


Encoding: TypeAlias = EdgeEncoding | TreeEncoding
"""A way to describe cells of at most ``vertices`` vertices, and their graphs, by decisions.

``operations`` are the decisions that choose the operation of vertices 1, 2 and so on."""


@cache
def tree_cells(vertices: int) -> Keys:
    """The canonical keys of the cells whose own labelled form the tree encoding describes, ascending and read-only."""
    keys = cells(vertices)
    _, bits, _ = _graph_parts(keys)
    single = keys >> 29 == vertices
    used = np.zeros_like(keys)
    for vertex in range(1, vertices - 1):
        column = bits >> offset(vertex) & (1 << vertex) - 1
        single &= (column & column - 1) == 0
        used |= column
    reached: Keys = keys[single & (bits >> offset(vertices - 1) == ~used & (1 << vertices - 1) - 1)]
    reached.flags.writeable = False
    return reached
