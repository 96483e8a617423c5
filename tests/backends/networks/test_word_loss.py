"""The loss of words is the cross-entropy, and so is its gradient."""

from __future__ import annotations

import pytest
import torch

from backends.networks.word_loss import word_loss, word_losses


def test_loss_and_gradient_are_those_of_cross_entropy() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(40, 30, generator=generator).mul_(3).requires_grad_()
    words = torch.randint(30, (40,), generator=generator)
    ours, theirs = word_loss(logits, words), torch.nn.functional.cross_entropy(logits, words)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(*(torch.autograd.grad(2 * loss, logits)[0] for loss in (ours, theirs)))
    each = torch.nn.functional.cross_entropy(logits, words, reduction="none")
    torch.testing.assert_close(word_losses(logits, words), each.detach())


def test_bfloat16_rounds_single_losses_and_hardly_their_mean() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(5000, 30, generator=generator)
    words = torch.randint(30, (5000,), generator=generator)
    exact, rough = word_losses(logits, words), word_losses(logits.bfloat16(), words)
    assert rough.dtype == torch.float32
    assert float(rough.mean()) == pytest.approx(float(exact.mean()), abs=1e-3)


def test_a_word_without_any_likelihood_has_a_finite_loss() -> None:
    logits = torch.tensor([[0.0, 1e4]])
    assert word_losses(logits, torch.tensor([0])).isfinite().all()
