"""The controller's distribution, against enumeration and a plain implementation."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from harness.core.space import Choices
from harness.spaces.nasbench101 import NASBench101
from policies.networks.controller import Controller
from tests.fakes.searches import rng
from tests.fakes.spaces import Holes

OPTIONS = (2, 3, 1, 4)


def build(options: Sequence[int] = OPTIONS, *, seed: int = 1, spread: float = 0.0) -> Controller:
    """A controller of the published settings; ``spread`` moves its weights away from nearly uniform choices."""
    controller = Controller(options, rng(seed), hidden=16, temperature=5.0, tanh=1.10)
    generator = torch.Generator().manual_seed(seed)
    for parameter in controller.parameters() if spread else ():
        parameter.data += spread * torch.randn(parameter.shape, generator=generator)
    return controller


def everything(options: Sequence[int]) -> Choices:
    return Holes(options).everything()


def plain(controller: Controller, row: Sequence[int]) -> tuple[Tensor, float]:
    """One row's log-probability and entropy by one LSTM cell step after the other."""
    cell, weights = nn.LSTMCell(16, 16), {k.removesuffix("_l0"): v for k, v in controller.lstm.named_parameters()}
    token, state, log, entropy = 0, None, torch.zeros(()), 0.0
    for i, (choice, n) in enumerate(zip(row, controller.options, strict=True)):
        state = functional_call(cell, weights, (controller.embedding.weight[token][None], state))
        scores = state[0][0] @ controller.heads.weight[i, :, :n] + controller.heads.bias[i, 0, :n]
        logs = torch.log_softmax(1.10 * torch.tanh(scores / 5.0), 0)
        log, entropy = log + logs[choice], entropy - float((logs.exp() * logs).sum().detach())
        token = 1 + sum(controller.options[:i]) + choice
    return log, entropy


@pytest.mark.parametrize("spread", [0.0, 2.0])
def test_probabilities_of_all_rows_sum_to_one(spread: float) -> None:
    logs, _ = build(spread=spread)(everything(OPTIONS))
    assert float(logs.detach().exp().sum()) == pytest.approx(1, abs=1e-5)


def test_log_probabilities_and_entropies_are_those_of_a_plain_loop() -> None:
    controller, rows = build(spread=1.0), everything(OPTIONS)
    logs, entropies = controller(rows)
    for row, log, entropy in zip(rows.tolist(), logs.tolist(), entropies.tolist(), strict=True):
        expected = plain(controller, row)
        assert log == pytest.approx(float(expected[0].detach()), abs=1e-5)
        assert entropy == pytest.approx(expected[1], abs=1e-5)


def test_the_mean_entropy_on_the_way_is_the_entropy_of_the_rows() -> None:
    logs, entropies = build(spread=2.0)(everything(OPTIONS))
    odds = logs.detach().exp().numpy()
    assert odds @ entropies == pytest.approx(-odds @ logs.detach().numpy(), abs=1e-4)  # the chain rule of entropy


def test_rollouts_follow_the_log_probabilities() -> None:
    controller, rows = build(spread=3.0), everything(OPTIONS)
    odds = controller(rows)[0].detach().exp().numpy()
    drawn = controller.rollout(rng(), 20_000)
    counts = np.bincount(Holes(OPTIONS)._base @ drawn.T, minlength=len(rows))
    chi_squared = ((counts - 20_000 * odds) ** 2 / (20_000 * odds)).sum()
    assert odds.max() > 5 * odds.min(), "the weights must be far from uniform for this to say anything"
    assert chi_squared < len(rows) - 1 + 4 * math.sqrt(2 * (len(rows) - 1))


def test_a_rollout_draws_each_decision_by_the_inverse_of_its_cumulative_probabilities() -> None:
    controller = build((4,), spread=3.0)
    uniform = rng(7).random((1, 200, 1), dtype=np.float32)[0, :, 0]
    below = np.cumsum([math.exp(float(plain(controller, [choice])[0].detach())) for choice in range(4)])
    near = np.abs(uniform[:, None] - below).min(1) < 1e-5
    assert (controller.rollout(rng(7), 200)[:, 0] == np.searchsorted(below, uniform, side="right"))[~near].all()


def test_every_cell_of_a_space_has_probability() -> None:
    space = NASBench101(vertices=4)
    rows = everything(space.options)
    keys = space.canonical_keys(space.keys(rows))
    for spread in (0.0, 0.5):
        odds = build(space.options, spread=spread)(rows)[0].detach().exp().numpy()
        mass = np.bincount(np.searchsorted(space.enumerate_keys(), keys[keys >= 0]), odds[keys >= 0])
        assert len(mass) == space.size == 91
        assert mass.min() > 0
        # each decision of n choices gives each at least 1 / (1 + (n - 1) exp(2.2)): the squashed logits end at 1.10
        assert odds.min() >= math.prod(1 / (1 + (n - 1) * math.exp(2.2)) for n in space.options)


def test_weights_start_uniform_in_a_tenth_and_biases_at_zero() -> None:
    controller = Controller((2,) * 30, rng(), hidden=64, temperature=5.0, tanh=1.10)
    for name, parameter in controller.named_parameters():
        if name == "heads.bias":
            assert not parameter.any()
        else:
            assert 0.09 < float(parameter.detach().abs().max()) <= 0.1
            assert float(parameter.detach().std()) == pytest.approx(0.1 / math.sqrt(3), rel=0.1)
