"""Speed of ENAS's controller step, NAO's training step, and whole searches of all policies, against plain PyTorch.

    python -m benchmarks.policies [--published]

Prints its figures and writes them to ``benchmarks/results/policies.json``: milliseconds of one core, and ratios to the
plain references of this file, measured in the same run. The plain controller draws one architecture after the other
with an LSTM cell and takes the gradient through these loops, as eval-nas does (models/controller.py). The plain decoder
runs its LSTM, attention and softmax position by position, as NAO_pytorch does (NAO_V1/decoder.py).
``--published`` also runs one NAO search at its published settings (minutes).
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.recording import machine, stored, write
from benchmarks.timing import processor_seconds
from harness.core.budget import Budget, Cost
from harness.core.driver import search
from harness.core.oracle import Answer, Metric, Query, QueryKind, Score, Scored, Update, Updated
from harness.core.random import stream
from harness.core.space import SearchSpace
from harness.spaces.nasbench101 import NASBench101
from policies.enas import ENAS
from policies.evolution import Evolution
from policies.nao import NAO
from policies.networks.autoencoder import Autoencoder, summary
from policies.networks.controller import Controller
from policies.networks.fitting import FitSettings, training_step
from policies.parts.step import SearchStep
from policies.random_search import RandomSearch

VERTICES, SMALL_VERTICES = 7, 5
ROUNDS = 200
"""The number of timings of the controller's step; slower steps have fewer."""

SEARCHES: Mapping[Callable[..., Any], Mapping[str, Any]] = {RandomSearch: {}, Evolution: {}, ENAS: {}, NAO: {}}
"""The timed policies, with their settings other than the defaults."""

RESULTS = Path(__file__).parent / "results" / "policies.json"
TARGETS = {
    "enas_controller_step_milliseconds": 30,  # ten searches of 6,000 steps in 15 minutes on two cores
    "nao_training_step_milliseconds": 16,  # ten searches of 30,000 steps in 40 minutes on two cores
    "enas_search_seconds": 180,
    "nao_published_search_seconds": 480,
}


class RandomScoreOracle:
    """Answers every Score at once with a random number that depends on the cell alone."""

    supports: frozenset[QueryKind] = frozenset({Score, Update})
    independent = True
    metric = Metric("noise", "validation", 0.0, 1.0)

    def __init__(self, space: SearchSpace) -> None:
        self.space = space
        self._keys = space.enumerate_keys()
        self._values = stream(0, "noise").random(len(self._keys))

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        """One answer a query; an Update is free."""
        if isinstance(queries[0], Update):
            return [Updated(None, Cost()) for _ in queries]
        rows = np.array([query.architecture.choices for query in queries if isinstance(query, Score)])
        keys = self.space.canonical_keys(self.space.keys(rows))
        return [Scored(value, Cost(1)) for value in self._values[np.searchsorted(self._keys, keys)].tolist()]

    def state_dict(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def load_state_dict(self, state: Any) -> None:
        """Nothing."""


def milliseconds(work: Callable[[], Any], repeats: int) -> float:
    """The median processor time of a call in milliseconds, after a warm-up call."""
    work()
    return 1e3 * statistics.median(processor_seconds(work) for _ in range(repeats))


def plain_controller_step(controller: Controller, adam: torch.optim.Adam, samples: int) -> None:
    """One REINFORCE step of ``samples`` architectures, each drawn decision by decision with gradients."""
    cell = nn.LSTMCell(controller.lstm.input_size, controller.lstm.hidden_size)
    loss = torch.zeros(())
    for _ in range(samples):
        token, state, log = torch.zeros(1, dtype=torch.long), None, torch.zeros(())
        for i, n in enumerate(controller.options):
            state = cell(controller.embedding(token), state)
            scores = state[0] @ controller.heads.weight[i, :, :n] + controller.heads.bias[i, :, :n]
            logs = torch.log_softmax(controller.tanh * torch.tanh(scores / controller.temperature), -1)
            choice = torch.multinomial(logs.detach().exp(), 1)[0]
            log, token = log + logs[0, choice], choice + int(controller.first[i])
        loss = loss - log.sum() * 0.1
    adam.zero_grad()
    torch.autograd.backward(loss / samples)
    adam.step()


def plain_training_step(model: Autoencoder, adam: torch.optim.Adam, rows: Tensor, targets: Tensor) -> None:
    """One training step in which the decoder runs position by position."""
    outputs = model.encode(rows)
    embedding = summary(outputs)
    state, tokens, losses = (embedding[None], embedding[None]), torch.zeros(len(rows), dtype=torch.long), []
    for i in range(len(model.options)):
        states, state = model.decoder(model.target(tokens)[None], state)
        logs = torch.log_softmax(model.heads.one(i, model.attend(states, outputs)[0]), -1)
        losses.append(-logs.gather(1, rows[:, i : i + 1]).mean())
        tokens = rows[:, i] + model.first[i]
    error = nn.functional.mse_loss(model.predict(embedding, noisy=True), targets)
    adam.zero_grad()
    torch.autograd.backward(0.8 * error + 0.2 * torch.stack(losses).mean())
    nn.utils.clip_grad_norm_(model.parameters(), 5.0)
    adam.step()


def enas_step(space: NASBench101) -> dict[str, float]:
    """A controller step of 10 samples on the whole space: drawing, rejecting, scoring, learning."""
    policy = ENAS(space, stream(0, "policy"))

    def ours() -> None:
        rows = policy._draw(policy.samples)
        policy._reinforce(SearchStep(Score, rows, np.linspace(0, 1, len(rows)).tolist()))

    adam = torch.optim.Adam(policy.controller.parameters(), 1e-5)
    plain = milliseconds(lambda: plain_controller_step(policy.controller, adam, policy.samples), max(1, ROUNDS // 20))
    return compared("enas_controller_step", milliseconds(ours, ROUNDS), plain)


def nao_step(space: NASBench101) -> dict[str, float]:
    """A training step of a batch of 100 at the published width."""
    generator = torch.Generator().manual_seed(0)
    model = Autoencoder(space.options, generator, hidden=48, layers=3, width=200, dropout=0.1)
    adam = torch.optim.Adam(model.parameters(), 1e-3, weight_decay=1e-4, fused=True)
    rows, targets = torch.from_numpy(space.sample_many(stream(0, "rows"), 100)), torch.linspace(0, 1, 100)
    fitting = FitSettings("minmax", 1, 100, 1e-3, 1e-4, 5.0, 0.8)
    ours = milliseconds(lambda: training_step(model, adam, rows, targets, fitting), max(1, ROUNDS // 2))
    plain = milliseconds(lambda: plain_training_step(model, adam, rows, targets), max(1, ROUNDS // 10))
    return compared("nao_training_step", ours, plain)


def compared(name: str, ours: float, plain: float) -> dict[str, float]:
    """Both times, and the speed-up of ``ours``."""
    return {f"{name}_milliseconds": ours, f"{name}_plain_milliseconds": plain, f"{name}_speedup": plain / ours}


def search_seconds(factory: Callable[..., Any], space: NASBench101, **settings: Any) -> float:
    """Processor seconds of one whole search."""
    return processor_seconds(
        lambda: search(factory(space, stream(0, "policy"), **settings), RandomScoreOracle(space), Budget())
    )


def measure(published: bool) -> dict[str, float]:
    """All figures, on the space of 423,624 cells and (``small``) on the 2,532 cells of at most five vertices."""
    space, small = NASBench101(vertices=VERTICES), NASBench101(vertices=SMALL_VERTICES)
    for warm in (space, small):
        warm.canonical_keys(warm.enumerate_keys()[:1])
    figures = enas_step(space) | nao_step(space)
    for factory, settings in SEARCHES.items():
        name = factory.__name__.lower()
        figures[f"{name}_search_seconds"] = search_seconds(factory, space, **settings)
        figures[f"{name}_small_search_seconds"] = search_seconds(factory, small, **settings)
    if published:
        figures["nao_published_search_seconds"] = search_seconds(NAO, space, training_epochs=1000)
    return {name: round(value, 3) for name, value in figures.items()}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--published", action="store_true", help="also run NAO at its published settings")
    options = parser.parse_args()
    torch.set_num_threads(1)
    document = stored(RESULTS)
    document["figures"] = document.get("figures", {}) | measure(options.published)
    document |= {"machine": machine(f"torch {torch.__version__}"), "targets": TARGETS}
    print(write(RESULTS, document))


if __name__ == "__main__":
    main()
