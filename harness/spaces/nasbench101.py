"""The space of NAS-Bench-101 (Ying et al. 2019): cells of at most 7 vertices and 9 edges with three operations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar, Literal, get_args

import numpy as np
import numpy.typing as npt

from harness.core.errors import SettingError, SpaceError
from harness.core.space import Architecture, CellDescription, CellDrawing, Choices, GraphDescription, SearchSpace
from harness.spaces.drawings import drawing_of_words
from harness.spaces.nasbench101_encodings import EdgeEncoding, Encoding, TreeEncoding
from harness.spaces.nasbench101_features import graph_features
from harness.spaces.nasbench101_graphs import Keys, aliases, canonical_keys, cells, pruned_keys
from harness.spaces.nasbench101_hash import hashes
from harness.spaces.nasbench101_keys import (
    INPUT,
    MOST_VERTICES,
    OPERATIONS,
    OUTPUT,
    digits_of,
    predecessors_of_bits,
    pruned_key,
)
from harness.spaces.nasbench101_paths import path_features
from harness.spaces.nasbench101_text import format_key, keys_of_fields, parse_key

EncodingName = Literal["edges", "tree"]
SamplerName = Literal["cells", "decisions", "notebook"]


class NASBench101(SearchSpace):
    """All cells of at most ``vertices`` vertices, input and output included, written in one of two encodings.

    Encoding ``edges`` has a decision for each possible edge and each operation, and reaches every cell. Encoding
    ``tree`` has one predecessor and one operation for each interior vertex, as the ENAS and NAO policies of Yu et al.
    2020 (eval-nas, enas_policy/utils_for_nasbench.py); for 7 vertices it reaches 3,123 of the 423,624 cells. ``size``
    and ``owns`` refer to the whole space, in which ranks are counted; ``reachable``, ``enumerate`` and ``sample`` refer
    to the cells that the encoding reaches, and ``from_keys`` raises SpaceError for the others.

    Sampler ``cells`` is uniform over the reachable cells. ``decisions`` is uniform over the choices, with invalid ones
    rejected. ``notebook`` is the distribution of NAS-Bench-101, NASBench.ipynb (``random_spec``): a coin flip for every
    edge and uniform operations until the cell is valid, which is what ``decisions`` means in encoding ``edges``. It is
    far from uniform over cells: 10 % of its draws are the cell without operations, 0.3 % have 7 vertices.
    """

    scheme = family = "nasbench101"
    graph_encoding = "edges, operations, paths and graph statistics, version 1"
    samplers: ClassVar[tuple[str, ...]] = get_args(SamplerName)

    def __init__(
        self, *, vertices: int = MOST_VERTICES, encoding: EncodingName = "edges", sampler: SamplerName = "cells"
    ) -> None:
        if vertices not in range(2, MOST_VERTICES + 1):
            raise SettingError(f"setting 'vertices' cannot be {vertices!r}: it must be a whole number from 2 to 7")
        if encoding not in get_args(EncodingName):
            raise SettingError(f"setting 'encoding' cannot be {encoding!r}: it must be 'edges' or 'tree'")
        if encoding == "tree" and vertices == 2:
            raise SettingError("encoding 'tree' has nothing to decide about 2 vertices; use encoding 'edges'")
        if sampler not in self.samplers:
            raise SettingError(f"setting 'sampler' cannot be {sampler!r}: it must be one of {self.samplers!r}")
        if sampler == "notebook" and encoding != "edges":
            raise SettingError("sampler 'notebook' flips a coin for every edge: it needs encoding 'edges'")
        self.name = "nasbench101" if vertices == MOST_VERTICES else f"nasbench101-v{vertices}"
        self.vertices, self.encoding, self.sampler = vertices, encoding, sampler
        self._encoding: Encoding = EdgeEncoding(vertices) if encoding == "edges" else TreeEncoding(vertices)
        self.options = self._encoding.options

    @property
    def operations(self) -> tuple[int, ...]:
        """The operation of each interior vertex."""
        return self._encoding.operations

    @property
    def size(self) -> int:
        """The number of unique cells of at most ``vertices`` vertices, in any encoding."""
        return len(cells(self.vertices))

    @property
    def reachable(self) -> int:
        """The number of unique cells that the encoding reaches."""
        return len(self._encoding.cells())

    @property
    def reach(self) -> dict[str, int]:
        """The number of unique cells that each encoding reaches, by name."""
        encodings: tuple[Encoding, ...] = (EdgeEncoding(self.vertices), TreeEncoding(self.vertices))
        return {name: len(each.cells()) for name, each in zip(get_args(EncodingName), encodings, strict=True)}

    def keys(self, choices: Choices) -> Keys:
        """The labelled keys (``nasbench101_keys``) of choices within their options, dead parts removed."""
        return pruned_keys(*self._encoding.graphs(choices), self.vertices)

    def key(self, architecture: Architecture) -> int:
        """The key that ``keys`` gives for one architecture, without the overhead of a batch."""
        bits, opcodes = self._encoding.graphs(np.asarray([architecture.choices], dtype=np.int64))
        operations = digits_of(int(opcodes[0]), self.vertices - 2)
        return pruned_key(predecessors_of_bits(int(bits[0]), self.vertices), operations)

    def canonical_keys(self, keys: Keys) -> Keys:
        """The smallest key over all relabellings: the graph that NAS-Bench-101, scripts/generate_graphs.py, keeps."""
        return canonical_keys(keys, self.vertices)

    def from_keys(self, keys: Keys) -> Choices:
        """Choices of the same labelled key; raises SpaceError outside the space or the encoding's reach."""
        if not self.owns(keys).all():
            raise SpaceError(f"{int(keys[~self.owns(keys)][0])} is no key of a cell of space {self.name!r}")
        return self._encoding.choices(keys)

    def owns(self, keys: Keys) -> npt.NDArray[np.bool_]:
        """Which keys are cells of at most ``vertices`` vertices."""
        return (keys >= 0) & (keys >> 29 <= self.vertices)

    def aliases(self, keys: Keys) -> tuple[Keys, npt.NDArray[np.int64]]:
        """All labelled keys of these canonical ``keys``, ascending, and the index of each into ``keys``."""
        return aliases(keys, self.vertices)

    def format(self, architecture: Architecture) -> str:
        """The cell without dead parts, such as ``conv3x3@0 conv1x1@0,1 output@2`` (0 is the input)."""
        if not self.contains(architecture):
            raise self._foreign(architecture)
        return format_key(self.key(architecture))

    def parse(self, text: str) -> Architecture:
        """Read the text form, or ``ADJACENCY;LABELS`` as in the data set's files; raises SpaceError."""
        if (key := parse_key(text)) >> 29 > self.vertices:
            raise SpaceError(f"{text!r} has more than the {self.vertices} vertices of space {self.name!r}")
        return self.from_key(key)

    def sample(self, rng: np.random.Generator) -> Architecture:
        """One draw by the space's sampler."""
        return Architecture(tuple(self.sample_many(rng, 1)[0].tolist()))

    def sample_many(self, rng: np.random.Generator, count: int) -> Choices:
        """Independent draws by the space's sampler, shape (count, decisions)."""
        if self.sampler == "cells":
            known = self._encoding.cells()
            return self.from_keys(known[rng.integers(len(known), size=count)])
        rows = np.zeros((0, len(self.options)), dtype=np.int64)
        while len(rows) < count:
            draws = rng.integers(self.options, size=(2 * (count - len(rows)), len(self.options)))
            rows = np.concatenate([rows, draws[self.keys(draws) >= 0]])
        return rows[:count]

    def path_features(self, keys: Keys) -> npt.NDArray[np.uint8]:
        """The path encoding (``nasbench101_paths``), shape (keys, paths): 364 paths for 7 vertices."""
        return path_features(keys, self.vertices)

    def hashes(self, keys: Keys) -> Iterator[str]:
        """The module hashes of these cells, as NAS-Bench-101 publishes them."""
        return hashes(keys.tolist())

    def drawing(self, architecture: Architecture) -> CellDrawing:
        """The cell without dead parts."""
        return drawing_of_words(self.format(architecture), "input")

    def described(self, adjacency: str, operations: Sequence[int]) -> CellDescription:
        """A graph whose vertices have these operations."""
        return adjacency, ",".join((INPUT, *(OPERATIONS[code] for code in operations), OUTPUT))

    def graph_key(self, adjacency: str, labels: str) -> int:
        """The labelled key of a record's matrix and labels, dead parts removed; raises SpaceError."""
        return parse_key(f"{adjacency};{labels}")

    def graph_keys(self, graphs: Sequence[GraphDescription]) -> Keys:
        """The same of many at once, or one by one where one of them is none."""
        try:
            return keys_of_fields(graphs)
        except (SpaceError, ValueError):
            return super().graph_keys(graphs)

    def graph_features(self, keys: Keys) -> npt.NDArray[np.uint8]:
        """Edges, operations, paths and statistics (``nasbench101_features``), the same in all parts of the space."""
        return graph_features(keys)

    def enumerate_keys(self) -> Keys:
        """The canonical keys, ascending and read-only, of all cells that the encoding reaches."""
        return self._encoding.cells()
