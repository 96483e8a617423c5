"""The dropouts of a recurrent language model, and the range of its initial weights (quark0/darts, rnn)."""

from dataclasses import dataclass

from harness.core.errors import SettingError

INIT_RANGE = 0.04
"""Initial weights are uniform between minus and plus this value (rnn/model.py, INITRANGE)."""


@dataclass(frozen=True, slots=True)
class Dropouts:
    """Dropout probabilities in training; except for `words`, all steps of a sequence share one mask.

    `output` applies before the decoder, `hidden` before the matrices of all nodes, `inputs` and `embedding` (two masks)
    to the embedded words; `words` drops whole rows of the embedding matrix. DARTS' names are dropout, dropouth,
    dropoutx, dropouti and dropoute (rnn/train.py).
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
