"""Text batches of a supernet, which depend on the seed, on their number and on the end of the training step before."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from backends.data.text import Text, batchify, inputs_and_targets
from backends.training.recipes.text import TextRecipe
from backends.training.sequences import jittered_length, part_of
from harness.core.errors import SettingError
from harness.core.random import stream

BpttBatch = tuple[Tensor, Tensor]
"""Words (steps, columns) and the words that follow them, -1 where a column is short."""


@dataclass(frozen=True, slots=True)
class TextPosition:
    """The start of a training step: the epoch, and the row in the epoch's part of the columns."""

    epoch: int = 0
    row: int = 0


class BpttBatches:
    """The batches of one run; ``searched`` is the text on which scores and gradients are measured."""

    def __init__(self, text: Text, searched: Tensor, recipe: TextRecipe, seed: int) -> None:
        self._recipe, self._seed = recipe, seed
        self._columns, self._searched = batchify(text.train, recipe.training.batch_size), searched
        size = recipe.evaluation.quick_batch
        self._quick_columns = max(1, size // recipe.training.bptt)
        if size > len(searched) - 1:
            raise SettingError(
                f"evaluation.quick_batch cannot be {size}: the searched text has {len(searched) - 1} words to predict"
            )
        if len(self._columns) // recipe.data.parts < 3:
            raise SettingError(f"data.parts cannot be {recipe.data.parts}: a part has fewer than 3 words a column")
        if recipe.network.norm == "batch" and min(self._quick_columns, recipe.evaluation.batch) < 2:
            raise SettingError("norm 'batch' needs 2 columns or more: raise evaluation.quick_batch or evaluation.batch")
        self._order = lru_cache(4)(self._shuffled)

    @property
    def steps_per_epoch(self) -> int:
        """The number of sequences of ``bptt`` steps in a part of the text; the last one may be shorter."""
        return math.ceil((len(self._columns) // self._recipe.data.parts - 1) / self._recipe.training.bptt)

    def length(self, step: int) -> int:
        """The number of words in each column of a step's sequence, unless the text ends before."""
        part = self._recipe.training
        return part.bptt if part.lengths == "fixed" else jittered_length(part.bptt, self.generator("length", step))

    def training(self, step: int, place: TextPosition) -> tuple[BpttBatch, TextPosition]:
        """The batch of a step that starts at ``place``, and the start of the next step.

        As in quark0/darts, rnn/train.py, a single row that remains at the end is not trained on.
        """
        part = part_of(self._columns, place.epoch, self._recipe.data.parts)
        end = place.row + self.length(step)
        words = part[place.row : end + 1]
        following = TextPosition(place.epoch, end) if end < len(part) - 2 else TextPosition(place.epoch + 1)
        return (words[:-1], words[1:]), following

    def quick(self, number: int) -> BpttBatch:
        """A small batch of the searched text, in sequences of ``bptt`` steps; every pass has a new order."""
        size = self._recipe.evaluation.quick_batch
        epoch, place = divmod(number, (len(self._searched) - 1) // size)
        start = int(self._order(epoch)[place]) * size
        return inputs_and_targets(self._searched[start : start + size + 1], self._quick_columns)

    def whole(self) -> Iterator[BpttBatch]:
        """All words of the searched text in order, ``bptt`` steps at a time."""
        words, wanted = inputs_and_targets(self._searched, self._recipe.evaluation.batch)
        bptt = self._recipe.training.bptt
        yield from zip(torch.split(words, bptt), torch.split(wanted, bptt), strict=True)

    def generator(self, name: str, step: int) -> torch.Generator:
        """The random generator of a step for one purpose, ``name``."""
        return torch.Generator().manual_seed(int(stream(self._seed, "oracle", name, step).integers(2**62)))

    def _shuffled(self, epoch: int) -> npt.NDArray[np.int64]:
        count = (len(self._searched) - 1) // self._recipe.evaluation.quick_batch
        return stream(self._seed, "oracle", "searched", epoch).permutation(count)
