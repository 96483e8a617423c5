"""Each contract check of the optional members of oracles rejects an oracle that breaks its rule."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import pytest

from backends.synthetic import SyntheticOracle
from harness.core.oracle import Answer, Query
from harness.planning.settings import create_space
from harness.testing import ContractError, OracleCase
from harness.testing import oracle_members as checks
from tests.fakes.counting_oracles import Counting


class AsksForNothing(Counting):
    width = 0


class TellsNoWidth(Counting):
    width = "many"


class CountsBackwards(Counting):
    @property
    def repeated(self) -> int:
        return -1


class CountsTwice(Counting):
    @property
    def repeated(self) -> int:
        return 3 * self.asked


class PromisesNothing(Counting):
    protocol = {"recipe": "spos"}  # noqa: RUF012


class ForgetsItsCount(Counting):
    """Says the right number until it goes on from a checkpoint."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.seen: list[Query] = []

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        self.seen += queries
        return super().answer(queries)

    @property
    def repeated(self) -> int:
        return len(self.seen) - len(set(self.seen))


class Settled(Counting):
    """Takes a setting, for broken protocols to fill in."""

    def __init__(self, seed: int, *, recipe: str = "toy") -> None:
        super().__init__(seed)


class ReturnsNonsense(Settled):
    @staticmethod
    def protocol(settings: Any, recipe: str, space: Any) -> Any:
        return "spos"


class InventsASetting(Settled):
    @staticmethod
    def protocol(settings: Any, recipe: str, space: Any) -> Any:
        return {**settings, "digest": "1"}, {}


class ChangesWhatItIsGiven(Settled):
    @staticmethod
    def protocol(settings: Any, recipe: str, space: Any) -> Any:
        settings["recipe"] = recipe
        return dict(settings), {}


class NeedsAnObject(Settled):
    def protocol(self, settings: Any, recipe: str, space: Any) -> Any:
        return settings, {}


class LivesNowhere(Settled):
    @staticmethod
    def space_of(settings: Any) -> Any:
        return "no-such-space"


class LivesInANumber(Settled):
    @staticmethod
    def space_of(settings: Any) -> Any:
        return 5


class CountsDevices(Counting):
    def __init__(self, seed: int, *, device: int = 0) -> None:
        super().__init__(seed)


class KnowsAnotherSpace(Counting):
    def truth(self) -> Any:
        return SyntheticOracle(create_space("rnn2"), 0).truth()


class KnowsTooFew(Counting):
    def truth(self) -> Any:
        return SyntheticOracle(create_space("nasbench101-v3"), 0).truth()


class ChangesItsMind(Counting):
    calls = itertools.count()

    def truth(self) -> Any:
        return SyntheticOracle(self.space, 0, landscape=next(self.calls)).truth()


BROKEN = [
    (checks.optional_members_are_right, ForgetsItsCount, "go on from a checkpoint"),
    (checks.settings_are_filled_in, ReturnsNonsense, "ReturnsNonsense returns 'spos' from protocol; expected"),
    (checks.settings_are_filled_in, InventsASetting, "neither more nor less"),
    (checks.settings_are_filled_in, ChangesWhatItIsGiven, "must not change"),
    (checks.settings_are_filled_in, NeedsAnObject, "a static method"),
    (checks.settings_are_filled_in, LivesNowhere, "unknown space 'no-such-space'"),
    (checks.settings_are_filled_in, LivesInANumber, "returns 5 from space_of"),
    (checks.shared_settings_take_their_values, CountsDevices, "device cannot be"),
    (checks.truth_covers_the_space, KnowsAnotherSpace, "the truth is of scheme"),
    (checks.truth_covers_the_space, KnowsTooFew, "lacks a cell"),
    (checks.truth_covers_the_space, ChangesItsMind, "the same digest"),
    (checks.optional_members_are_right, AsksForNothing, "width = 0; expected a whole number from 1 up"),
    (checks.optional_members_are_right, TellsNoWidth, "width = 'many'"),
    (checks.optional_members_are_right, CountsBackwards, "repeated = -1"),
    (checks.optional_members_are_right, CountsTwice, "at most once"),
    (checks.optional_members_are_right, PromisesNothing, "a static method"),
]


@pytest.mark.parametrize(("check", "oracle", "words"), BROKEN, ids=lambda value: getattr(value, "__name__", ""))
def test_a_check_states_the_rule_that_an_oracle_broke(check: Any, oracle: Any, words: str) -> None:
    with pytest.raises(ContractError, match=words):
        check(OracleCase(oracle))
