"""Runs a recurrent cell over a sequence, word by word: the first state, the states of the nodes, and the output."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor

Nodes: TypeAlias = Sequence[tuple[str, int]]
"""Activation and predecessor of each node; state 0 is the cell's first state, state i the state of node i."""

NodeState: TypeAlias = Callable[[list[Tensor], Tensor | None, int], Tensor]
"""Computes a node's state from the earlier states, the mask of hidden dropout and the node's number from 0."""

ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "sigmoid": torch.sigmoid,
    "identity": lambda values: values,
}


@dataclass(frozen=True, slots=True)
class Recurrence:
    """A cell of ``nodes`` nodes, as in quark0/darts, rnn/model.py.

    [c, h] = [x, mask hidden] ``first`` (2 width, 2 width) gives the first state hidden + sigmoid(c) (tanh(h) - hidden).
    ``state`` computes the states of the nodes in turn, ``normed`` normalises each state, and ``output`` computes the
    next hidden state from all states.
    """

    first: Tensor
    nodes: int
    state: NodeState
    output: Callable[[list[Tensor]], Tensor]
    normed: Callable[[Tensor], Tensor]

    def run(self, inputs: Tensor, hidden: Tensor, mask: Tensor | None) -> Tensor:
        """Outputs (steps, columns, width) for ``inputs`` of the same shape, from the state ``hidden`` (columns, width).

        All nodes and steps share the ``mask`` (columns, width) of hidden dropout.
        """
        width = inputs.shape[2]
        outputs = []
        for gates in (inputs @ self.first[:width]).unbind():
            gates = torch.addmm(gates, _masked(hidden, mask), self.first[width:])
            states = [self.normed(gated(hidden, gates, "tanh"))]
            for node in range(self.nodes):
                states.append(self.normed(self.state(states, mask, node)))
            hidden = self.output(states)
            outputs.append(hidden)
        return torch.stack(outputs)


def run_recurrence(
    inputs: Tensor, hidden: Tensor, mask: Tensor | None, first: Tensor, matrices: Tensor, nodes: Nodes
) -> Tensor:
    """The outputs of one cell, which are the means of its nodes' states; see ``node_state`` and ``Recurrence.run``."""
    output = mean_of(range(1, len(nodes) + 1))
    return Recurrence(first, len(nodes), node_state(matrices, nodes), output, lambda state: state).run(
        inputs, hidden, mask
    )


def node_state(matrices: Tensor, nodes: Nodes) -> NodeState:
    """The states of a cell's nodes: [c, h] = (mask p) ``matrices``[node] (width, 2 width), p its predecessor."""
    weights = matrices.unbind()

    def state(states: list[Tensor], mask: Tensor | None, node: int) -> Tensor:
        activation, source = nodes[node]
        return gated(states[source], _masked(states[source], mask) @ weights[node], activation)

    return state


def gated(before: Tensor, gates: Tensor, activation: str) -> Tensor:
    """The state p + sigmoid(c) (act(h) - p), for the earlier state p and gates [c, h]."""
    share, value = gates.chunk(2, dim=-1)
    return torch.lerp(before, ACTIVATIONS[activation](value), share.sigmoid())


def mean_of(places: Sequence[int]) -> Callable[[list[Tensor]], Tensor]:
    """A function that computes the mean of the states at these places."""
    return lambda states: torch.stack([states[place] for place in places]).mean(dim=0)


def _masked(state: Tensor, mask: Tensor | None) -> Tensor:
    return state if mask is None else state * mask
