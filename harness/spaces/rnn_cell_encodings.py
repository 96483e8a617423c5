"""Two ways to write a recurrent cell as decisions: a predecessor and an operation a node, or one operation an edge.

Both convert to and from rows of ``pairs``: predecessor and operation of node 1, then of node 2, and so on.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from harness.core.space import Choices

NONE = 0
"""The choice of an edge that is no part of the cell; ``k + 1`` is operation k, as in DARTS, rnn/genotypes.py."""


class PairEncoding:
    """The pairs themselves."""

    def __init__(self, nodes: int, operations: int) -> None:
        self.options = tuple(n for node in range(1, nodes + 1) for n in (node, operations))
        self.operations = tuple(range(1, len(self.options), 2))

    def pairs(self, choices: Choices) -> tuple[Choices, npt.NDArray[np.bool_]]:
        """The pairs of choices, and which rows describe a cell: all."""
        return choices, np.ones(len(choices), np.bool_)

    def choices(self, pairs: Choices) -> Choices:
        """The choices that describe cells of these pairs."""
        return pairs


class RecurrentEdgeEncoding:
    """One decision for each edge from an earlier state to a node: none, or an operation (DARTS, rnn/model_search.py).

    A row describes a cell if each node has exactly one edge with an operation. Edges are sorted by node, then by
    predecessor. No decision chooses an operation alone.
    """

    operations: tuple[int, ...] = ()

    def __init__(self, nodes: int, operations: int) -> None:
        self.starts = [node * (node + 1) // 2 for node in range(nodes + 1)]
        self.options = (operations + 1,) * self.starts[-1]

    def pairs(self, choices: Choices) -> tuple[Choices, npt.NDArray[np.bool_]]:
        """The pairs of choices, shape (rows, 2 nodes), and which rows describe a cell."""
        columns = [choices[:, start:end] for start, end in zip(self.starts, self.starts[1:], strict=False)]
        sources = [(edges != NONE).argmax(axis=1) for edges in columns]
        kinds = [edges.max(axis=1, initial=NONE) - 1 for edges in columns]
        single = [(edges != NONE).sum(axis=1) == 1 for edges in columns]
        return np.stack([part for pair in zip(sources, kinds, strict=True) for part in pair], 1), np.all(single, axis=0)

    def choices(self, pairs: Choices) -> Choices:
        """The choices that describe cells of these pairs."""
        choices = np.full((len(pairs), len(self.options)), NONE, np.int64)
        for start, source, kind in zip(self.starts, pairs.T[::2], pairs.T[1::2], strict=False):
            choices[np.arange(len(pairs)), start + source] = kind + 1
        return choices

    def read_off(self, weights: npt.NDArray[np.float64]) -> Choices:
        """The pairs of DARTS' genotype, shape (2 nodes,), for weights (edges, none and operations).

        Each node takes the predecessor whose best operation has the largest weight, whatever the weight of none.
        """
        best = weights[:, NONE + 1 :].max(axis=1)
        found = []
        for start, end in zip(self.starts, self.starts[1:], strict=False):
            source = int(best[start:end].argmax())
            found += [source, int(weights[start + source, NONE + 1 :].argmax())]
        return np.array(found, np.int64)


RecurrentEncoding: TypeAlias = PairEncoding | RecurrentEdgeEncoding
