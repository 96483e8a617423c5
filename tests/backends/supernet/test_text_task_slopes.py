"""Slopes of the validation loss of shared weights on text, of first order and through a virtual step."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from backends.networks.recurrent_supernet import pair_weights
from backends.supernet.bptt_batches import TextPosition
from harness.core.random import stream
from tests.backends.supernet.tiny_text import TinyText, changed


@pytest.mark.parametrize("sharing", ["operation", "node"])
def test_a_slope_is_the_difference_quotient_of_its_loss(sharing: str) -> None:
    tiny = TinyText(recipe=changed(network={"sharing": sharing, "norm": "batch", "average": "loose-ends"}))
    tiny.weights.update(tiny.points(1))
    direction = [stream(i, "d").normal(size=n) for i, n in enumerate(tiny.space.options)]
    loss, slope = tiny.weights.slope(tiny.rows(2))
    ends = []
    for sign in (1, -1):
        moved = [row.detach() + sign * 1e-6 * torch.tensor(d) for row, d in zip(tiny.rows(2), direction, strict=True)]
        ends.append(tiny.task.validation(1)(moved).item())
    predicted = sum(float(row @ torch.tensor(d)) for row, d in zip(slope, direction, strict=True))
    assert predicted == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-6)
    assert loss.item() == pytest.approx(sum(ends) / 2, rel=1e-6)


@pytest.mark.parametrize("clip", [0.05, 100.0])
def test_an_unrolled_slope_is_that_of_the_loss_after_a_clipped_step(
    clip: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backends.supernet.weights.FINITE_DIFFERENCE_STEP", 1e-4)
    tiny = TinyText(recipe=changed(training={"clip": clip}))
    for step in range(3):
        tiny.weights.update(tiny.points(step))
    before = [weight.detach().clone() for weight in tiny.cells.module.parameters()]
    rows, rate, part = tiny.rows(5), tiny.weights.rate, tiny.recipe.training
    names = [name for name, _ in tiny.cells.module.named_parameters()]
    weights = [weight.clone().requires_grad_() for weight in before]
    inner = exact(tiny, dict(zip(names, weights, strict=True)), rows)
    gradients = torch.autograd.grad(inner, weights, create_graph=True)
    norm = math.sqrt(sum(float(g.detach().square().sum()) for g in gradients))
    scale = min(1.0, clip / norm)
    assert (scale < 1) == (clip < 1)
    moved = [w - rate * (scale * g + part.weight_decay * w) for w, g in zip(weights, gradients, strict=True)]
    words, wanted = tiny.bptt_batches.quick(3)
    start = torch.zeros(4, 6, dtype=torch.float64)
    outer = loss_of(tiny, dict(zip(names, moved, strict=True)), (words, wanted, start), rows, None)
    exactly = torch.autograd.grad(outer, rows)
    loss, slope = tiny.weights.unrolled_slope(rows)
    assert loss.item() == pytest.approx(outer.item())
    for ours, theirs in zip(slope, exactly, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=2e-5)
    assert max(float((a - b).abs().max()) for a, b in zip(slope, first_order(tiny, rows), strict=True)) > 1e-3
    for weight, value in zip(tiny.cells.module.parameters(), before, strict=True):
        assert torch.equal(weight, value)


def first_order(tiny: TinyText, rows: list[Tensor]) -> Sequence[Tensor]:
    return tiny.weights.slope(rows)[1]


def exact(tiny: TinyText, weights: dict[str, Tensor], rows: list[Tensor]) -> Tensor:
    """The loss of the next training sequence, by autograd alone, with its dropout."""
    state = tiny.weights.state_dict()
    (words, wanted), _ = tiny.bptt_batches.training(3, TextPosition(state["epoch"], state["row"]))
    generator = tiny.bptt_batches.generator("dropout", 3)
    kept = torch.empty(4, 1).bernoulli_(0.8, generator=generator)
    hidden = torch.tensor(state["hidden"]) * kept
    return loss_of(tiny, weights, (words, wanted, hidden), rows, generator)


def loss_of(
    tiny: TinyText,
    weights: dict[str, Tensor],
    bptt_batch: tuple[Tensor, Tensor, Tensor],
    rows: list[Tensor],
    generator: torch.Generator | None,
) -> Tensor:
    """Cross-entropy at other weights, and the slowness of training where there is a generator."""

    class Loss(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = tiny.cells.module

        def forward(self) -> Tensor:
            words, wanted, hidden = bptt_batch
            raw, outputs = self.inner.mixture(words, hidden, pair_weights(rows), generator)
            loss = nn.functional.cross_entropy(self.inner.logits(outputs).flatten(0, 1), wanted.flatten())
            slow = (raw[1:] - raw[:-1]).square().mean()
            return loss if generator is None else loss + tiny.recipe.training.slowness * slow

    named = {f"inner.{name}": value for name, value in weights.items()}
    value: Tensor = functional_call(Loss(), named, ())
    return value
