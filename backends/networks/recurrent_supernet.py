"""The recurrent supernet: a language model with the weights of all cells of some number of nodes, and of mixtures.

Cells share weights as in ENAS and NAO, one matrix for each node, predecessor and operation (Pham et al. 2018, Sec. 2.1;
renqianluo/NAO, NAO-WS/rnn/model_search.py), or as in DARTS, one matrix for each node (quark0/darts,
rnn/model_search.py). Two more differences of the published codes do not change results: ENAS puts a matrix's activation
half before its gate half and numbers identity before sigmoid (melodyguan/enas, src/ptb/ptb_enas_child.py). Here the
gate comes first and the order is tanh, relu, sigmoid, identity, as in DARTS, NAO and enas_lm.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn

from backends.networks.dropouts import Dropouts
from backends.networks.recurrence import ACTIVATIONS, Nodes, Recurrence, mean_of, node_state
from backends.networks.rnn_cell import LanguageModel
from backends.networks.supernet_points import MixtureRows
from harness.spaces.rnn_cell import OPERATIONS
from harness.spaces.rnn_cell_encodings import NONE

Sharing = Literal["operation", "node"]
Average = Literal["nodes", "all", "loose-ends"]
StateNorm = Literal["none", "batch"]

_EPSILON = 1e-5  # of torch.nn.BatchNorm1d


@dataclass(frozen=True, slots=True)
class NodeWeights:
    """A mixture, node by node: weights of ``predecessors`` (predecessors,), and of their ``operations``.

    The latter have shape (predecessors, operations).
    """

    predecessors: Sequence[Tensor]
    operations: Sequence[Tensor]


def pair_weights(rows: MixtureRows) -> NodeWeights:
    """The mixture of rows that weigh predecessors and operations of each node separately."""
    return NodeWeights(rows[::2], [torch.outer(*pair) for pair in zip(rows[::2], rows[1::2], strict=True)])


def edge_weights(rows: MixtureRows) -> NodeWeights:
    """The mixture of rows that weigh none and the operations of each edge, as in quark0/darts, rnn/model_search.py.

    The weights of a node's edges need not sum to 1. An edge has its predecessor by the weight of all but none.
    """
    ends = (node * (node + 1) // 2 for node in itertools.count())
    nodes = [torch.stack(tuple(rows[a:b])) for a, b in itertools.takewhile(lambda e: e[0] < len(rows), pairwise(ends))]
    return NodeWeights([1 - edges[:, NONE] for edges in nodes], [edges[:, NONE + 1 :] for edges in nodes])


class SharedRecurrentModel(LanguageModel):
    """Embedding, first state and decoder that all cells share, and the matrices of their nodes.

    ``sharing='operation'`` gives each operation its matrix, ``'node'`` each node. The output is the mean of the states
    that ``average`` selects: ``nodes`` (DARTS, enas_lm), ``all`` including the first state (NAO's search), or the
    ``loose-ends``, which are no node's predecessor (ENAS); in a mixture, a state's weight is its probability of being a
    loose end. ``norm='batch'`` standardises every state over the columns of its step, in training and in evaluation,
    without weights or running averages (as in DARTS' search, whose evaluation uses running averages).
    """

    def __init__(
        self,
        nodes: int,
        *,
        width: int,
        words: int,
        sharing: Sharing = "operation",
        average: Average = "nodes",
        norm: StateNorm = "none",
        dropouts: Dropouts | None = None,
    ) -> None:
        super().__init__(width=width, words=words, dropouts=dropouts)
        self.nodes, self.sharing, self.average, self.norm = nodes, sharing, average, norm
        blocks = [len(OPERATIONS) * (node + 1) if sharing == "operation" else 1 for node in range(nodes)]
        self.matrices = nn.ParameterList(nn.Parameter(torch.empty(count, width, 2 * width)) for count in blocks)

    def path(
        self, words: Tensor, hidden: Tensor, nodes: Nodes, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """The raw outputs and the decoder's inputs of one cell, as ``LanguageModel.run``.

        An unused matrix gets a gradient of zero if its node has several matrices, and no gradient otherwise.
        """
        return self.run(partial(self._path, nodes=nodes), words, hidden, generator)

    def mixture(
        self, words: Tensor, hidden: Tensor, weights: NodeWeights, generator: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor]:
        """The same for a mixture: each node's state is the sum over its predecessors and operations, by their weights.

        At one-hot weights it equals ``path``. Gradients reach the mixture and the weights of the network.
        """
        return self.run(partial(self._mixture, mixed=weights), words, hidden, generator)

    def _path(self, embedded: Tensor, hidden: Tensor, mask: Tensor | None, *, nodes: Nodes) -> Tensor:
        matrices = torch.stack([self._matrix(place, *node) for place, node in enumerate(nodes)])
        state, output = node_state(matrices, nodes), mean_of(self._averaged(nodes))
        return Recurrence(self.first, len(nodes), state, output, self._normed).run(embedded, hidden, mask)

    def _matrix(self, place: int, operation: str, source: int) -> Tensor:
        block = source * len(OPERATIONS) + OPERATIONS.index(operation) if self.sharing == "operation" else 0
        matrix: Tensor = self.matrices[place][block]
        return matrix

    def _averaged(self, nodes: Nodes) -> tuple[int, ...]:
        """The states whose mean is the output."""
        states = range(len(nodes) + 1)
        match self.average:
            case "nodes":
                return tuple(states[1:])
            case "all":
                return tuple(states)
            case "loose-ends":
                used = {source for _, source in nodes}
                return tuple(state for state in states[1:] if state not in used)

    def _mixture(self, embedded: Tensor, hidden: Tensor, mask: Tensor | None, *, mixed: NodeWeights) -> Tensor:
        weights = mixed.operations
        matrices = [self._joined_matrix(place) for place in range(self.nodes)]

        def state(states: list[Tensor], mask: Tensor | None, place: int) -> Tensor:
            before = torch.stack(states)
            masked = before if mask is None else before * mask
            gates, values = torch.unflatten(masked @ matrices[place], -1, (-1, 2, self.width)).unbind(-2)
            values = torch.stack([_apply(name, values, number) for number, name in enumerate(OPERATIONS)], dim=-2)
            candidates = torch.lerp(before.unsqueeze(-2).expand_as(values), values, gates.sigmoid().expand_as(values))
            return torch.einsum("po,pcow->cw", weights[place].to(candidates.dtype), candidates)

        shares = self._shares(mixed.predecessors).to(embedded.dtype)

        def output(states: list[Tensor]) -> Tensor:
            return torch.einsum("s,scw->cw", shares, torch.stack(states))

        return Recurrence(self.first, self.nodes, state, output, self._normed).run(embedded, hidden, mask)

    def _joined_matrix(self, place: int) -> Tensor:
        """A node's matrices, joined over operations, for each predecessor; the single matrix of a shared node."""
        matrices: Tensor = self.matrices[place]
        if self.sharing == "node":
            return matrices[0]
        return torch.unflatten(matrices, 0, (-1, len(OPERATIONS))).transpose(1, 2).flatten(2)

    def _shares(self, predecessors: Sequence[Tensor]) -> Tensor:
        """The weight of each state in the output, (states,), with the sum 1."""
        one = predecessors[0].new_tensor(1.0)
        shares = [one if self.average == "all" else torch.zeros_like(one), *[one] * self.nodes]
        if self.average == "loose-ends":
            for place, sources in enumerate(predecessors[1:], start=1):
                for source in range(1, place + 1):
                    shares[source] = shares[source] * (1 - sources[source])
        stacked = torch.stack(shares)
        return stacked / stacked.sum()

    def _normed(self, state: Tensor) -> Tensor:
        if self.norm == "none":
            return state
        return nn.functional.batch_norm(state, None, None, training=True, eps=_EPSILON)


def _apply(operation: str, values: Tensor, number: int) -> Tensor:
    """The values of operation ``number``, (predecessors, columns, width), from its own or the shared pre-activation."""
    return ACTIVATIONS[operation](values[..., number if values.shape[-2] > 1 else 0, :])
