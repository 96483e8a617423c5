"""Steps and slopes of shared weights against plain autograd, in double precision."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn.functional import cross_entropy

from backends.networks.nasbench101_paths import CellPath, first_channels
from backends.networks.nasbench101_points import CellPoint
from backends.networks.shared_convolution import batch_statistics
from harness.core.random import stream
from harness.core.space import Mixture
from tests.backends.supernet.tiny import TINY, Tiny


def mixture(tiny: Tiny, seed: int) -> Mixture:
    rng = stream(seed, "mixture")
    return tuple(tuple(rng.dirichlet(np.ones(n)).tolist()) for n in tiny.space.options)


def rows_of(point: Mixture) -> list[Tensor]:
    return [torch.tensor(row, dtype=torch.float64, requires_grad=True) for row in point]


def points(tiny: Tiny, seed: int) -> list[CellPoint]:
    rng = stream(seed, "points")
    rows = [row.detach() for row in rows_of(mixture(tiny, seed))]
    return [tiny.cells.discrete(tiny.space.sample(rng)), rows, tiny.cells.discrete(tiny.space.sample(rng))]


class Loss(torch.nn.Module):
    """The loss of a batch at a point, as a function of the network's weights."""

    def __init__(self, tiny: Tiny) -> None:
        super().__init__()
        self.network, self._cells = tiny.cells.module, tiny.cells

    def forward(self, batch: tuple[Tensor, Tensor], point: CellPoint) -> Tensor:
        return cross_entropy(self._cells.logits(batch[0], point, batch_statistics, first_channels), batch[1])


def at(loss: Loss, weights: Sequence[Tensor], batch: tuple[Tensor, Tensor], point: CellPoint) -> Tensor:
    named = dict(zip((name for name, _ in loss.named_parameters()), weights, strict=True))
    value: Tensor = functional_call(loss, named, (batch, point))
    return value


def test_three_steps_are_those_of_sgd_written_out() -> None:
    tiny, plain = Tiny(), Tiny()
    loss, part = Loss(plain), TINY.training
    weights = [weight.detach().clone().requires_grad_() for weight in loss.parameters()]
    momentum = [torch.zeros_like(weight) for weight in weights]
    for step in range(3):
        batch = plain.batches.training(step)
        losses = [at(loss, weights, batch, point) for point in points(plain, step)]
        gradients = torch.autograd.grad(sum(losses), weights, materialize_grads=True)
        norm = math.sqrt(sum(float((g**2).sum()) for g in gradients))
        assert norm > part.clip  # so that clipping is put to the test
        assert tiny.weights.update(points(tiny, step)).item() == pytest.approx(sum(loss.item() for loss in losses) / 3)
        with torch.no_grad():
            for i, (weight, gradient) in enumerate(zip(weights, gradients, strict=True)):
                clipped = gradient * part.clip / (norm + 1e-6) + part.weight_decay * weight
                momentum[i] = part.momentum * momentum[i] + clipped
                weight -= part.learning_rate * momentum[i]
    for ours, theirs in zip(tiny.cells.module.parameters(), weights, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-9)


def test_the_rate_falls_along_a_half_cosine_epoch_by_epoch() -> None:
    weights, rates = Tiny().weights, []
    for weights.step in range(30):
        rates.append(weights.rate)
    # 100 images in batches of 24 are five steps an epoch; the recipe's schedule has five epochs
    expected = [0.01 + 0.09 * 0.5 * (1 + math.cos(math.pi * epoch / 5)) for epoch in (0, 1, 2, 3, 4, 5)]
    assert rates == pytest.approx(np.repeat(expected, 5).tolist())


def test_a_slope_is_the_difference_quotient_of_its_loss() -> None:
    tiny = Tiny()
    tiny.weights.update(points(tiny, 1))
    middle, direction = mixture(tiny, 2), [stream(i, "d").normal(size=n) for i, n in enumerate(tiny.space.options)]
    loss, slope = tiny.weights.slope(rows_of(middle))
    ends = []
    for sign in (1, -1):
        moved = tuple(tuple((row + sign * 1e-7 * d).tolist()) for row, d in zip(middle, direction, strict=True))
        ends.append(tiny.weights.slope(rows_of(moved))[0].item())
    predicted = sum(float(row @ torch.tensor(d)) for row, d in zip(slope, direction, strict=True))
    assert predicted == pytest.approx((ends[0] - ends[1]) / 2e-7, rel=1e-6)
    assert loss.item() == pytest.approx(sum(ends) / 2, rel=1e-6)


def test_an_unrolled_slope_is_that_of_the_loss_after_one_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "backends.supernet.weights.FINITE_DIFFERENCE_STEP", 1e-6
    )  # the published 0.01 crosses kinks of the ReLUs
    tiny = Tiny()
    for step in range(3):
        tiny.weights.update(points(tiny, step))
    before = [weight.detach().clone() for weight in tiny.cells.module.parameters()]
    momentum = [torch.from_numpy(buffer) for buffer in tiny.weights.state_dict()["momentum"]]
    rows, loss, part = rows_of(mixture(tiny, 5)), Loss(tiny), TINY.training
    weights = [weight.clone().requires_grad_() for weight in before]
    inner = at(loss, weights, tiny.batches.training(3), rows)
    gradients = torch.autograd.grad(inner, weights, create_graph=True, materialize_grads=True)
    moved = [
        w - tiny.weights.rate * (part.momentum * m + g + part.weight_decay * w)
        for w, m, g in zip(weights, momentum, gradients, strict=True)
    ]
    outer = at(loss, moved, tiny.batches.quick(3), rows)
    exact = torch.autograd.grad(outer, rows)
    value, slope = tiny.weights.unrolled_slope(rows_of(mixture(tiny, 5)))
    assert value.item() == pytest.approx(outer.item())
    direct = torch.autograd.grad(at(loss, [m.detach() for m in moved], tiny.batches.quick(3), rows), rows)
    error, second = (
        sum(float(((x - y) ** 2).sum()) for x, y in zip(first, exact, strict=True)) ** 0.5 for first in (slope, direct)
    )
    assert error < 1e-4 * second  # the difference of slopes is the second-order term
    for weight, value in zip(tiny.cells.module.parameters(), before, strict=True):
        assert torch.equal(weight, value)


def test_a_run_goes_on_from_its_state_bit_for_bit() -> None:
    whole, first, second = Tiny(), Tiny(), Tiny(seed=3)
    for step in range(6):
        whole.weights.update(points(whole, step))
    for step in range(3):
        first.weights.update(points(first, step))
    second.weights.load_state_dict(first.weights.state_dict())
    for step in range(3, 6):
        second.weights.update(points(second, step))
    for name, value in second.cells.module.state_dict().items():
        assert torch.equal(value, whole.cells.module.state_dict()[name]), name


def test_the_point_of_a_step_takes_no_slope_and_the_rows_of_a_gradient_do() -> None:
    tiny = Tiny()
    point, rows = tiny.cells.point(mixture(tiny, 1)), tiny.cells.rows(mixture(tiny, 1))
    assert not isinstance(point, CellPath)
    assert [row.tolist() for row in point] == [row.tolist() for row in rows]
    assert [row.requires_grad for row in (*point, *rows)] == [False] * len(point) + [True] * len(rows)


def test_quick_scores_go_through_the_validation_images() -> None:
    tiny = Tiny()
    path = tiny.cells.discrete(tiny.space.sample(stream(0, "x")))
    scores = [tiny.weights.score(path, batches=1).item() for _ in range(2)]
    batches = [tiny.batches.quick(i) for i in range(2)]
    assert tiny.weights.looks == 2
    assert not torch.equal(batches[0][1], batches[1][1])
    assert all(score * 16 == round(score * 16) for score in scores)
    seen = torch.cat([images for images, _ in batches]).flatten(1)
    assert len(torch.unique(seen, dim=0)) == 32  # 40 images are two full batches of different images


@pytest.mark.parametrize("statistics", ["recalibrated", "batch", "running"])
def test_scoring_changes_no_weight_and_no_average(statistics: str) -> None:
    tiny = Tiny(statistics=statistics)
    tiny.weights.update(points(tiny, 1))
    before = {name: value.clone() for name, value in tiny.cells.module.state_dict().items()}
    path = tiny.cells.discrete(tiny.space.sample(stream(0, "x")))
    assert tiny.weights.score(path) == tiny.weights.score(path)
    for name, value in tiny.cells.module.state_dict().items():
        assert torch.equal(value, before[name]), name
