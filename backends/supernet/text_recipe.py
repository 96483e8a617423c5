"""Recipes for shared weights of recurrent cells, which predict the words of a text."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from backends.networks.rnn_cell import INIT_RANGE, Dropouts
from backends.supernet.optimizer import OptimizerSettings
from backends.supernet.recipe_part import (
    Fraction,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    RecipeDocument,
    RecipePart,
)

Sharing = Literal["operation", "node"]
Average = Literal["nodes", "all", "loose-ends"]
StateNorm = Literal["none", "batch"]


class TextData(RecipePart):
    """A text and its sizes as ``backends.data.corpora.load`` takes them; an epoch is one of ``parts`` equal parts."""

    dataset: str
    vocabulary: Annotated[int, Field(ge=0)] = 0
    train_tokens: Annotated[int, Field(ge=0)] = 0
    parts: PositiveInt = 1


class TextNetwork(RecipePart):
    """Units, first weights within ``init_range``, and dropouts as in ``backends.networks.rnn_cell.Dropouts``.

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

    @property
    def dropouts(self) -> Dropouts:
        """The probabilities of zero while training."""
        return Dropouts(
            output=self.dropout_output,
            hidden=self.dropout_hidden,
            inputs=self.dropout_inputs,
            embedding=self.dropout_embedding,
            words=self.dropout_words,
        )


class TextTraining(RecipePart):
    """Sequences of ``bptt`` steps in ``batch_size`` columns, and SGD without momentum, or Adam, on them.

    ``lengths``, ``restarts``, ``slowness`` and ``decoder`` are those of ``backends.training.recipes.LanguageRecipe``.
    The rate is ``constant``; or multiplied by ``decay`` in every epoch from number ``decay_from`` on, down to
    ``final_rate`` (the schedule of ENAS; Pham et al. 2018); or falls to ``final_rate`` along a half ``cosine`` over
    ``epochs``. Before that it rises linearly from 0 over the fraction ``warmup`` of ``epochs``.
    """

    epochs: PositiveInt
    batch_size: PositiveInt
    bptt: PositiveInt
    lengths: Literal["fixed", "jittered"] = "fixed"
    restarts: Fraction = 0.0
    optimiser: Literal["sgd", "adam"] = "sgd"
    schedule: Literal["constant", "decay", "cosine"] = "constant"
    learning_rate: NonNegativeFloat
    final_rate: NonNegativeFloat = 0.0
    decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    decay_from: Annotated[int, Field(ge=0)] = 0
    warmup: Fraction = 0.0
    weight_decay: NonNegativeFloat = 0.0
    clip: PositiveFloat
    slowness: NonNegativeFloat = 0.0
    decoder: Literal["float32", "bfloat16"] = "float32"

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


class TextEvaluation(RecipePart):
    """``quick_batch`` words make a Gradient and a batch of a quick Score; a whole Score reads ``batch`` columns."""

    quick_batch: PositiveInt
    batch: PositiveInt


class TextRecipe(RecipeDocument):
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
