"""Speed of the recurrent cell in training, and of a path and a mixture of all cells with shared weights.

    python -m benchmarks.recurrence [--device DEVICE] [--quick]

Prints its figures and writes them, by device, to ``benchmarks/results/recurrence.json``: the time of a cell on a
sequence, forward and backward, and three ratios: a whole training step of the language model, with Adam, to a cell; a
path to a cell; a mixture to a path. Calls alternate in one run on one thread, and figures are medians.
``small`` is the scale of the table rnn2-ptb: 64 units, 32 columns, 20 steps, 2 nodes, 2,000 words. ``large`` is the
scale of DARTS' search on Penn Treebank with a smaller batch: 300 units, 64 columns, 35 steps, 8 nodes, 10,000 words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from backends.networks.recurrence import Nodes
from backends.networks.recurrent_supernet import SharedRecurrentModel, pair_weights
from backends.networks.rnn_cell import RecurrentLanguageModel
from backends.networks.word_loss import word_loss
from benchmarks.recording import record
from benchmarks.timing import interleaved

PUBLISHED: Nodes = tuple(  # DARTS_V1 (quark0/darts, rnn/genotypes.py)
    zip(["relu", "relu", "tanh", "relu", "relu", "identity", "relu", "relu"], (0, 1, 2, 3, 4, 1, 5, 1), strict=True)
)


@dataclass(frozen=True, slots=True)
class RecurrentScale:
    """Sizes of a model and its batch; ``rounds`` is the number of timings of each call."""

    name: str
    nodes: Nodes
    width: int
    columns: int
    steps: int
    words: int
    rounds: int


SCALES = (
    RecurrentScale("small", (("tanh", 0), ("sigmoid", 1)), 64, 32, 20, 2000, 60),
    RecurrentScale("large", PUBLISHED, 300, 64, 35, 10_000, 5),
)
QUICK = tuple(replace(scale, width=4, columns=2, steps=3, words=10, rounds=2) for scale in SCALES)


def figures(scale: RecurrentScale, device: torch.device) -> dict[str, float]:
    """All figures of a scale."""
    ours = RecurrentLanguageModel(scale.nodes, width=scale.width, words=scale.words)
    ours.initialise(torch.Generator().manual_seed(0))
    ours.to(device)
    shared = _shared(scale).to(device)
    words = torch.randint(scale.words, (scale.steps + 1, scale.columns), generator=torch.Generator().manual_seed(1))
    words, hidden = words.to(device), ours.start(scale.columns)
    rows = [torch.full((n,), 1 / n, device=device) for node in range(len(scale.nodes)) for n in (node + 1, 4)]
    calls: dict[str, Callable[[Any], Any]] = {
        "cell": lambda _: _slopes(ours(words[:-1], hidden)[0]),
        "step": _step(ours, words, hidden),
        "path": lambda _: _slopes(shared.path(words[:-1], hidden, scale.nodes)[0]),
        "mixture": lambda _: _slopes(shared.mixture(words[:-1], hidden, pair_weights(rows))[0]),
    }
    times = interleaved(calls, range(scale.rounds), device)
    return {
        "cell_milliseconds": 1e3 * times.median("cell"),
        "step_over_cell": times.ratio("step", "cell"),
        "path_over_cell": times.ratio("path", "cell"),
        "mixture_over_path": times.ratio("mixture", "path"),
    }


def _shared(scale: RecurrentScale) -> SharedRecurrentModel:
    model = SharedRecurrentModel(len(scale.nodes), width=scale.width, words=scale.words)
    model.initialise(torch.Generator().manual_seed(0))
    return model


def _slopes(raw: Tensor) -> None:
    torch.autograd.backward(raw.square().sum())


def _step(model: RecurrentLanguageModel, words: Tensor, hidden: Tensor) -> Callable[[Any], None]:
    """A training step: loss, gradient, clipping, Adam."""
    adam = torch.optim.Adam(model.parameters(), 1e-3, fused=True)

    def step(_: Any) -> None:
        _, outputs = model(words[:-1], hidden)
        adam.zero_grad()
        torch.autograd.backward(word_loss(model.logits(outputs.flatten(0, 1)), words[1:].flatten()))
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()

    return step


def measure(device: torch.device, quick: bool) -> dict[str, float]:
    """All figures of a device."""
    scales = QUICK if quick else SCALES
    return {f"{s.name}_{name}": value for s in scales for name, value in figures(s, device).items()}


def main() -> None:
    """The command line."""
    record("recurrence.json", __doc__, measure)


if __name__ == "__main__":
    main()
