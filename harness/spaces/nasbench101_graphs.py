"""Operations on many NAS-Bench-101 cells at once: pruning, canonical forms, enumeration, by look-ups of edge bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import permutations

import numpy as np
import numpy.typing as npt

from harness.core.errors import SpaceError
from harness.spaces.nasbench101_keys import MOST_EDGES, MOST_VERTICES, OUTSIDE_SPACE, offset

Keys = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int64]

LOW_BITS = 11  # edge bits are looked up in two halves, so that the tables of 21 bits stay in the cache
EDGE_COUNT_UNIT = 1 << 21  # moves count edges above the edge bits: those that pruning keeps or relabelling reverses
BIT_COUNTS = np.array([mask.bit_count() for mask in range(1 << MOST_VERTICES)], dtype=np.int64)
NO_OPCODE = 255  # an opcode that no labelling of at most 5 interior vertices has


@dataclass(frozen=True, slots=True)
class BitMoves:
    """Maps of edge bits to new positions: way w gives ``low[w, bits % 2048] + high[w, bits // 2048]``."""

    low: npt.NDArray[np.int32]
    high: npt.NDArray[np.int32]

    @classmethod
    def build(cls, values: npt.NDArray[np.int32]) -> BitMoves:
        """Build the maps from the value that each set edge bit adds, shape (ways, edges)."""
        return cls(_subset_sums(values[:, :LOW_BITS]), _subset_sums(values[:, LOW_BITS:]))

    def apply(self, way: npt.NDArray[np.int64] | slice, bits: Codes) -> npt.NDArray[np.int32]:
        """The moved bits under the given way(s), with the count of edges above them."""
        return self.low[way, bits & (1 << LOW_BITS) - 1] + self.high[way, bits >> LOW_BITS]


def _subset_sums(values: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    sums = np.zeros((len(values), 1), dtype=np.int32)
    for column in values.T:
        sums = np.concatenate([sums, sums + column[:, None]], axis=1)
    return sums


def edges(vertices: int) -> list[tuple[int, int]]:
    """The possible edges (x, y) of a cell, in the order of their bits."""
    return [(x, y) for y in range(vertices) for x in range(y)]


def bit_values(vertices: int) -> Codes:
    """The value of each edge in the edge bits, in the order of the bits."""
    return np.int64(1) << np.arange(len(edges(vertices)), dtype=np.int64)


def operation_digits(count: int) -> Codes:
    """The operation codes of all opcodes of ``count`` interior vertices, shape (3**count, count)."""
    return np.arange(3**count)[:, None] // 3 ** np.arange(count)[::-1] % 3


def operations_of(keys: Keys, vertices: int) -> Codes:
    """The operations of the interior vertices of these keys, shape (keys, vertices - 2), -1 for a missing vertex."""
    found = np.full((len(keys), vertices - 2), -1, np.int64)
    for interior in range(1, vertices - 1):
        here = keys >> 29 == interior + 2
        found[here, :interior] = operation_digits(interior)[keys[here] & 255]
    return found


@cache
def _pruning_moves(vertices: int) -> tuple[BitMoves, Codes]:
    """The moves and new opcodes, shape (2**interior, 3**interior), for each set of interior vertices that stay."""
    interior = vertices - 2
    ways = np.arange(1 << interior)[:, None] >> np.arange(interior) & 1
    stays = np.pad(ways, ((0, 0), (1, 1)), constant_values=1)
    place = np.cumsum(stays, axis=1) - 1
    values = [
        stays[:, x] * stays[:, y] * ((1 << place[:, x] + offset(place[:, y])) + EDGE_COUNT_UNIT)
        for x, y in edges(vertices)
    ]
    opcodes = np.zeros((len(ways), 3**interior), dtype=np.int64)
    for stay, digit in zip(ways.T, operation_digits(interior).T, strict=True):
        opcodes = np.where(stay[:, None] == 1, opcodes * 3 + digit, opcodes)
    return BitMoves.build(np.stack(values, axis=1).astype(np.int32)), opcodes


def _alive_vertices(bits: npt.NDArray[np.int32], vertices: int) -> npt.NDArray[np.int32]:
    """Bit masks of the vertices on a path from the input to the output; 0 if there is no path."""
    columns = [bits >> offset(y) & (1 << y) - 1 for y in range(vertices)]
    forward = np.ones_like(bits)
    for y in range(1, vertices):
        forward |= ((columns[y] & forward) != 0).astype(np.int32) << y
    backward = np.full_like(bits, 1 << vertices - 1)
    for y in range(vertices - 1, 0, -1):
        backward |= columns[y] * (backward >> y & 1)
    return forward & backward


def pruned_keys(bits: Codes, opcodes: Codes, vertices: int) -> Keys:
    """The labelled keys of cells of ``vertices`` vertices after dead parts are removed (-1: outside the space)."""
    kept = _alive_vertices(bits.astype(np.int32), vertices)
    way = (kept >> 1 & (1 << vertices - 2) - 1).astype(np.int64)
    moves, relabelled = _pruning_moves(vertices)
    moved = moves.apply(way, bits).astype(np.int64)
    stayed = BIT_COUNTS[way] + 2
    keys = stayed << 29 | (moved & EDGE_COUNT_UNIT - 1) << 8 | relabelled[way, opcodes]
    return np.where((kept & 1 == 1) & (moved < (MOST_EDGES + 1) * EDGE_COUNT_UNIT), keys, OUTSIDE_SPACE)


def matrix_keys(matrices: npt.NDArray[np.generic], operations: npt.NDArray[np.integer]) -> Keys:
    """The labelled keys after pruning (-1: outside) of ``matrices`` (cells, V, V) with ``operations`` (cells, V-2).

    Operations are codes 0 to 2; V is 2 to 7. Raises SpaceError for other shapes and codes, and for matrices that are
    not 0/1 and strictly upper triangular.
    """
    vertices = matrices.shape[-1]
    if matrices.shape != (len(operations), vertices, vertices) or not 2 <= vertices <= MOST_VERTICES:
        raise SpaceError(f"matrices have shape (cells, V, V) with V from 2 to 7, not {matrices.shape!r}")
    if operations.shape != (len(matrices), vertices - 2) or ((operations < 0) | (operations > 2)).any():
        raise SpaceError(f"operations are codes 0 to 2 of shape {(len(matrices), vertices - 2)!r}")
    ones = matrices == 1
    if np.tril(ones).any() or not (ones | (matrices == 0)).all():
        raise SpaceError("adjacency matrices hold 0 and 1 above their diagonals and 0 elsewhere")
    bits = np.stack([ones[:, x, y] for x, y in edges(vertices)], axis=1) @ bit_values(vertices)
    return pruned_keys(bits, opcodes_of(operations), vertices)


def opcodes_of(operations: npt.NDArray[np.integer]) -> Codes:
    """The opcodes of operation codes, shape (cells, interior vertices)."""
    return operations.astype(np.int64) @ 3 ** np.arange(operations.shape[1], dtype=np.int64)[::-1]


def full_graphs(vertices: int) -> Codes:
    """The edge bits, ascending, of all graphs in which no vertex is dead and no more than 9 edges are used.

    These are the full DAGs of NAS-Bench-101, lib/graph_util.py: every vertex but the first has a predecessor, and every
    vertex but the last has a successor.
    """
    graphs, left, used = np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)
    for y in range(1, vertices):
        column = np.arange(1, 1 << y)
        graphs = (column[:, None] << offset(y) | graphs).ravel()
        left, used = (column[:, None] | left).ravel(), (BIT_COUNTS[column][:, None] + used).ravel()
        few = used <= MOST_EDGES
        graphs, left, used = graphs[few], left[few], used[few]
    full: Codes = graphs[left == (1 << vertices - 1) - 1]
    return full


@cache
def relabellings(vertices: int) -> tuple[BitMoves, npt.NDArray[np.uint8]]:
    """The moves and new opcodes, shape (permutations, 3**interior), for each permutation of the interior vertices."""
    interior = vertices - 2
    orders = np.array(list(permutations(range(interior))), dtype=np.int64)
    place = np.hstack([np.zeros((len(orders), 1), np.int64), orders + 1, np.full((len(orders), 1), vertices - 1)])
    values = [
        np.where(place[:, x] < place[:, y], 1 << place[:, x] + offset(place[:, y]), EDGE_COUNT_UNIT)
        for x, y in edges(vertices)
    ]
    opcodes = 3 ** (interior - 1 - orders) @ operation_digits(interior).T
    return BitMoves.build(np.stack(values, axis=1).astype(np.int32)), opcodes.astype(np.uint8)


@dataclass(frozen=True, slots=True)
class CanonicalForms:
    """All graphs of a space, with the canonical form of each under each labelling.

    ``graphs`` holds ``key >> 8``, ascending, shape (graphs,). ``least`` holds it for the isomorphic graph with the
    smallest edge bits. ``opcodes``, shape (graphs, 256), maps each opcode to the opcode of the canonical form, and
    opcodes that do not exist to 255.
    """

    graphs: Codes
    least: Codes
    opcodes: npt.NDArray[np.uint8]


def _canonical_forms_of(vertices: int) -> CanonicalForms:
    """The graphs of exactly this many vertices; a canonical form has the smallest bits, then the smallest opcode."""
    graphs = full_graphs(vertices)
    moves, relabelled = relabellings(vertices)
    moved = moves.apply(slice(None), graphs)
    least = moved.min(axis=0)
    opcodes = np.full((len(graphs), 256), NO_OPCODE, dtype=np.uint8)
    labellings = relabelled.shape[1]
    for bits, codes in zip(moved, relabelled, strict=True):
        ties = np.flatnonzero(bits == least)
        opcodes[ties, :labellings] = np.minimum(opcodes[ties, :labellings], codes)
    return CanonicalForms(vertices << 21 | graphs, vertices << 21 | least.astype(np.int64), opcodes)


@cache
def canonical_forms(vertices: int) -> CanonicalForms:
    """The graphs of at most this many vertices."""
    parts: Sequence[CanonicalForms] = [_canonical_forms_of(v) for v in range(2, vertices + 1)]
    return CanonicalForms(
        np.concatenate([part.graphs for part in parts]),
        np.concatenate([part.least for part in parts]),
        np.concatenate([part.opcodes for part in parts]),
    )


def canonical_keys(keys: Keys, vertices: int = MOST_VERTICES) -> Keys:
    """The least key of each cell's isomorphism class, or -1 for what is no cell of at most ``vertices`` vertices."""
    known = canonical_forms(vertices)
    graphs = keys >> 8
    row = np.minimum(np.searchsorted(known.graphs, graphs), len(known.graphs) - 1)
    opcodes = known.opcodes[row, keys & 255]
    inside = (known.graphs[row] == graphs) & (opcodes != NO_OPCODE)
    return np.where(inside, known.least[row] << 8 | opcodes, OUTSIDE_SPACE)


@cache
def cells(vertices: int) -> Keys:
    """The canonical keys of all cells of at most ``vertices`` vertices, ascending and read-only."""
    known = canonical_forms(vertices)
    own = known.graphs == known.least
    row, opcode = np.nonzero(known.opcodes[own, :NO_OPCODE] == np.arange(NO_OPCODE))
    keys: Keys = known.graphs[own][row] << 8 | opcode
    keys.flags.writeable = False
    return keys


def aliases(keys: Keys, vertices: int = MOST_VERTICES) -> tuple[Keys, npt.NDArray[np.int64]]:
    """All labelled keys, ascending, of the cells of these canonical keys, and the index of each into ``keys``."""
    known = canonical_forms(vertices)
    row, opcode = np.nonzero(known.opcodes != NO_OPCODE)
    canonical = known.least[row] << 8 | known.opcodes[row, opcode]
    if not len(keys):
        return keys, np.zeros(0, dtype=np.int64)
    order = np.argsort(keys, kind="stable")
    place = np.minimum(np.searchsorted(keys, canonical, sorter=order), len(keys) - 1)
    found = keys[order[place]] == canonical
    return (known.graphs[row] << 8 | opcode)[found], order[place[found]]
