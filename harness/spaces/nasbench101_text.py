"""The text forms of a NAS-Bench-101 cell: each vertex with its predecessors, or the data set's own two fields."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from harness.core.errors import SpaceError
from harness.core.space import GraphDescription
from harness.spaces.nasbench101_graphs import Keys, matrix_keys
from harness.spaces.nasbench101_keys import (
    OUTPUT,
    SHORT_NAMES,
    digits_of,
    interior,
    key_of_matrix,
    operation_codes,
    predecessors_of_bits,
    pruned_key,
    unpack,
)

EXAMPLES = "'conv3x3@0 conv1x1@0,1 output@2' or '010001000;input,conv3x3-bn-relu,output'"
VERTEX = re.compile(r"([\w-]+)@(\d{1,3}(?:,\d{1,3})*)", re.ASCII)
FIELDS = re.compile(r"([01]+);([\w,-]+)", re.ASCII)


def format_key(key: int) -> str:
    """One word for each vertex after the input: its operation, ``@``, and its predecessors (0 is the input).

    ``conv3x3@0 conv1x1@0,1 output@2`` is the cell of edges 0-1, 0-2, 1-2 and 2-3. Raises SpaceError outside the space.
    """
    vertices, bits, opcode = unpack(key)
    names = [*(SHORT_NAMES[code] for code in digits_of(opcode, vertices - 2)), OUTPUT]
    masks = predecessors_of_bits(bits, vertices)[1:]
    sources = [",".join(str(x) for x in range(vertices) if mask >> x & 1) for mask in masks]
    return " ".join(f"{name}@{numbers}" for name, numbers in zip(names, sources, strict=True))


def parse_key(text: str) -> int:
    """The labelled key of a cell in either text form, dead parts removed.

    One form is that of ``format_key``; the other is ``ADJACENCY;LABELS`` as in the data set's files: row-major 0/1, and
    comma-joined labels. Raises SpaceError for anything else, and for a cell outside the space.
    """
    key = _key_of_fields(*fields.groups()) if (fields := FIELDS.fullmatch(text.strip())) else _key_of_words(text)
    if key < 0:
        raise SpaceError(f"{text!r} lies outside NAS-Bench-101: a path to the output, at most 7 vertices and 9 edges")
    return key


def keys_of_fields(graphs: Sequence[GraphDescription]) -> Keys:
    """The labelled keys of many pairs of matrix and labels at once, shape (graphs,).

    Raises SpaceError or ValueError where one of them is malformed or has more vertices than the arrays hold.
    """
    keys = np.full(len(graphs), -1, dtype=np.int64)
    members = defaultdict(list)
    for i, (adjacency, _) in enumerate(graphs):
        members[len(adjacency)].append(i)
    for length, same in members.items():
        vertices = math.isqrt(length)
        digits = np.frombuffer("".join(graphs[i][0] for i in same).encode(), dtype=np.uint8) - ord("0")
        codes = np.array([_codes(graphs[i][1]) for i in same], dtype=np.int64)
        keys[same] = matrix_keys(digits.reshape(-1, vertices, vertices), codes.reshape(len(same), vertices - 2))
    return keys


@lru_cache(maxsize=4096)
def _codes(labels: str) -> tuple[int, ...]:
    return tuple(interior(labels.split(",")))


def _key_of_fields(adjacency: str, labels: str) -> int:
    vertices = math.isqrt(len(adjacency))
    if vertices**2 != len(adjacency):
        raise SpaceError(f"{adjacency!r} is no square matrix: {len(adjacency)} digits")
    rows = [list(map(int, adjacency[start : start + vertices])) for start in range(0, len(adjacency), vertices)]
    return key_of_matrix(rows, interior(labels.split(",")))


def _key_of_words(text: str) -> int:
    words = [VERTEX.fullmatch(word) for word in text.split()]
    if not words or None in words:
        raise SpaceError(f"{text!r} is no NAS-Bench-101 cell; expected a text such as {EXAMPLES}")
    parts = [word.groups() for word in words if word]
    if parts[-1][0] != OUTPUT:
        raise SpaceError(f"{text!r} is no NAS-Bench-101 cell: its last word must be {OUTPUT}@.., as in {EXAMPLES}")
    sources = [_mask(numbers, vertex) for vertex, (_, numbers) in enumerate(parts, start=1)]
    return pruned_key([0, *sources], operation_codes(name for name, _ in parts[:-1]))


def _mask(numbers: str, vertex: int) -> int:
    sources = set(map(int, numbers.split(",")))
    if max(sources) >= vertex:
        raise SpaceError(f"vertex {vertex} can only follow vertices 0 to {vertex - 1}, not {max(sources)}")
    return sum(1 << source for source in sources)
