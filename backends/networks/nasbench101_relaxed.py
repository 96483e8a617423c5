"""Mixtures of NAS-Bench-101 cells: a polynomial in the weights of edges that equals each cell at its one-hot point.

A vertex's channels depend on the whole cell, so a mixture weighs every set S of interior vertices that may feed the
output. P(S) is the product of f_t over S and of 1 - f_t over the other vertices, where f_t is the weight of the edge
from t to the output times the weight with which t is reached from the input. If no vertex feeds the output, every
vertex has all channels, as if it alone fed the output.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

from harness.spaces.nasbench101 import NASBench101
from harness.spaces.nasbench101_keys import offset


def mixture_graph(space: NASBench101, rows: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Edge weights (V, V) and operation weights (V-2, 3) of a mixture, one row a decision, with gradients.

    In encoding `edges` the weight of an edge is its decision's weight for presence. In encoding `tree` the weight of
    the edge from t to the output is the product over all later vertices u of 1 - (u's weight for t): vertices that no
    other vertex uses feed the output; the input never does.
    """
    columns = _edge_columns(space, rows) if space.encoding == "edges" else _tree_columns(space, rows)
    edges = torch.stack([functional.pad(column, (0, space.vertices - len(column))) for column in columns], dim=1)
    operations = [rows[decision] for decision in space.operations]
    return edges, torch.stack(operations) if operations else edges.new_zeros(0, 3)


def _edge_columns(space: NASBench101, rows: Sequence[Tensor]) -> list[Tensor]:
    """For each vertex y, the weights of its y possible predecessors."""
    present = torch.stack([row[1] for row in rows[: offset(space.vertices)]])
    return [present[offset(y) : offset(y + 1)] for y in range(space.vertices)]


def _tree_columns(space: NASBench101, rows: Sequence[Tensor]) -> list[Tensor]:
    columns = [rows[0].new_zeros(0), *rows[::2]]
    unused = [rows[0].new_zeros(())]
    for t in range(1, space.vertices - 1):
        later = [1 - column[t] for column in columns[t + 1 :]]
        unused.append(torch.stack(later).prod(dim=0) if later else rows[0].new_ones(()))
    return [*columns, torch.stack(unused)]


@dataclass(frozen=True, slots=True)
class MixtureCoefficients:
    """The coefficients of a mixture in a module of C output channels and B interior vertices.

    `inputs[s][t - 1]` is the weight of source s (0: the projected input) in the input of vertex t, `masks[t - 1]`
    (C, 1, 1) weighs the channels of that input in a convolution, and `operations[t - 1]` weighs the operations.
    `outputs` (C, B * C, 1, 1) maps the values of all interior vertices to the module's output. `projection` is the
    weight of the module's projected input in its output.

    Only convolutions need masks: all other parts treat each channel separately, and a vertex's readers select its
    channels.
    """

    inputs: tuple[tuple[Tensor, ...], ...]
    masks: tuple[Tensor, ...]
    operations: tuple[tuple[Tensor, ...], ...]
    outputs: Tensor
    projection: Tensor


class RelaxedCell:
    """The edge weights (V, V) and operation weights (V-2, 3) of one mixture, prepared for modules of any width."""

    def __init__(self, edges: Tensor, operations: Tensor) -> None:
        self._interior = len(edges) - 2
        self._arrivals = _arrivals(edges)
        self._nothing, self._probabilities = _probabilities(self._arrivals[1:-1, -1])
        self._inputs = tuple(source.unbind() for source in self._arrivals[:-1, 1:-1].unbind())
        self._operations = tuple(row.unbind() for row in operations.unbind())

    def coefficients(self, channels: int) -> MixtureCoefficients:
        """The coefficients for modules with this number of output channels."""
        table = _channel_shares(self._interior, channels, self._arrivals.device, self._arrivals.dtype)
        masks = self._masks(table)[:, :, None, None].unbind()
        outputs = self._arrivals.new_zeros(channels, self._interior * channels)
        outputs = outputs.scatter_add(1, table.origin, self._probabilities.expand(channels, -1))
        return MixtureCoefficients(
            self._inputs, masks, self._operations, outputs[:, :, None, None], self._arrivals[0, -1]
        )

    def _masks(self, table: _ChannelShares) -> Tensor:
        """For each interior vertex and channel, the probability that the vertex has the channel, (B, C)."""
        weighted = self._extra(table) * self._probabilities
        with torch.autocast(weighted.device.type, enabled=False):  # half precision would blur one-hot weights' channels
            return self._nothing + self._probabilities @ table.below + weighted @ table.at

    def _extra(self, table: _ChannelShares) -> Tensor:
        """The weight of each vertex having a channel of the remainder, for every set feeding the output, (B, sets).

        A vertex outside the set has one if one of its successors has one (NAS-Bench-101, lib/model_builder.py,
        compute_vertex_channels: the largest number of channels of all successors).
        """
        extra: list[Tensor] = []
        for t in range(self._interior, 0, -1):
            inherited = torch.zeros_like(self._probabilities)
            if extra:
                lacking = 1 - self._arrivals[t, t + 1 : -1, None] * torch.stack(extra[::-1])
                inherited = 1 - lacking.prod(dim=0)
            extra.append(torch.where(table.feeding[t - 1], table.first[t - 1], inherited))
        return torch.stack(extra[::-1]) if extra else self._probabilities.new_zeros(0, len(self._probabilities))


def _arrivals(edges: Tensor) -> Tensor:
    """Each edge's weight times the weight with which its source is reached from the input, (V, V).

    A vertex is reached unless all its edges are absent, as if edges were independent; at a one-hot point this is exact.
    """
    vertices = len(edges)
    reached = [edges.new_ones(())]
    columns = [edges.new_zeros(vertices)]
    for t in range(1, vertices):
        column = torch.stack(reached) * edges[:t, t]
        reached.append(1 - (1 - column).prod())
        columns.append(functional.pad(column, (0, vertices - t)))
    return torch.stack(columns, dim=1)


def _probabilities(feeds: Tensor) -> tuple[Tensor, Tensor]:
    """P(S) of the empty set, and of all other sets, (sets,): set i contains vertex t if i + 1 has bit t - 1."""
    probabilities = feeds.new_ones(1)
    for feed in feeds.unbind():
        probabilities = torch.cat([probabilities * (1 - feed), probabilities * feed])
    return probabilities[0], probabilities[1:]


@dataclass(frozen=True, slots=True)
class _ChannelShares:
    """The division of C channels for every set of interior vertices that may feed the output.

    `feeding` (B, sets) marks the members of a set, and `first` (B, sets) the members with one channel of the remainder.
    `below` and `at` (sets, C) mark the channels before and at a member's share without remainder. `origin` (C, sets) is
    the index, among the B * C channels of all vertices, of the source of each output channel.
    """

    feeding: Tensor
    first: Tensor
    below: Tensor
    at: Tensor
    origin: Tensor


@lru_cache(maxsize=64)
def _channel_shares(interior: int, channels: int, device: torch.device, dtype: torch.dtype) -> _ChannelShares:
    sets = torch.arange(1, 1 << interior)
    feeding = (sets >> torch.arange(interior)[:, None] & 1).bool()
    members = feeding.sum(dim=0)
    share, remainder = channels // members, channels % members
    rank = feeding.cumsum(dim=0) - 1
    widths = torch.where(feeding, share + (rank < remainder), 0)
    channel = torch.arange(channels)
    ends = widths.cumsum(dim=0)
    owner = (channel[:, None, None] >= ends).sum(dim=1)
    place = channel[:, None] - torch.where(feeding, ends - widths, 0).gather(0, owner)
    return _ChannelShares(
        feeding.to(device),
        (feeding & (rank < remainder)).to(device, dtype),
        (channel < share[:, None]).to(device, dtype),
        (channel == share[:, None]).to(device, dtype),
        (owner * channels + place).to(device),
    )
