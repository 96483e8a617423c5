"""The published controllers of ENAS for cells whose nodes each choose one predecessor and one operation.

Attention over the earlier nodes' anchors, which are states of the LSTM, chooses a node's predecessor; one layer that
all nodes share chooses its operation. Pham et al., "Efficient Neural Architecture Search via Parameter Sharing", ICML
2018, Sec. 2.1 and 2.4, in the two forms that were published: ``ConvolutionalController`` and ``RecurrentController``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from harness.core.space import Choices, SearchSpace
from policies.networks.controller import Float32Array

Logits = Generator[Tensor, Tensor, None]
"""Yields the logits of each decision, (rows, options), and receives the choices, (rows,)."""

CONVOLUTIONS = 2
"""The first operations of NAS-Bench-101 and of ENAS' own space are convolutions, which the controller prefers."""


def has_cell_decisions(space: SearchSpace) -> bool:
    """Whether the decisions are one predecessor and one operation for each node, in turn; node i has i predecessors."""
    options = space.options
    nodes = range(1, len(options) // 2 + 1)
    return (
        space.operations == tuple(range(1, len(options), 2))
        and options[::2] == tuple(nodes)
        and options[1::2] == (options[1],) * len(nodes)
    )


class CellController(nn.Module, ABC):
    """An autoregressive distribution over the cells of ``nodes`` nodes with ``operations`` operations each.

    It has the methods of ``policies.networks.controller.Controller``. Subclasses define the ``_logits`` of each
    decision given the earlier choices.
    """

    def __init__(self, options: Sequence[int], *, hidden: int, temperature: float, tanh: float, bias: bool) -> None:
        super().__init__()
        self.options, self.temperature, self.tanh = tuple(options), temperature, tanh
        self.nodes, self.operations = len(options) // 2, options[1]
        with torch.device("meta"):  # no default initialisation: it would draw from the global generator
            self.start = nn.Parameter(torch.empty(1, hidden))
            self.embedding = nn.Parameter(torch.empty(self.operations, hidden))
            self.lstm = nn.LSTMCell(hidden, hidden, bias=bias)
            self.from_anchor = nn.Linear(hidden, hidden, bias=False)
            self.from_state = nn.Linear(hidden, hidden, bias=False)
            self.value = nn.Linear(hidden, 1, bias=False)

    def _initialise(self, rng: np.random.Generator, limit: float) -> None:
        self.to_empty(device="cpu")
        for parameter in self.parameters():
            drawn = rng.uniform(-limit, limit, tuple(parameter.shape)).astype(np.float32)
            parameter.data.copy_(torch.from_numpy(drawn))

    @abstractmethod
    def _logits(self, count: int) -> Logits:
        """The logits of all decisions of ``count`` cells, in turn."""

    def _attention(self, keys: Sequence[Tensor], state: Tensor) -> Tensor:
        """Squashed scores of the earlier nodes, (rows, nodes), by their keys and the LSTM's state, (rows, hidden)."""
        queries = torch.tanh(torch.stack(tuple(keys), 1) + self.from_state(state)[:, None])
        return self._squashed(self.value(queries)[..., 0], self.tanh)

    def _squashed(self, scores: Tensor, tanh: float) -> Tensor:
        return tanh * torch.tanh(scores / self.temperature)

    def _walk(self, count: int, choose: Callable[[int, Tensor], Tensor]) -> tuple[Tensor, Tensor]:
        """Log-probabilities of the choices that ``choose`` makes, and entropies, both of shape (count,)."""
        logits = self._logits(count)
        logs, entropies = torch.zeros(count), torch.zeros(count)
        scores = next(logits)
        for place in range(len(self.options)):
            likely = torch.log_softmax(scores, -1)
            chosen = choose(place, likely)
            logs = logs + likely.gather(-1, chosen[:, None])[:, 0]
            entropies = entropies - (likely.detach().exp() * likely.detach()).sum(-1)
            if place + 1 < len(self.options):
                scores = logits.send(chosen)
        return logs, entropies

    def forward(self, rows: Choices) -> tuple[Tensor, Float32Array]:
        """Log-probabilities and entropies, both of shape (rows,), of rows of choices, shape (rows, decisions).

        The entropy of a row is the sum of its decisions' entropies given the earlier choices; it has no gradient.
        """
        columns = torch.from_numpy(rows.T.copy())
        logs, entropies = self._walk(len(rows), lambda place, _: columns[place])
        return logs, entropies.numpy()

    @torch.no_grad()
    def rollout(self, rng: np.random.Generator, count: int) -> Choices:
        """``count`` independent draws, shape (count, decisions), inside the space or not."""
        drawn = torch.from_numpy(rng.random((len(self.options), count, 1), dtype=np.float32))
        rows = np.zeros((count, len(self.options)), np.int64)

        def choose(place: int, likely: Tensor) -> Tensor:
            below = likely.exp().cumsum(-1)
            chosen = (drawn[place] * below[:, -1:] >= below[:, :-1]).sum(-1)
            rows[:, place] = chosen.numpy()
            return chosen

        self._walk(count, choose)
        return rows


class ConvolutionalController(CellController):
    """The controller of convolutional cells, as in eval-nas (search_policies/cnn/enas_policy/models/controller.py).

    The operations' logits end at ``tanh`` / ``reduction``. ``biased`` operations, the first ones, start with a bias of
    10 inside of the tanh, which learns, and of 0.25 outside, where the others have -0.25, which is fixed; with none,
    both are left out. A node's anchor is the state after its operation.
    """

    def __init__(
        self,
        options: Sequence[int],
        rng: np.random.Generator,
        *,
        hidden: int,
        temperature: float,
        tanh: float,
        init_range: float,
        reduction: float,
        biased: int,
    ) -> None:
        super().__init__(options, hidden=hidden, temperature=temperature, tanh=tanh, bias=True)
        self.reduction = reduction
        with torch.device("meta"):
            self.head = nn.Linear(hidden, self.operations)
        self._initialise(rng, init_range)
        preferred = torch.arange(self.operations) < biased
        self.head.bias.data.copy_(10.0 * preferred)
        self.fixed = torch.where(preferred, 0.25, -0.25) if biased else torch.zeros(self.operations)

    def _logits(self, count: int) -> Logits:
        start = self.start.expand(count, -1)
        state = self.lstm(start)
        anchors, keys = [torch.zeros_like(state[0])], [self.from_anchor(state[0])]
        for _ in range(self.nodes):
            state = self.lstm(start, state)
            source = yield self._attention(keys, state[0])
            state = self.lstm(torch.stack(anchors)[source, torch.arange(count)], state)
            operation = yield self._squashed(self.head(state[0]), self.tanh / self.reduction) + self.fixed
            state = self.lstm(self.embedding[operation], state)
            anchors.append(state[0])
            keys.append(self.from_anchor(state[0]))


class RecurrentController(CellController):
    """The controller of recurrent cells, as in google-research, enas_lm/src/controller.py.

    A predecessor loses a sixth of the square of its distance, and its anchor is divided by the distance plus a tenth.
    The embeddings of the operations are their head, too. A node's anchor is the state before its predecessor. In
    enas_lm the weights start within 0.01, in melodyguan/enas within 0.1; the smaller range needs Adam's small epsilon.
    """

    def __init__(
        self,
        options: Sequence[int],
        rng: np.random.Generator,
        *,
        hidden: int,
        temperature: float,
        tanh: float,
        init_range: float,
    ) -> None:
        super().__init__(options, hidden=hidden, temperature=temperature, tanh=tanh, bias=False)
        self._initialise(rng, init_range)

    def _logits(self, count: int) -> Logits:
        inputs, state = self.start.expand(count, -1), None
        nothing = torch.zeros(count, self.start.shape[1])
        anchors, keys = [nothing], [nothing]
        for node in range(1, self.nodes + 1):
            state = self.lstm(inputs, state)
            anchor = state[0]
            far = (node - torch.arange(node)) ** 2 / 6
            source = yield self._attention(keys, anchor) - far
            near = torch.stack(anchors)[source, torch.arange(count)]
            state = self.lstm(near / (0.1 + node - source)[:, None], state)
            operation = yield self._squashed(state[0] @ self.embedding.T, self.tanh)
            inputs = self.embedding[operation]
            anchors.append(anchor)
            keys.append(self.from_anchor(anchor))
