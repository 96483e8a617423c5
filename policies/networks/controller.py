"""The LSTM controller of ENAS over the decisions of any space: samples architectures and scores their log-probability.

Pham et al., "Efficient Neural Architecture Search via Parameter Sharing", ICML 2018, Sec. 2.3; the numbers are those of
eval-nas (github.com/kcyu2014/eval-nas), search_policies/cnn/enas_policy/models/controller.py and configs.py.
Where a cell's nodes choose predecessors and operations, ``cell_controllers`` has the published controllers. Decisions
in general do neither, so here every decision has its own linear layer and every choice its own embedding, without the
bias towards convolutions and the division of the operations' logits by 2.5 (1.10 holds for every decision).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from harness.core.space import Choices
from policies.networks.decisions import START_TOKEN, Heads, first_tokens, shifted

Float32Array: TypeAlias = npt.NDArray[np.float32]

INIT_RANGE = 0.1
"""eval-nas, models/controller.py, reset_param: uniform in (-0.1, 0.1), except for the bias of the softmax."""


class Controller(nn.Module):
    """An autoregressive distribution over rows of choices: one LSTM step and one softmax a decision."""

    def __init__(
        self,
        options: Sequence[int],
        rng: np.random.Generator,
        *,
        hidden: int,
        temperature: float,
        tanh: float,
        init_range: float = INIT_RANGE,
    ) -> None:
        super().__init__()
        self.options, self.temperature, self.tanh = tuple(options), temperature, tanh
        self.first = first_tokens(options)
        with torch.device("meta"):  # no default initialisation: it would draw from the global generator
            self.embedding = nn.Embedding(1 + sum(options), hidden)
            self.lstm = nn.LSTM(hidden, hidden)
        self.to_empty(device="cpu")
        self.heads = Heads(options, hidden)
        for parameter in (*self.embedding.parameters(), *self.lstm.parameters(), self.heads.weight):
            drawn = rng.uniform(-init_range, init_range, tuple(parameter.shape)).astype(np.float32)
            parameter.data.copy_(torch.from_numpy(drawn))

    def forward(self, rows: Choices) -> tuple[Tensor, Float32Array]:
        """Log-probabilities and entropies, both of shape (rows,), of rows of choices, shape (rows, decisions).

        The entropy of a row is the sum of its decisions' entropies given the earlier choices; it has no gradient.
        """
        states, _ = self.lstm(self.embedding(shifted(torch.from_numpy(rows + self.first)).T))
        logits = self.tanh * torch.tanh(self.heads(states) / self.temperature)
        logs = torch.log_softmax(logits + self.heads.closed, -1)
        chosen = logs.gather(-1, torch.from_numpy(rows.T.copy())[..., None])
        return chosen.sum((0, 2)), entropies(logs.detach().numpy())

    @torch.no_grad()
    def rollout(self, rng: np.random.Generator, count: int) -> Choices:
        """``count`` independent draws, shape (count, decisions), inside the space or not.

        NumPy computes the steps on the same weights, since PyTorch's dispatch of small steps takes longer than the
        steps. PyTorch computes the matrix products, since a program can set its number of threads: with NumPy's own
        threads they took up to 400 times as long on a busy machine.
        """
        inputs, recurrent = self._gates()
        weight, bias = self.heads.weight / self.temperature, (self.heads.bias / self.temperature).numpy()
        drawn = rng.random((len(self.options), count, 1), dtype=np.float32)
        rows = np.zeros((count, len(self.options)), np.int64)
        h = c = np.zeros((count, len(recurrent)), np.float32)
        tokens = np.full(count, START_TOKEN)
        for i, n in enumerate(self.options):
            h, c = lstm_step(inputs[tokens] + (torch.from_numpy(h) @ recurrent).numpy(), c)
            scores = (torch.from_numpy(h) @ weight[i, :, :n]).numpy() + bias[i, :, :n]
            below = np.cumsum(np.exp(self.tanh * np.tanh(scores)), 1)
            rows[:, i] = (drawn[i] * below[:, -1:] >= below[:, :-1]).sum(1)
            tokens = rows[:, i] + self.first[i]
        return rows

    def _gates(self) -> tuple[Float32Array, Tensor]:
        """Each token's contribution to the gates, (tokens, 4 hidden), and the recurrent weights, (hidden, 4 hidden).

        The columns of the three logistic gates are halved, since sigmoid(x) = (1 + tanh(x / 2)) / 2.
        """
        from_input, from_state, bias, other_bias = self.lstm.parameters()
        scale = torch.full((4, self.lstm.hidden_size), 0.5)
        scale[2] = 1  # PyTorch's order: input, forget, cell, output
        inputs = self.embedding.weight @ from_input.T + (bias + other_bias)
        return (inputs * scale.flatten()).numpy(), (from_state.T * scale.flatten()).contiguous()


def lstm_step(gates: Float32Array, c: Float32Array) -> tuple[Float32Array, Float32Array]:
    """The next hidden and cell state from the scaled gates of ``Controller._gates``, shape (rows, 4 hidden)."""
    squashed, n = np.tanh(gates), c.shape[1]
    i, f, g, o = (squashed[:, start : start + n] for start in range(0, 4 * n, n))
    cell = np.asarray((0.5 + 0.5 * f) * c + (0.5 + 0.5 * i) * g, np.float32)
    return np.asarray((0.5 + 0.5 * o) * np.tanh(cell), np.float32), cell


def entropies(logs: Float32Array) -> Float32Array:
    """Sums over decisions of the entropies of log-probabilities, shape (decisions, rows, choices): shape (rows,)."""
    finite = np.where(np.isneginf(logs), np.float32(0), logs)
    return np.asarray(-(np.exp(logs) * finite).sum((0, 2)), np.float32)
