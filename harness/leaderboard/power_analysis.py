"""Computes how many seeds a comparison needs, from the spread of stored results or of random draws alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeVar

from backends.tabular.named_tables import open_table
from harness.core.errors import SettingError, StoreError, UnknownNameError
from harness.core.judgement import Truth
from harness.core.numbers import Number, Undefined
from harness.core.policy import BASELINE
from harness.judging.judge import Judge
from harness.leaderboard.comparison import POWER, SIGNIFICANT
from harness.leaderboard.leaderboard import Leaderboard, LeaderboardEntry, names_of
from harness.leaderboard.stored_boards import stored_boards
from harness.planning import settings
from harness.statistics import detectable_difference, seeds_needed, test_power
from harness.statistics.power import SMALLEST_LEVEL
from harness.storage.store import Store

DIFFERENCES = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""In the printed unit: points of accuracy, or perplexity."""

Answer = TypeVar("Answer", int, float)

SEEDS = (3, 5, 10, 20, 50)

SpreadSource: TypeAlias = Literal["runs", "cells"]
"""The source of deviations: the runs of a store, or the cells of a table."""


@dataclass(frozen=True, slots=True)
class PowerQuestion:
    """A question about Welch's two-sided test: ``differences`` in the printed unit, and ``seeds`` on each side.

    Raises SettingError for numbers that no test can have.
    """

    differences: tuple[float, ...] = DIFFERENCES
    seeds: tuple[int, ...] = SEEDS
    power: float = POWER
    level: float = SIGNIFICANT

    def __post_init__(self) -> None:
        if not SMALLEST_LEVEL <= self.level < self.power < 1:
            raise SettingError(
                f"power {self.power!r} at level {self.level!r}: no test has both; choose a level of at least "
                f"{SMALLEST_LEVEL:g}, and a power between it and 1"
            )
        for difference in self.differences:
            if not 0 < difference < math.inf:
                raise SettingError(f"difference {difference!r} must be a number above 0")

    @property
    def single(self) -> bool:
        """Whether there are one difference and one number of seeds, which together have a power."""
        return len(self.differences) == len(self.seeds) == 1


@dataclass(frozen=True, slots=True)
class PolicySpread:
    """The deviations of a policy's values and of random's, in the metric's unit, for a future comparison.

    ``runs`` is the number of runs behind the policy's deviation, 0 if it is assumed.
    """

    name: str
    std: Number
    random_std: Number
    runs: int

    def needed(self, difference: float, question: PowerQuestion) -> int | Undefined:
        """The number of seeds on each side that finds a difference, given in the metric's unit."""
        return self._of(lambda a, b: seeds_needed(difference, a, b, power=question.power, level=question.level))

    def detectable(self, seeds: int, question: PowerQuestion) -> Number:
        """The difference, in the metric's unit, that ``seeds`` seeds on each side find."""
        terms = {"power": question.power, "level": question.level}
        return self._of(lambda a, b: detectable_difference(a, b, seeds, seeds, **terms))

    def power(self, difference: float, seeds: int, question: PowerQuestion) -> Number:
        """The chance that ``seeds`` seeds on each side find a difference, given in the metric's unit."""
        return self._of(lambda a, b: test_power(difference, a, b, seeds, seeds, level=question.level))

    def _of(self, found: Callable[[float, float], Answer | Undefined]) -> Answer | Undefined:
        """The result of ``found`` for both deviations, or why one of them is missing."""
        if isinstance(self.std, Undefined):
            return self.std
        return self.random_std if isinstance(self.random_std, Undefined) else found(self.std, self.random_std)


@dataclass(frozen=True, slots=True)
class PowerBasis:
    """What is known before the runs: the spreads of comparisons that have the same truth."""

    truth: Truth
    space: str
    of: SpreadSource
    spreads: tuple[PolicySpread, ...]


def bases_of_store(url: str, policies: Collection[str] = (), table: str | None = None) -> list[PowerBasis]:
    """The spreads of a store's policies, or of the given ones, one basis a space and truth.

    Raises UnknownNameError for a policy without runs, and StoreError if there are no runs to use.
    """
    digest = None if table is None else open_table(table).digest
    with Store.read(url) as store:
        runs = store.runs()
        known = {run.spec.policy for run in runs}
        if unknown := next((policy for policy in policies if policy not in known), None):
            raise UnknownNameError.among("policy", unknown, known)
        wanted = [run for run in runs if not policies or run.spec.policy in (*policies, BASELINE)]
        boards = [found.board for found in stored_boards(store, wanted, searches=False)]
    bases = [basis_of_board(board) for board in boards if digest in (None, board.truth.digest)]
    found = [basis for basis in bases if basis.spreads]
    if not found:
        judged = f" that table {table!r} judges" if table else ""
        raise StoreError(f"the store holds no run{judged} but those of {BASELINE}; `harness run` makes some")
    return found


def basis_of_board(board: Leaderboard) -> PowerBasis:
    """The spreads of a leaderboard's policies, each with random's on the same oracle, or else on any."""
    names = names_of([entry.key for entry in board.entries])
    others = [entry for entry in board.entries if entry.policy != BASELINE]
    spreads = [PolicySpread(names[entry.key], entry.std, _random_std(entry, board), entry.judged) for entry in others]
    return PowerBasis(board.truth, others[0].space if others else "", "runs", tuple(spreads))


def _random_std(entry: LeaderboardEntry, board: Leaderboard) -> Number:
    draws = [each for each in board.entries if (each.policy, each.space) == (BASELINE, entry.space)]
    same = [each for each in draws if each.oracle == entry.oracle]
    return next((each.std for each in same + draws), Undefined(f"there are no runs of {BASELINE}"))


def basis_of_table(name: str) -> PowerBasis:
    """A basis before any run: the deviation of a table's cells is a random draw's, and a policy's is smaller.

    The two rows are a policy that draws like random, and a policy that ends at the same value for every seed.
    """
    table = open_table(name)
    space = settings.create_space(table.space)
    truth = Judge(table, space).truth
    std = truth.ranking if isinstance(truth.ranking, Undefined) else truth.ranking.std
    supposed = (PolicySpread("as spread as a draw", std, std, 0), PolicySpread("always one value", 0.0, std, 0))
    return PowerBasis(truth, table.space, "cells", supposed)


def deviation_range(runs: int) -> tuple[float, float]:
    """The factors on the deviation of ``runs`` normal values, two or more, that bound the true one 19 times in 20.

    By the chi-squared distribution of the squared ratio, with ``runs`` - 1 degrees of freedom.
    """
    from scipy.special import chdtri

    low, high = (math.sqrt((runs - 1) / float(chdtri(runs - 1, tail))) for tail in (0.025, 0.975))
    return low, high
