"""Recurrent cells as in DARTS (Liu et al. 2019, Sec. 3.2): each node has one predecessor and one activation."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Literal, get_args

import numpy as np
import numpy.typing as npt

from harness.core.errors import SettingError, SpaceError
from harness.core.space import ENUMERABLE, Architecture, CellDrawing, Choices, SearchSpace
from harness.spaces.drawings import drawing_of_words
from harness.spaces.rnn_cell_encodings import PairEncoding, RecurrentEdgeEncoding, RecurrentEncoding

OPERATIONS = ("tanh", "relu", "sigmoid", "identity")
"""In the order of DARTS, rnn/genotypes.py, without its ``none``."""

MOST_NODES = 12  # Yu et al. 2020, Sec. 3.2

EncodingName = Literal["choices", "edges"]

WORD = re.compile(r"(\w+)@(\d{1,3})", re.ASCII)
PAIR = re.compile(r"\(\s*['\"](\w+)['\"]\s*,\s*(\d{1,3})\s*\)", re.ASCII)
ONE_PAIR = r"\(\s*['\"]\w+['\"]\s*,\s*\d{1,3}\s*\)"
GENOTYPE = re.compile(
    rf"Genotype\(\s*recurrent\s*=\s*\[\s*({ONE_PAIR}(?:\s*,\s*{ONE_PAIR})*)\s*(?:,\s*)?\]\s*,"
    r"\s*concat\s*=\s*(?:range\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*\)|\[([\d\s,]*)\])\s*\)",
    re.ASCII,
)


class RNNCell(SearchSpace):
    """Cells of ``nodes`` nodes: node i has a predecessor among states 0 to i-1 (0: the initial one) and an activation.

    The decisions are predecessor and operation of node 1, then of node 2, and so on; node 1 has a single predecessor.
    The key is the mixed-radix number of the choices, for two nodes ``8 op1 + 4 pred2 + op2`` as in Yu et al.'s
    eval-nas, visualization/best_configs.py. The output is the mean of all nodes' states, so that no node is ever dead.
    Cells that differ only in the order of their nodes count as different, as in the published n! 4^n (Yu et al. 2020,
    Sec. 3.2): each point is its own canonical form. ``nodes`` counts (predecessor, operation) pairs.

    ``encoding='edges'`` writes the same cells with one decision for each edge, none or an operation, as DARTS relaxes
    them (see ``RecurrentEdgeEncoding``); keys and text are the same.
    """

    family = "rnn"
    implied: ClassVar[Mapping[str, object]] = {"encoding": "choices"}
    samplers: ClassVar[tuple[str, ...]] = ("cells",)

    def __init__(self, *, nodes: int = MOST_NODES, encoding: EncodingName = "choices") -> None:
        if nodes not in range(1, MOST_NODES + 1):
            raise SettingError(f"setting 'nodes' cannot be {nodes!r}: it must be a whole number from 1 to {MOST_NODES}")
        if encoding not in get_args(EncodingName):
            raise SettingError(f"setting 'encoding' cannot be {encoding!r}: it must be 'choices' or 'edges'")
        self.nodes, self.encoding = nodes, encoding
        self.name = self.scheme = f"rnn{nodes}"
        pairs, edges = PairEncoding(nodes, len(OPERATIONS)), RecurrentEdgeEncoding(nodes, len(OPERATIONS))
        self._encoding: RecurrentEncoding = pairs if encoding == "choices" else edges
        self.options, self._digits = self._encoding.options, np.array(pairs.options)
        self._place = np.array([math.prod(pairs.options[i:]) for i in range(1, 2 * nodes + 1)], dtype=np.int64)

    @property
    def operations(self) -> tuple[int, ...]:
        """The activation of each node; none in encoding ``edges``."""
        return self._encoding.operations

    @property
    def size(self) -> int:
        """nodes! times 4 to the power of nodes."""
        return math.prod(self._digits.tolist())

    @property
    def reach(self) -> dict[str, int]:
        """Every encoding reaches every cell."""
        return dict.fromkeys(get_args(EncodingName), self.size)

    def keys(self, choices: Choices) -> npt.NDArray[np.int64]:
        """The mixed-radix numbers of the pairs of choices within their options; -1 for edges that are no cell."""
        pairs, inside = self._encoding.pairs(choices)
        return np.where(inside, pairs @ self._place, -1)

    def canonical_keys(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The keys themselves, or -1 outside the space."""
        return np.where(self.owns(keys), keys, -1)

    def from_keys(self, keys: npt.NDArray[np.int64]) -> Choices:
        """The choices of the keys, whose digits are pairs; raises SpaceError outside the space."""
        if not self.owns(keys).all():
            raise SpaceError(f"{int(keys[~self.owns(keys)][0])} is no key of a cell of space {self.name!r}")
        return self._encoding.choices(keys[:, None] // self._place % self._digits)

    def owns(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Which keys are numbers of cells."""
        return (keys >= 0) & (keys < self.size)

    def format(self, architecture: Architecture) -> str:
        """``operation@predecessor`` of each node, as in ``tanh@0 sigmoid@0``; raises SpaceError outside the space."""
        return " ".join(f"{name}@{predecessor}" for name, predecessor in self.pairs(architecture))

    def genotype(self, architecture: Architecture) -> str:
        """The text that DARTS prints and stores in rnn/genotypes.py; raises SpaceError outside the space."""
        return f"Genotype(recurrent={self.pairs(architecture)!r}, concat=range(1, {self.nodes + 1}))"

    def drawing(self, architecture: Architecture) -> CellDrawing:
        """The nodes behind the cell's first state; every one of them leads to the mean that is the output."""
        drawn, last = drawing_of_words(self.format(architecture), "first state"), self.nodes + 1
        to_mean = ((node, last) for node in range(1, last))
        return CellDrawing((*drawn.vertices, ("mean", False)), (*drawn.edges, *to_mean))

    def parse(self, text: str) -> Architecture:
        """Read ``tanh@0 sigmoid@0`` or a DARTS genotype that averages all nodes; raises SpaceError."""
        if genotype := GENOTYPE.fullmatch(text.strip()):
            self._require_mean_of_all(*genotype.group(2, 3, 4))
            return self._architecture(PAIR.findall(genotype[1]))
        words = [WORD.fullmatch(word) for word in text.split()]
        if not words or None in words:
            example = " ".join(f"{name}@0" for name in (OPERATIONS * 3)[: self.nodes])
            raise SpaceError(f"{text!r} is no recurrent cell; expected a text such as {example!r} or a DARTS genotype")
        return self._architecture([(word[1], word[2]) for word in words if word])

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Uniform over the cells: each predecessor and each operation is uniform."""
        return self._written(rng.integers(self._digits))

    def sample_many(self, rng: np.random.Generator, count: int) -> Choices:
        """Independent uniform draws, shape (count, decisions)."""
        return self._encoding.choices(rng.integers(self._digits, size=(count, len(self._digits))))

    def read_off(self, weights: npt.NDArray[np.float64]) -> Architecture | None:
        """DARTS' cell for weights of edges, shape (edges, none and operations); ``None`` in encoding ``choices``."""
        edges = self._encoding
        return self._written(edges.read_off(weights)) if isinstance(edges, RecurrentEdgeEncoding) else None

    def enumerate_keys(self) -> npt.NDArray[np.int64]:
        """All keys in order; raises SpaceError where they are too many (from 7 nodes on)."""
        if self.size > ENUMERABLE:
            raise self.enumeration_error()
        return np.arange(self.size, dtype=np.int64)

    def pairs(self, architecture: Architecture) -> list[tuple[str, int]]:
        """Operation and predecessor of each node; raises SpaceError outside the space."""
        if not self.contains(architecture):
            raise self._foreign(architecture)
        choices = self._encoding.pairs(np.array([architecture.choices], np.int64))[0][0].tolist()
        return [(OPERATIONS[code], source) for source, code in zip(choices[::2], choices[1::2], strict=True)]

    def _written(self, pairs: Choices) -> Architecture:
        """The architecture of pairs, shape (2 nodes,)."""
        return Architecture(tuple(self._encoding.choices(pairs[None])[0].tolist()))

    def _architecture(self, pairs: Sequence[tuple[str, str]]) -> Architecture:
        if len(pairs) != self.nodes:
            raise SpaceError(f"a cell of space {self.name!r} has {self.nodes} nodes, not {len(pairs)}")
        choices: list[int] = []
        for node, (name, source) in enumerate(pairs, start=1):
            if name not in OPERATIONS:
                raise SpaceError(f"the operations are {', '.join(OPERATIONS)}; {name!r} is none of them")
            if int(source) >= node:
                raise SpaceError(f"node {node} can only follow states 0 to {node - 1}, not {source}")
            choices += [int(source), OPERATIONS.index(name)]
        return self._written(np.array(choices, np.int64))

    def _require_mean_of_all(self, first: str | None, end: str | None, listed: str | None) -> None:
        if listed is not None:
            averaged = sorted(int(number) for number in listed.replace(",", " ").split())
        else:
            averaged = list(range(int(first or 0), int(end or 0)))
        if averaged != list(range(1, self.nodes + 1)):
            raise SpaceError(
                f"space {self.name!r} averages nodes 1 to {self.nodes}, but the genotype's concat is {averaged}"
            )
