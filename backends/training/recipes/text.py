"""Recipes for language models of recurrent cells: for stand-alone training, and for shared weights."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from backends.networks.dropouts import INIT_RANGE
from backends.training.recipes.recipe_part import (
    NUMBER,
    AnyPositive,
    DropoutKeys,
    Fraction,
    NonNegativeFloat,
    NonNegativeInt,
    OptimizerSettings,
    PositiveFloat,
    PositiveInt,
    SharedRecipe,
    StandaloneRecipe,
    recipe_part,
)

Lengths = Literal["fixed", "jittered"]
Decoder = Literal["float32", "bfloat16"]
Sharing = Literal["operation", "node"]
Average = Literal["nodes", "all", "loose-ends"]
StateNorm = Literal["none", "batch"]


@recipe_part
class LanguageRecipe(StandaloneRecipe, DropoutKeys):
    """A stand-alone recipe in the terms of DARTS (Liu et al. 2019; quark0/darts, rnn/train.py); `task` is `language`.

    Data: `dataset` and the sizes `vocabulary` and `train_tokens` as in `backends.data.corpora.load`. An epoch reads one
    of `parts` equal parts of the training text, in turn.
    Network: embedding, state and output have `width` units, initial weights are uniform within `init_range`; the
    dropouts are those of `backends.networks.dropouts.Dropouts`.
    Sequences: the training text in `batch_size` columns, `bptt` steps at a time from the state before, or `jittered`: a
    normal number of steps around `bptt`, one time in 20 around its half, with a proportional learning rate. Before each
    sequence a column's state is set to zero with probability `restarts`. Without restarts, a cell early in training may
    have two equilibria, or explode, and its perplexity, measured from zeros, may be that of the other one.
    Optimiser: `sgd`, `adam`, or `averaged-sgd`: SGD until a validation loss exceeds the minimum of all before it but
    the last `nonmono`; then the average of the weights since is measured. Gradients have norm `clip` at most (0: any).
    The learning rate is `constant`, or falls to 0 along a half `cosine`, after a linear rise from 0 over the fraction
    `warmup` of all epochs. `slowness` is the factor of the mean squared difference of consecutive outputs, the
    published beta.
    Measuring: after each epoch on all words of validation and test text, in `validation_batch` and `test_batch`
    columns. `decoder` is the precision of the decoder's large products, in training and measuring.
    Every number of epochs up to `epochs` is a budget, and all budgets belong to one training.
    """

    task: Literal["language"]
    dataset: str
    width: PositiveInt
    epochs: PositiveInt
    batch_size: PositiveInt
    learning_rate: PositiveFloat
    repeats: PositiveInt
    seed: NonNegativeInt
    vocabulary: NonNegativeInt = 0
    train_tokens: NonNegativeInt = 0
    parts: PositiveInt = 1
    optimiser: Literal["sgd", "averaged-sgd", "adam"] = "averaged-sgd"
    schedule: Literal["constant", "cosine"] = "constant"
    warmup: Fraction = 0.0
    nonmono: PositiveInt = 5
    clip: NonNegativeFloat = 0.25
    weight_decay: NonNegativeFloat = 0.0
    bptt: PositiveInt = 35
    lengths: Lengths = "fixed"
    restarts: Fraction = 0.0
    validation_batch: PositiveInt = 10
    test_batch: PositiveInt = 1
    dropout_output: Fraction = 0.0
    dropout_hidden: Fraction = 0.0
    dropout_inputs: Fraction = 0.0
    dropout_embedding: Fraction = 0.0
    dropout_words: Fraction = 0.0
    slowness: NonNegativeFloat = 0.0
    decoder: Decoder = "float32"
    init_range: PositiveFloat = INIT_RANGE


@recipe_part
class TextData:
    """A text and its sizes as in ``backends.data.corpora.load``; an epoch reads one of ``parts`` equal parts."""

    dataset: str
    vocabulary: NonNegativeInt = 0
    train_tokens: NonNegativeInt = 0
    parts: PositiveInt = 1


@recipe_part
class TextNetwork(DropoutKeys):
    """Units, range of initial weights, and dropouts as in ``backends.networks.dropouts.Dropouts``.

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
    """SGD without momentum, or Adam, on sequences of ``bptt`` steps in ``batch_size`` columns.

    ``lengths``, ``restarts``, ``slowness`` and ``decoder`` are those of ``LanguageRecipe``.
    The learning rate is ``constant``; or ``decay`` multiplies it in every epoch from ``decay_from`` on, down to
    ``final_rate`` (the schedule of ENAS; Pham et al. 2018); or it falls to ``final_rate`` along a half ``cosine`` over
    ``epochs``. Before that it rises linearly from 0 over the fraction ``warmup`` of ``epochs``.
    """

    epochs: PositiveInt
    batch_size: PositiveInt
    bptt: PositiveInt
    lengths: Lengths = "fixed"
    restarts: Fraction = 0.0
    optimiser: Literal["sgd", "adam"] = "sgd"
    schedule: Literal["constant", "decay", "cosine"] = "constant"
    learning_rate: PositiveFloat
    final_rate: NonNegativeFloat = 0.0
    decay: Annotated[float, Field(gt=0, le=1), NUMBER] = 1.0
    decay_from: NonNegativeInt = 0
    warmup: Fraction = 0.0
    weight_decay: NonNegativeFloat = 0.0
    clip: AnyPositive
    slowness: NonNegativeFloat = 0.0
    decoder: Decoder = "float32"

    def rate(self, epochs: float) -> float:
        """The learning rate after this number of epochs, for a sequence of ``bptt`` steps."""
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
    """``quick_batch`` words for a Gradient and a small batch of a Score, ``batch`` columns for a Score on all words."""

    quick_batch: PositiveInt
    batch: PositiveInt


@recipe_part
class TextRecipe(SharedRecipe):
    """A recipe of shared weights for text; its ``task`` distinguishes it from recipes for images."""

    task: Literal["language"]
    data: TextData
    network: TextNetwork
    training: TextTraining
    evaluation: TextEvaluation

    @property
    def optimizer_settings(self) -> OptimizerSettings:
        """The optimiser's settings; a virtual step is clipped SGD (quark0/darts, rnn/architect.py)."""
        part = self.training
        return OptimizerSettings(
            optimiser=part.optimiser, weight_decay=part.weight_decay, clip=part.clip, virtual_clip=part.clip
        )
