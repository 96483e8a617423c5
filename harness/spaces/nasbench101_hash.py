"""The isomorphism-invariant MD5 of NAS-Bench-101, bit for bit as its lib/graph_util.py (``hash_module``)."""

from __future__ import annotations

from binascii import hexlify
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from hashlib import md5

from harness.core.errors import SpaceError
from harness.spaces.nasbench101_keys import (
    Matrix,
    Operation,
    digits_of,
    operation_codes,
    predecessors_of,
    predecessors_of_bits,
    unpack,
)

INPUT_LABEL, OUTPUT_LABEL = -1, -2


def module_hash(matrix: Matrix, operations: Sequence[Operation]) -> str:
    """The hash of a cell as given, dead parts included (``prune`` it first to find it in the data set).

    ``operations`` are the V-2 interior ones, as codes, data set names or short names. Matrices of bool, of floats and
    of NumPy integers all hash like plain integers; the published function prints ``1.0`` into the hash instead. Raises
    SpaceError if the matrix is not square, 0/1 and strictly upper triangular, or if the lengths differ.
    """
    predecessors, codes = predecessors_of(matrix), operation_codes(operations)
    if len(codes) != len(predecessors) - 2:
        raise SpaceError(f"{len(predecessors)} vertices have {len(predecessors) - 2} operations, not {len(codes)}")
    return _hash(_neighbours(tuple(predecessors)), codes)


def hashes(keys: Iterable[int]) -> Iterator[str]:
    """The hash of the cell of each labelled key, in order; raises SpaceError for what is no key."""
    for key in keys:
        vertices, bits, opcode = unpack(int(key))
        yield _hash(_neighbours_of_bits(bits, vertices), digits_of(opcode, vertices - 2))


Neighbours = tuple[tuple[tuple[int, ...], tuple[int, ...]], ...]
"""For each vertex its predecessors and its successors."""


@cache
def _neighbours_of_bits(bits: int, vertices: int) -> Neighbours:
    return _neighbours(tuple(predecessors_of_bits(bits, vertices)))


def _neighbours(predecessors: tuple[int, ...]) -> Neighbours:
    vertices = range(len(predecessors))
    return tuple(
        (tuple(x for x in vertices if predecessors[v] >> x & 1), tuple(y for y in vertices if predecessors[y] >> v & 1))
        for v in vertices
    )


@cache
def _vertex_hash(degrees_and_label: tuple[int, int, int]) -> bytes:
    return _md5(str(degrees_and_label).encode())


def _md5(text: bytes) -> bytes:
    return hexlify(md5(text, usedforsecurity=False).digest())


def _hash(neighbours: Neighbours, codes: Sequence[int]) -> str:
    """In as many rounds as vertices, hash each vertex's sorted predecessors' and successors' hashes and its own."""
    labels = (INPUT_LABEL, *codes, OUTPUT_LABEL)
    state = [
        _vertex_hash((len(after), len(before), label))
        for (before, after), label in zip(neighbours, labels, strict=True)
    ]
    for _ in labels:
        state = [
            _md5(_joined(state, before) + b"|" + _joined(state, after) + b"|" + own)
            for (before, after), own in zip(neighbours, state, strict=True)
        ]
    return _md5(str([own.decode() for own in sorted(state)]).encode()).decode()


def _joined(state: Sequence[bytes], vertices: tuple[int, ...]) -> bytes:
    if len(vertices) == 1:
        return state[vertices[0]]
    return b"".join(sorted([state[v] for v in vertices]))
