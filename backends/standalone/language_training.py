"""Trains a language model around one recurrent cell from scratch by a recipe, and measures it after every epoch."""

import copy
import math
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from backends.data.text import Text, batchify, inputs_and_targets
from backends.networks.recurrence import Nodes
from backends.networks.rnn_cell import RecurrentLanguageModel
from backends.networks.word_loss import sequence_loss, word_losses
from backends.standalone.checkpoints import TrainingCheckpoint
from backends.training.averaged_sgd import AveragedSGD, exceeds_all_but_last
from backends.training.devices import clock
from backends.training.recipes import LanguageRecipe
from backends.training.sequences import bptt_sequences, part_of, restarted

_LARGEST = math.log(sys.float_info.max)


@dataclass(frozen=True, slots=True)
class EpochMeasurement:
    """The perplexities after an epoch, and the seconds that were spent on training alone in this epoch.

    On a CPU they are seconds of processor time, so that other work on the machine does not count.
    """

    validation_perplexity: float
    test_perplexity: float
    seconds: float


class LanguageTraining:
    """One language model after some epoch of its training.

    The seed determines initial weights, dropout and lengths of sequences. If a training loss is not finite, weights and
    optimiser return to the epoch with the lowest validation perplexity, and the epoch counts without effect (the
    published code does not count it, rnn/train.py); if there is no such epoch, the training ends. If only a perplexity
    is not finite, as for a cell whose state explodes on a long text, it is recorded and training continues.
    """

    def __init__(self, nodes: Nodes, recipe: LanguageRecipe, text: Text, *, seed: int) -> None:
        self.moments: list[EpochMeasurement] = []
        self._over = False
        self._recipe = recipe
        self._text = text
        self._generator = torch.Generator().manual_seed(seed)
        self._columns = batchify(text.train, recipe.batch_size)
        sizes = {"width": recipe.width, "words": len(text.vocabulary)}
        self._model = RecurrentLanguageModel(nodes, **sizes, dropouts=recipe.dropouts).to(text.device)
        self._model.initialise(self._generator, recipe.init_range)
        self._optimiser = _optimiser(recipe, self._model)
        self._best: dict[str, Any] | None = None
        self._validated: list[float] = []

    def advance(self, epochs: int, checkpoint: TrainingCheckpoint | None = None) -> list[EpochMeasurement]:
        """Train to the end of `epochs`; returns the measurement of each epoch and writes the `checkpoint` when due.

        The perplexities of a training that has ended are NaN.
        """
        while len(self.moments) < epochs:
            self.moments.append(EpochMeasurement(math.nan, math.nan, 0.0) if self._over else self._epoch())
            if checkpoint is not None and checkpoint.due():
                checkpoint.write(self.state_dict())
        return self.moments[:epochs]

    def state_dict(self) -> dict[str, Any]:
        """Everything that the rest of the training depends on, and the measurements so far."""
        return {
            "weights": self._weights(),
            "generator": self._generator.get_state(),
            "best": self._best,
            "validated": self._validated,
            "moments": [asdict(moment) for moment in self.moments],
            "over": self._over,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the state that `state_dict` returned."""
        self._set_weights(state["weights"])
        self._generator.set_state(state["generator"])
        self._best = state["best"]
        self._validated = list(state["validated"])
        self.moments = [EpochMeasurement(**moment) for moment in state["moments"]]
        self._over = state["over"]

    def _weights(self) -> dict[str, Any]:
        return {"model": self._model.state_dict(), "optimiser": self._optimiser.state_dict()}

    def _set_weights(self, weights: Mapping[str, Any]) -> None:
        self._model.load_state_dict(weights["model"])
        self._optimiser.load_state_dict(weights["optimiser"])

    def _epoch(self) -> EpochMeasurement:
        begun = clock(self._text.device)
        finite = self._train()
        seconds = clock(self._text.device) - begun
        if not finite:
            return self._roll_back(seconds)
        moment = EpochMeasurement(*self._perplexities(), seconds)
        self._keep(moment)
        return moment

    def _train(self) -> bool:
        """Train on this epoch's part of the text; returns False as soon as a loss is not finite."""
        hidden = self._model.start(self._recipe.batch_size)
        part = part_of(self._columns, len(self.moments), self._recipe.parts)
        for sequence in bptt_sequences(self._recipe, len(part), self._generator):
            progress = (len(self.moments) + sequence.start / len(part)) / self._recipe.epochs
            self._set_rate(_rate(self._recipe, progress) * sequence.rate_factor)
            hidden = restarted(hidden, self._recipe.restarts, self._generator)
            loss, hidden = self._take_step(part[sequence.start : sequence.end + 1], hidden)
            if not math.isfinite(loss):
                return False
        return True

    def _set_rate(self, rate: float) -> None:
        for group in self._optimiser.param_groups:
            group["lr"] = rate

    def _take_step(self, words: Tensor, hidden: Tensor) -> tuple[float, Tensor]:
        """Take one step on `words` (steps + 1, columns), predicting all but the first; returns loss and last state."""
        raw, outputs = self._model(words[:-1], hidden, self._generator)
        loss = sequence_loss(raw, self._logits(outputs), words[1:], self._recipe.slowness)
        self._optimiser.zero_grad()
        torch.autograd.backward(loss)
        if self._recipe.clip:
            nn.utils.clip_grad_norm_(self._model.parameters(), self._recipe.clip)
        self._optimiser.step()
        return float(loss.detach()), raw[-1].detach()

    def _perplexities(self) -> tuple[float, float]:
        """Validation and test perplexity: exp of the mean negative log-likelihood of a word."""
        with self._averaged():
            validation = self._loss(self._text.validation, self._recipe.validation_batch)
            test = self._loss(self._text.test, self._recipe.test_batch)
        return _perplexity(validation), _perplexity(test)

    @torch.no_grad()
    def _loss(self, stream: Tensor, number: int) -> float:
        hidden, total = self._model.start(number), 0.0
        for words, wanted in zip(
            *(torch.split(each, self._recipe.bptt) for each in inputs_and_targets(stream, number)), strict=True
        ):
            raw, outputs = self._model(words, hidden)
            losses = word_losses(self._logits(outputs), wanted.flatten().clamp_min(0))
            total += float(losses[wanted.flatten() >= 0].double().sum())
            hidden = raw[-1]
        return total / (len(stream) - 1)

    def _logits(self, outputs: Tensor) -> Tensor:
        """The logits (steps times columns, words)."""
        decode = self._model.logits if self._recipe.decoder == "float32" else self._model.bfloat16_logits
        return decode(outputs.flatten(0, 1))

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Within the context, the model has the averaged weights, if averaging has begun."""
        if not isinstance(self._optimiser, AveragedSGD) or not self._optimiser.averages:
            yield
            return
        last = copy.deepcopy(self._model.state_dict())
        with torch.no_grad():
            for weights in self._model.parameters():
                weights.copy_(self._optimiser.average(weights))
        try:
            yield
        finally:
            self._model.load_state_dict(last)

    def _keep(self, moment: EpochMeasurement) -> None:
        """Remember the best weights, and start averaging when the published rule requires it."""
        best = self._best["moment"]["validation_perplexity"] if self._best else math.inf
        if moment.validation_perplexity < best:
            self._best = copy.deepcopy({"weights": self._weights(), "moment": asdict(moment)})
        self._validated.append(moment.validation_perplexity)
        optimiser = self._optimiser
        exceeds = exceeds_all_but_last(self._validated, self._recipe.nonmono)
        if exceeds and isinstance(optimiser, AveragedSGD) and not optimiser.averages:
            optimiser.start_averaging()

    def _roll_back(self, seconds: float) -> EpochMeasurement:
        if self._best is None:
            self._over = True
            return EpochMeasurement(math.nan, math.nan, seconds)
        self._set_weights(copy.deepcopy(self._best["weights"]))
        return replace(EpochMeasurement(**self._best["moment"]), seconds=seconds)


def _optimiser(recipe: LanguageRecipe, model: nn.Module) -> torch.optim.Optimizer:
    rate, decay = recipe.learning_rate, recipe.weight_decay
    match recipe.optimiser:
        case "adam":
            return torch.optim.Adam(model.parameters(), rate, weight_decay=decay, fused=True)
        case "sgd":
            return torch.optim.SGD(model.parameters(), rate, weight_decay=decay)
        case _:
            return AveragedSGD(model.parameters(), rate, weight_decay=decay)


def _rate(recipe: LanguageRecipe, progress: float) -> float:
    """The learning rate after this fraction of all epochs."""
    if progress < recipe.warmup:
        return recipe.learning_rate * progress / recipe.warmup
    if recipe.schedule == "constant":
        return recipe.learning_rate
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * (progress - recipe.warmup) / (1 - recipe.warmup)))


def _perplexity(loss: float) -> float:
    """exp of the loss; infinite if it exceeds the largest float."""
    return math.exp(loss) if loss < _LARGEST else math.inf if loss == loss else math.nan
