"""The dropouts of a recurrent language model, and the range of its first weights (quark0/darts, rnn)."""

from dataclasses import dataclass

from harness.core.errors import SettingError

INIT_RANGE = 0.04
"""Weights are uniform from minus this to this (rnn/model.py, INITRANGE)."""


@dataclass(frozen=True, slots=True)
class Dropouts:
    """Probabilities of zero while training; all but the words' are one mask for all steps of a sequence.

    `output` before the decoder, `hidden` before the matrices of all nodes, `inputs` and `embedding` (two masks) on the
    embedded words, `words` drops whole rows of the embedding matrix. DARTS' names are dropout, dropouth, dropoutx,
    dropouti and dropoute (rnn/train.py).
    """

    output: float = 0.0
    hidden: float = 0.0
    inputs: float = 0.0
    embedding: float = 0.0
    words: float = 0.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            if not 0 <= getattr(self, name) < 1:
                raise SettingError(
                    f"the dropout of {name!r} is {getattr(self, name)!r}; expected a probability from 0 to below 1"
                )
