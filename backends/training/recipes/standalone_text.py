"""A recipe for language models: everything that decides the training of a recurrent cell, apart from the cell."""

from __future__ import annotations

from typing import Literal

from backends.networks.dropouts import INIT_RANGE
from backends.training.recipes.recipe_part import (
    DropoutKeys,
    Fraction,
    Int,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    StandaloneRecipe,
    recipe_part,
)

Lengths = Literal["fixed", "jittered"]
Decoder = Literal["float32", "bfloat16"]


@recipe_part
class LanguageRecipe(StandaloneRecipe, DropoutKeys):
    """One recipe, in the terms of DARTS (Liu et al. 2019; quark0/darts, rnn/train.py); `task` is `language`.

    Data: `dataset` and the sizes `vocabulary` and `train_tokens` as `backends.data.corpora.load` takes them. An epoch
    is one of `parts` equal parts of the training text, one after the other.
    Network: embedding, state and output of `width` units, weights uniform within `init_range`; the dropouts of
    `backends.networks.dropouts.Dropouts`.
    Sequences: the training text in `batch_size` columns, `bptt` steps at a time from the state before, or `jittered`:
    a normal number of steps around `bptt`, one time in twenty around its half, and the rate in proportion. Before each
    sequence a column's state is set to zero with probability `restarts`: a young cell that has started once only may
    have two equilibria, or explode, and its perplexity, measured from a state of zeros, would be that of the other one.
    Optimiser: `sgd`, `adam`, or `averaged-sgd`: SGD until a validation loss exceeds the least of all but the last
    `nonmono` before it, then the average of all weights since is what is measured. Gradients have norm `clip` at most
    (0: any). The rate is `constant`, or falls to 0 along a half `cosine`, in either case after it has risen linearly
    from 0 over the fraction `warmup` of all epochs. `slowness` is the factor of the mean squared difference of
    consecutive outputs, the published beta.
    Measuring: after each epoch on all words of validation and test text, in `validation_batch` and `test_batch`
    columns. `decoder`: the precision of the large products of the decoder, in training and measuring.
    A budget is any number of epochs up to `epochs`, and a moment of one training.
    """

    task: Literal["language"]
    dataset: str
    width: PositiveInt
    epochs: PositiveInt
    batch_size: PositiveInt
    learning_rate: PositiveFloat
    repeats: PositiveInt
    seed: Int
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
