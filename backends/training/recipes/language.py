"""A recipe for language models: everything that decides the training of a recurrent cell, apart from the cell."""

from collections.abc import Mapping
from dataclasses import dataclass

from backends.training.recipes.keys import Keyed
from harness.core.errors import SettingError

WORDS: Mapping[str, tuple[str, ...]] = {
    "task": ("language",),
    "optimiser": ("sgd", "averaged-sgd", "adam"),
    "schedule": ("constant", "cosine"),
    "lengths": ("fixed", "jittered"),
    "decoder": ("float32", "bfloat16"),
}
"""The words that these keys can have."""

LEAST: Mapping[str, int] = {
    "vocabulary": 0,
    "train_tokens": 0,
    "parts": 1,
    "width": 1,
    "epochs": 1,
    "batch_size": 1,
    "validation_batch": 1,
    "test_batch": 1,
    "bptt": 1,
    "nonmono": 1,
    "repeats": 1,
}
"""The least value of each whole number but the seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageRecipe(Keyed):
    """One recipe, in the terms of DARTS (Liu et al. 2019; quark0/darts, rnn/train.py); `task` is `language`.

    Data: `dataset` and the sizes `vocabulary` and `train_tokens` as `backends.data.corpora.load` takes them. An epoch
    is one of `parts` equal parts of the training text, one after the other.
    Network: embedding, state and output of `width` units, weights uniform within `init_range`; the dropouts of
    `backends.networks.rnn_cell.Dropouts`.
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

    task: str
    dataset: str
    width: int
    epochs: int
    batch_size: int
    learning_rate: float
    repeats: int
    seed: int
    vocabulary: int = 0
    train_tokens: int = 0
    parts: int = 1
    optimiser: str = "averaged-sgd"
    schedule: str = "constant"
    warmup: float = 0.0
    nonmono: int = 5
    clip: float = 0.25
    weight_decay: float = 0.0
    bptt: int = 35
    lengths: str = "fixed"
    restarts: float = 0.0
    validation_batch: int = 10
    test_batch: int = 1
    dropout_output: float = 0.0
    dropout_hidden: float = 0.0
    dropout_inputs: float = 0.0
    dropout_embedding: float = 0.0
    dropout_words: float = 0.0
    slowness: float = 0.0
    decoder: str = "float32"
    init_range: float = 0.04

    def __post_init__(self) -> None:
        self.require(WORDS, LEAST)
        for key in ("clip", "weight_decay", "slowness"):
            if not 0 <= getattr(self, key) < float("inf"):
                raise SettingError(f"recipe key {key!r} is {getattr(self, key)}; expected 0 or more")
        for key in (*DROPOUTS, "restarts", "warmup"):
            if not 0 <= getattr(self, key) < 1:
                raise SettingError(f"recipe key {key!r} is {getattr(self, key)}; expected from 0 to below 1")
        for key in ("learning_rate", "init_range"):
            if not 0 < getattr(self, key) < float("inf"):
                raise SettingError(f"recipe key {key!r} is {getattr(self, key)}; expected more than 0")


DROPOUTS = ("dropout_output", "dropout_hidden", "dropout_inputs", "dropout_embedding", "dropout_words")
