"""Cuts a training text into the sequences of one epoch (quark0/darts, rnn/train.py)."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from backends.training.recipes import LanguageRecipe

_HALVED = 0.05
"""The probability that the mean length is half of `bptt`."""

_DEVIATION, _LEAST, _MOST_OVER = 5, 5, 20
"""A length's standard deviation, its minimum, and the most by which it may exceed `bptt`."""


@dataclass(frozen=True, slots=True)
class BpttSequence:
    """Steps `start` to `end` of the columns, each predicting the next; `rate_factor` multiplies the learning rate."""

    start: int
    end: int
    rate_factor: float


def bptt_sequences(recipe: LanguageRecipe, steps: int, generator: torch.Generator) -> Iterator[BpttSequence]:
    """The sequences of `steps` steps; a single step that remains at the end is not trained on, as published."""
    start = 0
    while start < steps - 2:
        length = recipe.bptt if recipe.lengths == "fixed" else jittered_length(recipe.bptt, generator)
        yield BpttSequence(start, min(start + length, steps - 1), length / recipe.bptt)
        start += length


def jittered_length(bptt: int, generator: torch.Generator) -> int:
    """A random length of one sequence, as in the published training."""
    mean = bptt / 2 if float(torch.rand((), generator=generator)) < _HALVED else bptt
    drawn = int(mean + _DEVIATION * float(torch.randn((), generator=generator)))
    return min(max(_LEAST, drawn), bptt + _MOST_OVER)


def part_of(columns: Tensor, epoch: int, parts: int) -> Tensor:
    """The steps of the columns (steps, columns) that an epoch reads: one of `parts` equal parts and one more step."""
    number = epoch % parts
    begin, end = (len(columns) * place // parts for place in (number, number + 1))
    return columns[begin : end + 1]


def restarted(hidden: Tensor, probability: float, generator: torch.Generator) -> Tensor:
    """The initial state (columns, width) of a sequence: each column is set to zero with this probability."""
    if not probability:
        return hidden
    kept = torch.empty(len(hidden), 1).bernoulli_(1 - probability, generator=generator)
    return hidden * kept.to(hidden)
