"""The encoder, predictor and decoder of NAO over the decisions of any space.

Luo et al., "Neural Architecture Optimization", NeurIPS 2018, Sec. 3; built as in NAO_pytorch
(github.com/renqianluo/NAO_pytorch), NAO_V1/encoder.py, decoder.py and controller.py. In NAO_pytorch all nodes share the
tokens of their choices, the decoder learns a softmax over the whole vocabulary, and only generation is restricted to
the tokens that a position allows. Here every decision has its own tokens, since a space does not say which decisions
mean the same, and training restricts the softmax to the allowed tokens too.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss, normalize, relu

from policies.networks.decisions import START_TOKEN, Heads, first_tokens, shifted


class Autoencoder(nn.Module):
    """Maps rows of choices to sequences of unit vectors, and these to a predicted value and back to rows of choices."""

    def __init__(
        self,
        options: Sequence[int],
        generator: torch.Generator,
        *,
        hidden: int,
        layers: int,
        width: int,
        dropout: float,
    ) -> None:
        super().__init__()
        self.options, self.generator, self.dropout = tuple(options), generator, dropout
        self.first = torch.from_numpy(first_tokens(options))
        vocabulary, sizes = 1 + sum(options), [hidden, *[width] * layers]
        with torch.device("meta"):  # no default initialisation: it would draw from the global generator
            self.source = nn.Embedding(vocabulary, hidden)
            self.target = nn.Embedding(vocabulary, hidden)
            self.encoder = nn.LSTM(hidden, hidden)
            self.decoder = nn.LSTM(hidden, hidden)
            self.predictor = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
            self.value = nn.Linear(sizes[-1], 1)
            self.query = nn.Linear(hidden, hidden, bias=False)
            self.mix = nn.Linear(2 * hidden, hidden, bias=False)
        self.to_empty(device="cpu")
        self.heads = Heads(options, hidden)
        self._initialise()

    def _initialise(self) -> None:
        """PyTorch's defaults, drawn from ``generator``: normal embeddings, the rest uniform within 1/sqrt(fan in)."""
        for embedding in (self.source, self.target):
            nn.init.normal_(embedding.weight, generator=self.generator)
        for lstm in (self.encoder, self.decoder):
            self._uniform(lstm, lstm.hidden_size)
        for layer in (*self.predictor, self.value, self.query, self.mix):
            self._uniform(layer, layer.in_features)
        self._uniform(self.heads, self.query.in_features)

    def _uniform(self, module: nn.Module, fan: int) -> None:
        for parameter in module.parameters():
            nn.init.uniform_(parameter, -(fan**-0.5), fan**-0.5, generator=self.generator)

    def encode(self, rows: Tensor) -> Tensor:
        """Unit vectors, shape (decisions, rows, hidden), of rows of choices, shape (rows, decisions)."""
        outputs, _ = self.encoder(self.source((rows + self.first).T))
        return normalize(outputs, dim=-1)

    def predict(self, embedding: Tensor, *, noisy: bool = False) -> Tensor:
        """Values in (0, 1), shape (rows,), of embeddings, shape (rows, hidden); ``noisy`` drops units out."""
        x = embedding
        for layer in self.predictor:
            x = relu(layer(x))
            if noisy and self.dropout > 0:
                x = x * torch.empty_like(x).bernoulli_(1 - self.dropout, generator=self.generator) / (1 - self.dropout)
        return torch.sigmoid(self.value(x)).squeeze(-1)

    def attend(self, states: Tensor, outputs: Tensor) -> Tensor:
        """Decoder states, shape (steps, rows, hidden), mixed with the encoder outputs that they attend to."""
        source, asking = outputs.transpose(0, 1), states.transpose(0, 1)
        weights = torch.softmax(self.query(asking) @ source.transpose(1, 2), -1)
        return torch.tanh(self.mix(torch.cat([weights @ source, asking], -1))).transpose(0, 1)

    def losses(self, rows: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """The mean squared error of the predicted values, and the mean log-loss of the reconstructed choices."""
        outputs = self.encode(rows)
        embedding = summary(outputs)
        states, _ = self.decoder(self.target(shifted(rows + self.first).T), (embedding[None], embedding[None]))
        logs = torch.log_softmax(self.heads(self.attend(states, outputs)) + self.heads.closed, -1)
        chosen = logs.gather(-1, rows.T[..., None])
        return mse_loss(self.predict(embedding, noisy=True), targets), -chosen.mean()

    def value_slope(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """The encoder's outputs for rows, and the slope of their predicted values there: (decisions, rows, hidden)."""
        outputs = self.encode(rows).detach().requires_grad_()
        (slope,) = torch.autograd.grad(self.predict(summary(outputs)).sum(), outputs)
        return outputs.detach(), slope

    @torch.no_grad()
    def decode(self, outputs: Tensor) -> Tensor:
        """The likeliest choices by greedy decoding, shape (rows, decisions), for outputs (decisions, rows, hidden)."""
        embedding = summary(outputs)[None]
        tokens = torch.full(outputs.shape[1:2], START_TOKEN)
        state, rows = (embedding, embedding), list[Tensor]()
        for i in range(len(self.options)):
            states, state = self.decoder(self.target(tokens)[None], state)
            rows.append(self.heads.one(i, self.attend(states, outputs)[0]).argmax(-1))
            tokens = rows[-1] + self.first[i]
        return torch.stack(rows, 1)


def summary(outputs: Tensor) -> Tensor:
    """The architecture's embedding, shape (rows, hidden): the normalised mean of the outputs over decisions."""
    return normalize(outputs.mean(0), dim=-1)
