"""The recurrent cell of DARTS over a whole sequence, with its gradient written out.

Autograd would record some twenty operations a step and add up a small product a step for each matrix. Written out, the
gradients of the matrices are one large product each, so that little but products is left: a quarter less time at 64
units, an eighth less at 300 (`python -m benchmarks.recurrence`).
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

Nodes = Sequence[tuple[str, int]]
"""Activation and predecessor of each node; state 0 is the cell's first, state i that of node i."""

_APPLY: dict[str, Callable[[Tensor], object]] = {
    "tanh": torch.tanh_,
    "relu": torch.relu_,
    "sigmoid": torch.sigmoid_,
    "identity": lambda values: None,
}
"""Apply an activation in place."""

_SLOPE: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": lambda value: 1 - value * value,
    "relu": lambda value: (value > 0).to(value.dtype),
    "sigmoid": lambda value: value * (1 - value),
    "identity": torch.ones_like,
}
"""The derivative of an activation, from its value."""


def run_recurrence(
    inputs: Tensor,
    hidden: Tensor,
    mask: Tensor | None,
    first: Tensor,
    matrices: Tensor,
    nodes: Nodes,
    averaged: Sequence[int] = (),
) -> Tensor:
    """Outputs (steps, columns, width) of `inputs` of the same shape, from the state `hidden` (columns, width).

    As in quark0/darts, rnn/model.py: [c, h] = [x, mask hidden] `first` (2 width, 2 width) gives the first state
    hidden + sigmoid(c) (tanh(h) - hidden); node i with predecessor state p has [c, h] = (mask p) `matrices`[i - 1],
    each (width, 2 width), and the state p + sigmoid(c) (act(h) - p). The output is the mean of the nodes' states, or of
    the states that are `averaged`. The `mask` (columns, width) of hidden dropout is one for all nodes and steps.
    """
    states = tuple(averaged) or tuple(range(1, len(nodes) + 1))
    outputs: Tensor = _Recurrence.apply(inputs, hidden, mask, first, matrices, tuple(nodes), states)  # type: ignore[no-untyped-call]
    return outputs


class _Recurrence(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        inputs: Tensor,
        hidden: Tensor,
        mask: Tensor | None,
        first: Tensor,
        matrices: Tensor,
        nodes: Nodes,
        averaged: tuple[int, ...],
    ) -> Tensor:
        """Run the cell, and keep gates, activations and states (node, step, column, ...) for the gradient."""
        steps, columns, width = inputs.shape
        gates = inputs.new_empty(len(nodes) + 1, steps, columns, 2 * width)
        states = inputs.new_empty(len(nodes) + 1, steps, columns, width)
        outputs = torch.empty_like(inputs)
        torch.mm(inputs.reshape(-1, width), first[:width], out=gates[0].view(-1, 2 * width))
        plan = [("tanh", 0), *nodes]
        weights = [first[width:], *matrices.unbind()]
        before, chosen = hidden, _slice(averaged)
        for step, output in enumerate(outputs.unbind()):
            now, gate = states[:, step].unbind(), gates[:, step].unbind()
            for place, (activation, source) in enumerate(plan):
                predecessor = now[source] if place else before
                masked = predecessor if mask is None else predecessor * mask
                if place:
                    torch.mm(masked, weights[place], out=gate[place])
                else:
                    gate[place].addmm_(masked, weights[place])
                share, value = torch.split(gate[place], width, dim=1)
                _APPLY[activation](value)
                torch.lerp(predecessor, value, share.sigmoid_(), out=now[place])
            torch.mean(states[chosen, step], dim=0, out=output)
            before = output
        ctx.save_for_backward(inputs, hidden, mask, first, matrices, gates, states, outputs)
        ctx.plan, ctx.averaged = plan, averaged
        return outputs

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of inputs, hidden state and matrices; nothing flows into masks."""
        inputs, hidden, mask, first, matrices, gates, states, outputs = ctx.saved_tensors
        width = inputs.shape[2]
        before = torch.cat([hidden[None], outputs[:-1]])
        sources = [before, *(states[source] for _, source in ctx.plan[1:])]
        weights = [first[width:], *matrices.unbind()]
        slopes, kept = _slopes(gates, sources, ctx.plan)
        into_hidden = _backward_pass(gradient, slopes, kept, mask, [w.t() for w in weights], ctx.plan, ctx.averaged)
        flat = slopes.view(len(ctx.plan), -1, 2 * width)
        masked = [(source if mask is None else source * mask).view(-1, width) for source in sources]
        into = [source.t() @ each for source, each in zip(masked, flat, strict=True)]
        into_first = torch.cat([inputs.reshape(-1, width).t() @ flat[0], into[0]])
        into_inputs = (flat[0] @ first[:width].t()).view_as(inputs)
        return into_inputs, into_hidden, None, into_first, torch.stack(into[1:]), None, None


def _slice(averaged: tuple[int, ...]) -> slice | list[int]:
    """The states that are averaged, as an index that copies nothing where they are neighbours."""
    (low, high) = (averaged[0], averaged[-1] + 1)
    return slice(low, high) if averaged == tuple(range(low, high)) else list(averaged)


def _slopes(gates: Tensor, sources: Sequence[Tensor], plan: Nodes) -> tuple[Tensor, Tensor]:
    """How each state changes with what its sigmoid and its activation take, and with its predecessor itself."""
    share, value = torch.unflatten(gates, -1, (2, -1)).unbind(-2)
    kept = 1 - share
    slopes = torch.unflatten(torch.empty_like(gates), -1, (2, -1))
    for place, (activation, _) in enumerate(plan):
        moved = torch.sub(value[place], sources[place]).mul_(share[place]).mul_(kept[place])
        slopes[place, ..., 0, :] = moved
        torch.mul(share[place], _SLOPE[activation](value[place]), out=slopes[place, ..., 1, :])
    return slopes, kept


def _backward_pass(
    gradient: Tensor,
    slopes: Tensor,
    kept: Tensor,
    mask: Tensor | None,
    weights: Sequence[Tensor],
    plan: Nodes,
    averaged: Sequence[int],
) -> Tensor:
    """Turn `slopes` into the loss's, last step first, and return the gradient of the hidden state before the first."""
    nodes = len(plan) - 1
    carried = torch.zeros_like(gradient[0])
    for step in range(len(gradient) - 1, -1, -1):
        share = (gradient[step] + carried).div_(len(averaged))
        into = [share if place in averaged else None for place in range(nodes + 1)]
        slope, keep = slopes[:, step].unbind(), kept[:, step].unbind()
        for place in range(nodes, -1, -1):
            arriving = into[place]
            if arriving is None:
                arriving = torch.zeros_like(share)
            slope[place].mul_(arriving.unsqueeze(1))
            back = torch.mm(slope[place].flatten(1), weights[place])
            if mask is not None:
                back.mul_(mask)
            back.addcmul_(arriving, keep[place])
            if not place:
                carried = back
                break
            source = plan[place][1]
            there = into[source]
            into[source] = back if there is None else there + back
    return carried
