"""Tokens for the choices of any space, and linear layers with one set of outputs for each decision.

Token 0 starts a row; choice ``c`` of decision ``i`` has the token ``first_tokens(options)[i] + c``.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from harness.core.space import Choices

START_TOKEN = 0
"""The token that comes before the first decision."""


def first_tokens(options: Sequence[int]) -> Choices:
    """The token of each decision's choice 0, shape (decisions,)."""
    return np.cumsum([START_TOKEN + 1, *options[:-1]], dtype=np.int64)


def shifted(tokens: Tensor) -> Tensor:
    """An autoregressive network's inputs for predicting ``tokens``, (rows, decisions): START and all but the last."""
    return torch.cat([torch.full_like(tokens[:, :1], START_TOKEN), tokens[:, :-1]], 1)


class Heads(nn.Module):
    """A linear layer for each decision; decisions with fewer choices than others are padded.

    ``closed``, shape (decisions, 1, choices), is minus infinity at the padding and 0 elsewhere.
    """

    def __init__(self, options: Sequence[int], hidden: int) -> None:
        super().__init__()
        self.options = tuple(options)
        count, width = len(options), max(options)
        self.weight = nn.Parameter(torch.empty(count, hidden, width))
        self.bias = nn.Parameter(torch.zeros(count, 1, width))
        padding = np.arange(width) >= np.asarray(options)[:, None, None]
        self.closed = torch.from_numpy(np.where(padding, np.float32(-np.inf), np.float32(0)))

    def forward(self, states: Tensor) -> Tensor:
        """Scores of all choices, padding included: (decisions, rows, hidden) to (decisions, rows, choices)."""
        return states @ self.weight + self.bias

    def one(self, i: int, states: Tensor) -> Tensor:
        """Scores of the choices of decision ``i`` alone: (rows, hidden) to (rows, its choices)."""
        n = self.options[i]
        return states @ self.weight[i, :, :n] + self.bias[i, :, :n]
