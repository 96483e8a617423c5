"""Text for all language models: three streams of word numbers over one vocabulary."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from harness.core.errors import DataError, SettingError

UNKNOWN = "<unk>"
"""Replaces every word outside the vocabulary."""

END = "<eos>"
"""Ends every line."""


@dataclass(frozen=True, slots=True)
class Corpus:
    """The words of three texts in order; each line ends with `<eos>`."""

    name: str
    train: Sequence[str]
    validation: Sequence[str]
    test: Sequence[str]

    def encoded(self, *, words: int = 0, train_tokens: int = 0) -> Text:
        """Number the words by decreasing frequency in the training text, equally frequent ones alphabetically.

        The training text is cut to its first `train_tokens` words; the vocabulary is the `words` most frequent of them,
        with `<unk>` and `<eos>`; 0 means all. Raises SettingError for sizes that are out of range.
        """
        train = self._cut(train_tokens)
        vocabulary = _vocabulary(train, words)
        numbers = {word: number for number, word in enumerate(vocabulary)}
        unknown, texts = numbers[UNKNOWN], (train, self.validation, self.test)
        coded = (torch.tensor([numbers.get(word, unknown) for word in text], dtype=torch.int64) for text in texts)
        train_stream, validation, test = coded
        return Text(self.name, train_stream, validation, test, vocabulary)

    def _cut(self, train_tokens: int) -> Sequence[str]:
        if not 0 <= train_tokens <= len(self.train):
            raise SettingError(
                f"setting 'train_tokens' cannot be {train_tokens!r}: data set {self.name!r} has {len(self.train):,}"
                " training tokens; 0 takes all"
            )
        return self.train[: train_tokens or None]


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """Three streams of word numbers (tokens,) as int64, and the word of each number."""

    name: str
    train: Tensor
    validation: Tensor
    test: Tensor
    vocabulary: tuple[str, ...]

    @property
    def device(self) -> torch.device:
        """The device of the streams."""
        return self.train.device

    def to(self, device: torch.device) -> Text:
        """The same text on another device."""
        return replace(self, **{name: getattr(self, name).to(device) for name in ("train", "validation", "test")})

    def digest(self) -> str:
        """SHA-256 of vocabulary and streams."""
        sha = hashlib.sha256("\n".join(self.vocabulary).encode())
        for stream in (self.train, self.validation, self.test):
            sha.update(np.array([len(stream)], "<i8").tobytes() + stream.cpu().numpy().astype("<i8").tobytes())
        return sha.hexdigest()


def words_of(lines: Iterable[str]) -> list[str]:
    """The words of each line, with `<eos>` after every line, even an empty one (quark0/darts, rnn/data.py)."""
    return [word for line in lines for word in (*line.split(), END)]


def batchify(stream: Tensor, number: int) -> Tensor:
    """A stream cut into `number` equal columns, (steps, number); words that do not fill the columns are omitted.

    As in quark0/darts, rnn/utils.py, batchify. Raises DataError if a column has less than two words.
    """
    steps = len(stream) // number
    if steps < 2:
        raise DataError(f"{len(stream)} words cannot be cut into {number} columns of at least 2; lower the batch size")
    return stream[: steps * number].view(number, steps).t().contiguous()


def inputs_and_targets(stream: Tensor, number: int) -> tuple[Tensor, Tensor]:
    """Inputs and targets (steps, number) for predicting all words of a stream except the first.

    Each column continues the one before; where the last is short, targets are -1. Raises DataError for a stream of less
    than two words.
    """
    if len(stream) < 2:
        raise DataError(f"a text of {len(stream)} words has none to predict; expected 2 or more")
    steps = -(-(len(stream) - 1) // number)
    padding = (0, steps * number - len(stream) + 1)
    inputs = torch.nn.functional.pad(stream[:-1], padding, value=0)
    targets = torch.nn.functional.pad(stream[1:], padding, value=-1)
    return inputs.view(number, steps).t().contiguous(), targets.view(number, steps).t().contiguous()


def _vocabulary(train: Sequence[str], words: int) -> tuple[str, ...]:
    counts = Counter(train)
    counts.setdefault(UNKNOWN, 0)
    counts.setdefault(END, 0)
    if words and not 3 <= words <= len(counts):
        raise SettingError(
            f"setting 'vocabulary' cannot be {words!r}: the training text has {len(counts):,} different words;"
            " expected 3 or more, or 0 for all"
        )
    kept = sorted(counts, key=lambda word: (-counts[word], word))
    special = [word for word in (UNKNOWN, END) if word not in kept[: words or None]]
    return tuple(kept[: (words or len(kept)) - len(special)] + special)
