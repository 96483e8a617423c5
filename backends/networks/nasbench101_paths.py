"""Single cells of NAS-Bench-101 as paths through a supernet, and the channels of the supernet that they use."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import numpy as np

from backends.networks.nasbench101 import Matrix, vertex_channels
from harness.core.errors import SpaceError
from harness.spaces.nasbench101 import NASBench101
from harness.spaces.nasbench101_encodings import EdgeEncoding, Encoding, TreeEncoding
from harness.spaces.nasbench101_keys import alive, digits_of, predecessors_of_bits, prune

ENCODINGS: dict[str, Callable[[int], Encoding]] = {"edges": EdgeEncoding, "tree": TreeEncoding}

OUTPUT = -1
"""The place of the output's projection of the module's input; the projection of interior vertex t has place t - 1."""


@dataclass(frozen=True, slots=True)
class CellPath:
    """A cell with the vertex numbers of its decisions: interior vertex t uses slot t, the last vertex is the output.

    `matrix` (V, V) is strictly upper triangular with entries 0 and 1; `operations` holds those of the V-2 interior
    vertices. Dead vertices keep their number and are ignored.
    """

    matrix: tuple[tuple[int, ...], ...]
    operations: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PathVertex:
    """A live interior vertex: number, operation, channels, and the interior vertices that feed it (`sources`)."""

    index: int
    operation: int
    channels: int
    sources: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class CellPlan:
    """The computation of one module for a path, vertex by vertex.

    `projections` holds the place and the channels of each vertex that receives the module's input. `outputs` are the
    interior vertices whose values are concatenated to the module's output.
    """

    interior: tuple[PathVertex, ...]
    projections: tuple[tuple[int, int], ...]
    outputs: tuple[int, ...]


ChannelSelection: TypeAlias = Callable[[int, int], int]
"""The index of the first of so many consecutive channels out of a width, for input or output channels."""


def first_channels(channels: int, width: int) -> int:
    """Zero: the first channels (eval-nas, operations.py, `fixed_chunck`: the published default)."""
    return 0


def random_chunk(generator: np.random.Generator) -> ChannelSelection:
    """A uniformly random start, drawn for the inputs and the outputs of every convolution; no draw at full width.

    It is an unused option of eval-nas, search_policies/cnn/search_space/nas_bench/operations.py, `random_chunck`, which
    never draws the last start; this function does.
    """
    return lambda channels, width: 0 if channels == width else int(generator.integers(width - channels + 1))


def path_of_choices(space: NASBench101, choices: Sequence[int]) -> CellPath:
    """The path of a row of choices, with the choices' vertex numbers; raises SpaceError without a path to the output.

    Edges of dead vertices are removed and their operations are 0, so that equal labelled cells give equal paths.
    """
    bits, opcodes = ENCODINGS[space.encoding](space.vertices).graphs(np.array([choices], dtype=np.int64))
    predecessors = predecessors_of_bits(int(bits[0]), space.vertices)
    operations = digits_of(int(opcodes[0]), space.vertices - 2)
    live = alive(predecessors)
    if not live:
        raise SpaceError(f"{tuple(choices)!r} is no cell of space {space.name!r}: no path from input to output")
    vertices = range(space.vertices)
    matrix = tuple(tuple(int(x in live and y in live) & predecessors[y] >> x for y in vertices) for x in vertices)
    return CellPath(matrix, tuple(operations[t - 1] if t in live else 0 for t in vertices[1:-1]))


@lru_cache(maxsize=1 << 13)
def cell_plan(path: CellPath, channels: int) -> CellPlan:
    """The plan of a path in a module of `channels` output channels; raises SpaceError without a path to the output.

    Each vertex has its channels in the pruned cell (NAS-Bench-101, lib/model_builder.py).
    """
    pruned = prune(path.matrix, range(len(path.matrix)))
    if pruned is None:
        raise SpaceError(f"{path!r} has no path from input to output")
    matrix, live = pruned
    widths = vertex_channels(channels, channels, matrix)
    interior = [
        PathVertex(vertex, path.operations[vertex - 1], widths[place], _sources(matrix, live, place))
        for place, vertex in enumerate(live[1:-1], start=1)
    ]
    projections = [(vertex.index - 1, vertex.channels) for vertex in interior if path.matrix[0][vertex.index]]
    if path.matrix[0][-1]:
        projections.append((OUTPUT, channels))
    return CellPlan(tuple(interior), tuple(projections), _sources(matrix, live, len(live) - 1))


def _sources(matrix: Matrix, live: Sequence[int], place: int) -> tuple[int, ...]:
    """The interior vertices, by their original numbers, that feed the vertex at `place` of the pruned matrix."""
    return tuple(vertex for x, vertex in enumerate(live[:place]) if x and matrix[x][place])
