"""Recipes for shared weights of recurrent cells, which predict the words of a text."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from backends.networks.dropouts import INIT_RANGE
from backends.training.recipes.optimizer_settings import OptimizerSettings
from backends.training.recipes.recipe_part import (
    NUMBER,
    AnyPositive,
    DropoutKeys,
    Fraction,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SharedRecipe,
    recipe_part,
)
from backends.training.recipes.standalone_text import Decoder, Lengths

Sharing = Literal["operation", "node"]
Average = Literal["nodes", "all", "loose-ends"]
StateNorm = Literal["none", "batch"]


@recipe_part
class TextData:
    """A text and its sizes as ``backends.data.corpora.load`` takes them; an epoch is one of ``parts`` equal parts."""

    dataset: str
    vocabulary: NonNegativeInt = 0
    train_tokens: NonNegativeInt = 0
    parts: PositiveInt = 1


@recipe_part
class TextNetwork(DropoutKeys):
    """Units, first weights within ``init_range``, and dropouts as in ``backends.networks.dropouts.Dropouts``.

    ``sharing``, ``average`` and ``norm`` are those of ``backends.networks.recurrent_supernet.SharedRecurrentModel``.
    """

    width: PositiveInt
    sharing: Sharing = "operation"
    average: Average = "nodes"
    norm: StateNorm = "none"
    init_range: PositiveFloat = INIT_RANGE
    dropout_output: Fraction = 0.0
    dropout_hidden: Fraction = 0.0
    dropout_inputs: Fraction = 0.0
    dropout_embedding: Fraction = 0.0
    dropout_words: Fraction = 0.0


@recipe_part
class TextTraining:
    """Sequences of ``bptt`` steps in ``batch_size`` columns, and SGD without momentum, or Adam, on them.

    ``lengths``, ``restarts``, ``slowness`` and ``decoder`` are those of ``backends.training.recipes.LanguageRecipe``.
    The rate is ``constant``; or multiplied by ``decay`` in every epoch from number ``decay_from`` on, down to
    ``final_rate`` (the schedule of ENAS; Pham et al. 2018); or falls to ``final_rate`` along a half ``cosine`` over
    ``epochs``. Before that it rises linearly from 0 over the fraction ``warmup`` of ``epochs``.
    """

    epochs: PositiveInt
    batch_size: PositiveInt
    bptt: PositiveInt
    lengths: Lengths = "fixed"
    restarts: Fraction = 0.0
    optimiser: Literal["sgd", "adam"] = "sgd"
    schedule: Literal["constant", "decay", "cosine"] = "constant"
    learning_rate: NonNegativeFloat
    final_rate: NonNegativeFloat = 0.0
    decay: Annotated[float, Field(gt=0, le=1), NUMBER] = 1.0
    decay_from: NonNegativeInt = 0
    warmup: Fraction = 0.0
    weight_decay: NonNegativeFloat = 0.0
    clip: AnyPositive
    slowness: NonNegativeFloat = 0.0
    decoder: Decoder = "float32"

    def rate(self, epochs: float) -> float:
        """The learning rate after so many epochs, of a sequence of ``bptt`` steps."""
        progress = min(epochs / self.epochs, 1.0)
        if progress < self.warmup:
            return self.learning_rate * progress / self.warmup
        match self.schedule:
            case "constant":
                return self.learning_rate
            case "decay":
                fallen = self.learning_rate * self.decay ** max(0, int(epochs) - self.decay_from)
                return max(self.final_rate, fallen)
            case "cosine":
                share = 0.5 * (1 + math.cos(math.pi * (progress - self.warmup) / (1 - self.warmup)))
                return self.final_rate + (self.learning_rate - self.final_rate) * share


@recipe_part
class TextEvaluation:
    """``quick_batch`` words make a Gradient and a batch of a quick Score; a whole Score reads ``batch`` columns."""

    quick_batch: PositiveInt
    batch: PositiveInt


@recipe_part
class TextRecipe(SharedRecipe):
    """One recipe of text, told from those of images by its ``task``."""

    task: Literal["language"]
    data: TextData
    network: TextNetwork
    training: TextTraining
    evaluation: TextEvaluation

    @property
    def optimizer_settings(self) -> OptimizerSettings:
        """How the weights move; a virtual step is one of clipped SGD (quark0/darts, rnn/architect.py)."""
        part = self.training
        return OptimizerSettings(
            optimiser=part.optimiser, weight_decay=part.weight_decay, clip=part.clip, virtual_clip=part.clip
        )
