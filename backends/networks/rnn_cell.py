"""A language model around one recurrent cell, as in DARTS (Liu et al. 2019, Sec. 3.2; quark0/darts, rnn/model.py)."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import torch
from torch import Tensor, nn

from backends.networks.dropouts import INIT_RANGE, Dropouts
from backends.networks.recurrence import Nodes, run_recurrence

CellFunction: TypeAlias = Callable[[Tensor, Tensor, Tensor | None], Tensor]
"""Computes raw outputs from embedded words (steps, columns, width), the earlier state and the hidden dropout mask."""


class LanguageModel(nn.Module):
    """The language model around a cell: an embedding, a decoder tied to it, dropout and the first state's matrix.

    Embedding, hidden state and output have `width` units. A subclass holds the cell's own matrices.
    """

    def __init__(self, *, width: int, words: int, dropouts: Dropouts | None = None) -> None:
        super().__init__()
        self.width = width
        self.dropouts = dropouts or Dropouts()
        self.embedding = nn.Parameter(torch.empty(words, width))
        self.bias = nn.Parameter(torch.empty(words))
        self.first = nn.Parameter(torch.empty(2 * width, 2 * width))

    def initialise(self, generator: torch.Generator, limit: float = INIT_RANGE) -> None:
        """Draw every weight between minus and plus `limit` from a CPU generator; the decoder's bias is 0."""
        with torch.no_grad():
            self.bias.zero_()
            for weights in self.parameters():
                if weights is not self.bias:
                    weights.copy_(torch.empty(weights.shape).uniform_(-limit, limit, generator=generator))

    def start(self, columns: int) -> Tensor:
        """The hidden state before the first word: zeros (columns, width)."""
        return self.embedding.new_zeros(columns, self.width)

    def run(
        self, cell: CellFunction, words: Tensor, hidden: Tensor, generator: torch.Generator | None
    ) -> tuple[Tensor, Tensor]:
        """Raw outputs and the decoder's inputs, both (steps, columns, width), of word numbers (steps, columns).

        The last raw output is the next hidden state. Dropout masks are drawn from the `generator` (on the CPU); without
        a generator there is no dropout.
        """
        embedded = nn.functional.embedding(words, self.embedding)
        if generator is None:
            raw = cell(embedded, hidden, None)
            return raw, raw
        kept = self._mask((len(self.embedding), 1), self.dropouts.words, generator)
        masks = [
            self._mask(tuple(hidden.shape), probability, generator)
            for probability in (self.dropouts.embedding, self.dropouts.inputs, self.dropouts.hidden)
        ]
        for mask in (None if kept is None else kept[words], *masks[:2]):
            embedded = embedded if mask is None else embedded * mask
        raw = cell(embedded, hidden, masks[2])
        mask = self._mask(tuple(hidden.shape), self.dropouts.output, generator)
        return raw, raw if mask is None else raw * mask

    def logits(self, outputs: Tensor) -> Tensor:
        """Scores of all words, (..., words), of outputs (..., width)."""
        return nn.functional.linear(outputs, self.embedding, self.bias)

    def bfloat16_logits(self, outputs: Tensor) -> Tensor:
        """The same in bfloat16: products of rounded factors, summed in float32."""
        rounded = (tensor.bfloat16() for tensor in (outputs, self.embedding, self.bias))
        return nn.functional.linear(*rounded)

    def _mask(self, shape: Sequence[int], probability: float, generator: torch.Generator) -> Tensor | None:
        """A dropout mask: 0 with this probability, else the factor that keeps the mean at 1; None for probability 0."""
        if not probability:
            return None
        kept = torch.empty(tuple(shape)).bernoulli_(1 - probability, generator=generator)
        return kept.div_(1 - probability).to(self.embedding.device)


class RecurrentLanguageModel(LanguageModel):
    """A language model around one cell, with a matrix (width, 2 width) for each node."""

    def __init__(self, nodes: Nodes, *, width: int, words: int, dropouts: Dropouts | None = None) -> None:
        super().__init__(width=width, words=words, dropouts=dropouts)
        self.nodes = tuple(nodes)
        self.matrices = nn.Parameter(torch.empty(len(self.nodes), width, 2 * width))

    def forward(self, words: Tensor, hidden: Tensor, generator: torch.Generator | None = None) -> tuple[Tensor, Tensor]:
        """Raw outputs and the decoder's inputs: see `LanguageModel.run`."""
        return self.run(self._cell, words, hidden, generator)

    def _cell(self, embedded: Tensor, hidden: Tensor, mask: Tensor | None) -> Tensor:
        return run_recurrence(embedded, hidden, mask, self.first, self.matrices, self.nodes)


def count_parameters(nodes: int, *, width: int, words: int) -> int:
    """The number of weights: the tied matrix and its bias, the first state's matrix, and one matrix for each node."""
    return words * width + words + (2 * width) ** 2 + nodes * 2 * width**2
