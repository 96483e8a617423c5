"""Sequences of an epoch: all steps once, lengths as published, the rate in proportion."""

from __future__ import annotations

from dataclasses import replace
from statistics import fmean

import pytest
import torch

from backends.training.sequences import bptt_sequences
from tests.backends.standalone.language import LITTLE

JITTERED = replace(LITTLE, bptt=35, lengths="jittered")


def drawn(steps: int, seed: int = 0) -> list[tuple[int, int, float]]:
    generator = torch.Generator().manual_seed(seed)
    return [(each.start, each.end, each.rate_factor) for each in bptt_sequences(JITTERED, steps, generator)]


def test_fixed_sequences_are_even_and_the_last_step_has_nothing_to_predict() -> None:
    found = list(bptt_sequences(replace(LITTLE, bptt=10), 28, torch.Generator()))
    assert [(each.start, each.end, each.rate_factor) for each in found] == [(0, 10, 1), (10, 20, 1), (20, 27, 1)]


@pytest.mark.parametrize("steps", [5, 36, 37, 1000])
def test_every_step_is_an_input_once_but_the_last_and_a_single_one_before_it(steps: int) -> None:
    """`while i < train_data.size(0) - 1 - 1` (quark0/darts, rnn/train.py)."""
    covered = [step for start, end, _ in drawn(steps) for step in range(start, end)]
    assert covered in (list(range(steps - 1)), list(range(steps - 2)))


def test_jittered_lengths_are_the_published_ones() -> None:
    """Normal around 35 with deviation 5, one in twenty around 17.5, at least 5, at most 55 (rnn/train.py)."""
    found = drawn(400_000)[:-1]
    lengths = [end - start for start, end, _ in found]
    assert all(rate == pytest.approx(length / 35) for length, (_, _, rate) in zip(lengths, found, strict=True))
    assert min(lengths) >= 5
    assert max(lengths) <= 55
    # int() cuts half a step off on average
    assert fmean(lengths) == pytest.approx(0.95 * 34.5 + 0.05 * 17, abs=0.3)
    assert fmean(length < 25 for length in lengths) == pytest.approx(0.05 * 0.933 + 0.95 * 0.023, abs=0.01)
