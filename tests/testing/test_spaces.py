"""Each contract check of spaces rejects a space that breaks its rule, and an honest one passes them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from harness.core.space import Architecture, Mixture, SearchSpace
from harness.testing import SPACE_CHECKS, ContractError
from harness.testing import spaces as checks
from tests.fakes.spaces import Pairs


class SamplesOutside(Pairs):
    def sample(self, rng: np.random.Generator) -> Architecture:
        return Architecture((4, 0))


class SamplesOneCell(Pairs):
    def sample(self, rng: np.random.Generator) -> Architecture:
        return Architecture((0, 0))


class NeverSettles(Pairs):
    def canonical_keys(self, keys: Any) -> Any:
        return np.where(keys < 0, -1, (keys + 1) % 34)


class CountsTwice(Pairs):
    def enumerate_keys(self) -> Any:
        return np.repeat(super().enumerate_keys(), 2)


class WalksForever(Pairs):
    @property
    def size(self) -> int:
        return 10**12


class JumpsFar(Pairs):
    def neighbours(self, architecture: Architecture) -> Iterator[Architecture]:
        yield Architecture(tuple(3 - choice for choice in architecture.choices))
        yield Architecture(tuple((choice + 1) % 4 for choice in architecture.choices))


class FormatsHalf(Pairs):
    def format(self, architecture: Architecture) -> str:
        return f"{architecture.choices[0]}+0"


class ReadsAnything(Pairs):
    def parse(self, text: str) -> Architecture:
        return super().parse(text) if "+" in text else Architecture((0, 0))


class SpreadsItsWeight(Pairs):
    def one_hot(self, architecture: Architecture) -> Mixture:
        return tuple((0.25,) * n for n in self.options)


class ForgetsALabelling(Pairs):
    def aliases(self, keys: Any) -> Any:
        return keys, np.arange(len(keys))

    def sample(self, rng: np.random.Generator) -> Architecture:
        return Architecture(tuple(rng.integers(4, size=2).tolist()))


class NumbersItsEncoding(Pairs):
    encoding = 5


class ReachesMoreThanThereIs(Pairs):
    reach = {"choices": 10, "other": 11}  # noqa: RUF012


class HidesItsEncoding(Pairs):
    reach = {"other": 10}  # noqa: RUF012


class HashesTooFew(Pairs):
    def hashes(self, keys: Any) -> Any:
        return map(str, self.canonical_keys(keys)[1:])


class HashesLabels(Pairs):
    def hashes(self, keys: Any) -> Any:
        return map(str, keys)


class HashesAllAlike(Pairs):
    def hashes(self, keys: Any) -> Any:
        return ["0"] * len(keys)


BROKEN = [
    (checks.optional_members_are_right, NumbersItsEncoding, "encoding is 5"),
    (checks.optional_members_are_right, ReachesMoreThanThereIs, "from 1 to all"),
    (checks.optional_members_are_right, HidesItsEncoding, "must give the encoding"),
    (checks.optional_members_are_right, HashesTooFew, "a text a key"),
    (checks.optional_members_are_right, HashesLabels, "whatever its labelling"),
    (checks.optional_members_are_right, HashesAllAlike, "different hashes"),
    (checks.samples_lie_inside, SamplesOutside, "refuses"),
    (checks.sampling_reaches_everything, SamplesOneCell, "met 1 of 10"),
    (checks.canonical_is_idempotent, NeverSettles, "not itself"),
    (checks.enumeration_is_complete, CountsTwice, "twice"),
    (checks.enumeration_is_complete, WalksForever, "must refuse"),
    (checks.neighbours_are_near, JumpsFar, "one decision"),
    (checks.text_round_trips, FormatsHalf, "does not read back"),
    (checks.text_round_trips, ReadsAnything, "SpaceError"),
    (checks.one_hot_round_trips, SpreadsItsWeight, "single 1"),
    (checks.keys_agree_with_choices, ForgetsALabelling, "every labelling"),
]


@pytest.mark.parametrize("check", SPACE_CHECKS, ids=lambda check: check.__name__)
def test_an_honest_space_passes(check: Callable[[SearchSpace], None]) -> None:
    check(Pairs())


@pytest.mark.parametrize(("check", "space", "words"), BROKEN, ids=lambda value: getattr(value, "__name__", ""))
def test_a_check_states_the_rule_that_a_space_broke(check: Any, space: Any, words: str) -> None:
    with pytest.raises(ContractError, match=words):
        check(space())


def test_every_space_check_has_a_space_that_it_rejects() -> None:
    assert {check for check, *_ in BROKEN} == set(SPACE_CHECKS)
