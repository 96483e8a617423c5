"""The negative log-likelihood of words, with a gradient that needs half of autograd's memory and time."""

from typing import Any

import torch
from torch import Tensor


def word_losses(logits: Tensor, words: Tensor) -> Tensor:
    """The loss of each row of logits (rows, vocabulary) in nats, as float32 without a gradient.

    For bfloat16 logits softmax sums in float32 too and rounds each likelihood by at most 1 in 256.
    """
    return _losses(torch.softmax(logits.detach(), dim=1), words)


def word_loss(logits: Tensor, words: Tensor) -> Tensor:
    """The mean of ``word_losses``, with a gradient."""
    loss: Tensor = _WordLoss.apply(logits, words)  # type: ignore[no-untyped-call]
    return loss


def sequence_loss(raw: Tensor, logits: Tensor, words: Tensor, slowness: float) -> Tensor:
    """``word_loss`` plus ``slowness`` times the mean squared difference of consecutive ``raw`` outputs of the cell.

    Shapes: ``raw`` (steps, columns, width), ``logits`` (steps times columns, vocabulary), words (steps, columns).
    """
    loss = word_loss(logits, words.flatten())
    return loss + slowness * (raw[1:] - raw[:-1]).square().mean() if slowness else loss


def _losses(likelihoods: Tensor, words: Tensor) -> Tensor:
    chosen = likelihoods.gather(1, words[:, None]).squeeze(1).float()
    return -chosen.clamp_min(torch.finfo(torch.float32).tiny).log()


class _WordLoss(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor, words: Tensor) -> Tensor:
        likelihoods = torch.softmax(logits, dim=1)
        ctx.save_for_backward(likelihoods, words)
        return _losses(likelihoods, words).mean()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        likelihoods, words = ctx.saved_tensors
        scale = (gradient / len(words)).to(likelihoods.dtype)
        into = likelihoods * scale
        into[torch.arange(len(words), device=words.device), words] -= scale
        return into, None
