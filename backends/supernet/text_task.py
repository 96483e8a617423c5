"""Shared weights that predict the next word of a text: training losses, and the log perplexity of an architecture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from backends.networks.supernet_points import MixtureRows, TextCells
from backends.networks.word_loss import sequence_loss, word_losses
from backends.supernet.bptt_batches import BpttBatch, BpttBatches, TextPosition
from backends.supernet.optimizer import to_array
from backends.training.recipes.text import TextRecipe
from backends.training.sequences import restarted


class TextTask:
    """Next-word prediction with shared weights; a sequence starts with the state that the one before it left.

    Its architecture may differ, as in NAO-WS (renqianluo/NAO, NAO-WS/rnn/train_search.py) and ENAS (google-research,
    enas_lm/src/child.py). Every part of the text starts with zeros. All points of a step start with the same state; the
    last one's is kept.
    """

    def __init__(self, cells: TextCells[Any, Any], bptt_batches: BpttBatches, recipe: TextRecipe) -> None:
        self._cells, self._bptt_batches, self._recipe = cells, bptt_batches, recipe
        self.module, self.steps_per_epoch = cells.module, bptt_batches.steps_per_epoch
        self._place = TextPosition()
        self._hidden = self.module.start(recipe.training.batch_size)

    def rate(self, step: int) -> float:
        """The learning rate of a step, proportional to the length of its sequence (quark0/darts, rnn/train.py)."""
        part = self._recipe.training
        return part.rate(step / self.steps_per_epoch) * self._bptt_batches.length(step) / part.bptt

    def losses(self, step: int, points: Sequence[Any]) -> list[Tensor]:
        """The training loss of a step's sequence at each point."""
        bptt_batch, place = self._bptt_batches.training(step, self._place)
        generator = self._bptt_batches.generator("dropout", step)
        hidden = self._restarted(generator)
        decode = self.module.logits if self._recipe.training.decoder == "float32" else self.module.bfloat16_logits
        losses = []
        for point in points:
            loss, left = self._loss(bptt_batch, hidden, point, generator, decode)
            losses.append(loss)
        self._hidden = left if place.epoch == self._place.epoch else torch.zeros_like(left)
        self._place = place
        return losses

    def training_loss(self, step: int) -> Callable[[MixtureRows], Tensor]:
        """The training loss of a step as a function of the mixture, with the dropout of that step.

        The decoder computes in float32, since the rounding of bfloat16 would exceed the differences of gradients.
        """
        bptt_batch, _ = self._bptt_batches.training(step, self._place)

        def loss(rows: MixtureRows) -> Tensor:
            generator = self._bptt_batches.generator("dropout", step)
            return self._loss(bptt_batch, self._restarted(generator), rows, generator, self.module.logits)[0]

        return loss

    def validation(self, number: int) -> Callable[[MixtureRows], Tensor]:
        """The mean negative log-likelihood of a word in a small searched batch, as a function of the mixture."""
        words, wanted = self._bptt_batches.quick(number)

        def loss(rows: MixtureRows) -> Tensor:
            _, outputs = self._cells.outputs(words, self.module.start(words.shape[1]), rows)
            logits = self.module.logits(outputs.flatten(0, 1))
            return nn.functional.cross_entropy(logits, wanted.flatten(), ignore_index=-1)

        return loss

    @torch.no_grad()
    def score(self, point: Any, looks: Sequence[int] | None) -> Tensor:
        """Minus the mean negative log-likelihood of a word, in nats: the negated logarithm of the perplexity."""
        if looks is None:
            return -self._mean(point, self._bptt_batches.whole())
        batches = [self._mean(point, [self._bptt_batches.quick(number)]) for number in looks]
        return -torch.stack(batches).mean()

    def state_dict(self) -> dict[str, Any]:
        """The hidden state and the position in the text from which the next sequence starts."""
        return {"hidden": to_array(self._hidden), "epoch": self._place.epoch, "row": self._place.row}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the state that ``state_dict`` returned."""
        self._hidden = torch.tensor(state["hidden"], device=self._hidden.device)
        self._place = TextPosition(state["epoch"], state["row"])

    def _restarted(self, generator: torch.Generator) -> Tensor:
        return restarted(self._hidden, self._recipe.training.restarts, generator)

    def _loss(
        self,
        bptt_batch: BpttBatch,
        hidden: Tensor,
        point: Any,
        generator: torch.Generator,
        decode: Callable[[Tensor], Tensor],
    ) -> tuple[Tensor, Tensor]:
        """The loss of a training sequence, and the hidden state after it."""
        words, wanted = bptt_batch
        raw, outputs = self._cells.outputs(words, hidden, point, generator)
        loss = sequence_loss(raw, decode(outputs.flatten(0, 1)), wanted, self._recipe.training.slowness)
        return loss, raw[-1].detach()

    def _mean(self, point: Any, bptt_batches: Iterable[BpttBatch]) -> Tensor:
        """The mean loss of all words of consecutive batches, from an initial state of zeros."""
        hidden, sums, counts = None, [], []
        for words, wanted in bptt_batches:
            hidden = self.module.start(words.shape[1]) if hidden is None else hidden
            raw, outputs = self._cells.outputs(words, hidden, point)
            losses = word_losses(self.module.logits(outputs.flatten(0, 1)), wanted.flatten().clamp_min(0))
            sums.append(losses[wanted.flatten() >= 0].double().sum())
            counts.append((wanted >= 0).sum())
            hidden = raw[-1]
        return torch.stack(sums).sum() / torch.stack(counts).sum()
