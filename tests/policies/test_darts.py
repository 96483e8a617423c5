"""DARTS: its first values, its order, and the path of its logits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from harness.core.budget import Cost
from harness.core.oracle import Gradient, Update, Updated
from harness.spaces.rnn_cell import RNNCell
from policies.darts import DARTS
from tests.fakes.searches import finish, flat, planted, rng, slope
from tests.fakes.spaces import Holes

OPTIONS = (2, 3, 4)
SPACE = Holes(OPTIONS)
WIDTH = sum(OPTIONS)
ETA = 0.1


def coefficients() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    return [torch.randn(5, WIDTH, dtype=torch.float64, generator=generator) for _ in range(2)]


def training_loss(shared: torch.Tensor, point: torch.Tensor) -> torch.Tensor:
    return shared @ coefficients()[0] @ point + 0.5 * shared @ shared


def validation_loss(shared: torch.Tensor, point: torch.Tensor) -> torch.Tensor:
    return shared @ coefficients()[1] @ point


class Bilinear:
    """Shared weights of five numbers with bilinear losses, behind messages."""

    def __init__(self) -> None:
        self.shared = torch.ones(5, dtype=torch.float64)

    def answer(self, query: Any) -> Any:
        if isinstance(query, Update):
            shared = self.shared.clone().requires_grad_()
            loss = training_loss(shared, flat(query.points[0]))
            self.shared = self.shared - ETA * torch.autograd.grad(loss, shared)[0]
            return Updated(float(loss.detach()), Cost())
        return slope(query.mixture, lambda point: validation_loss(self.shared, point))


def in_process(start: np.ndarray, steps: int) -> tuple[list[torch.Tensor], torch.Tensor]:
    """The same search as a plain loop: one process, one graph, no messages."""
    logits = [torch.tensor(row[:n], requires_grad=True) for row, n in zip(start, OPTIONS, strict=True)]
    shared = torch.ones(5, dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam(logits, lr=0.02, betas=(0.5, 0.999), weight_decay=1e-3)
    sgd = torch.optim.SGD([shared], lr=ETA)
    for _ in range(steps):
        adam.zero_grad()
        validation_loss(shared, torch.cat([torch.softmax(row, 0) for row in logits])).backward()
        adam.step()
        sgd.zero_grad()
        training_loss(shared, torch.cat([torch.softmax(row, 0) for row in logits])).backward()
        sgd.step()
    return logits, shared


def test_forty_alternating_steps_by_messages_equal_a_loop_in_one_process() -> None:
    policy = DARTS(SPACE, rng(), epochs=4, updates=10, order="first", lr=0.02)
    start, oracle = policy.parameters.copy(), Bilinear()
    finish(policy, reply=oracle.answer, limit=10)
    logits, shared = in_process(start, 40)
    for ours, theirs, n in zip(policy.parameters, logits, OPTIONS, strict=True):
        np.testing.assert_allclose(ours[:n], theirs.detach(), rtol=0, atol=1e-12)
    np.testing.assert_allclose(oracle.shared, shared.detach(), rtol=0, atol=1e-12)
    assert np.abs(policy.parameters - start).max() > 0.3, "a path that goes nowhere would say nothing"


@pytest.mark.parametrize(("order", "unrolled"), [("second", True), ("first", False)])
def test_the_order_is_asked_for(order: Any, unrolled: bool) -> None:
    trials = finish(DARTS(SPACE, rng(), epochs=1, updates=3, order=order), planted(OPTIONS, (1, 2, 3)))
    assert {trial.query.unrolled for trial in trials if isinstance(trial.query, Gradient)} == {unrolled}


def test_the_first_logits_are_small_normal_numbers() -> None:
    wide = DARTS(Holes((4,) * 400), rng())
    assert 1e-3 * 0.95 < wide.parameters.std() < 1e-3 * 1.05
    assert abs(wide.parameters.mean()) < 1e-4


def test_the_shared_weights_train_at_the_logits_just_moved() -> None:
    policy = DARTS(SPACE, rng(), epochs=1, updates=5, lr=0.1)
    queries = [trial.query for trial in finish(policy, planted(OPTIONS, (1, 2, 3)))]
    for update, gradient in zip(queries[1::2], queries[2::2], strict=False):
        assert isinstance(update, Update)
        assert update.points == (gradient.mixture,)
    assert queries[0].mixture != queries[2].mixture


def test_by_default_it_takes_the_published_number_of_steps() -> None:
    policy = DARTS(SPACE, rng())
    assert (policy.epochs, policy.updates, policy.unrolled) == (200, -(-25_000 // 64), True)


def test_on_edges_of_recurrent_cells_the_published_rule_reads_off_the_cell() -> None:
    space = RNNCell(nodes=2, encoding="edges")
    policy = DARTS(space, rng(), epochs=1, updates=30, lr=0.1)
    finish(policy, planted(space.options, (2, 0, 4)))  # relu@0, and identity@1, whose other edge is none
    assert space.format(policy.recommend()) == "relu@0 identity@1"
    policy.parameters[:] = 0
    policy.parameters[:, 0] = 9  # none is the likeliest choice of every edge, and is not counted
    policy.parameters[[0, 1, 2], [3, 1, 4]] = [1, 2, 3]
    assert space.format(policy.recommend()) == "sigmoid@0 identity@1"
