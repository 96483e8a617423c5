"""Each contract check of oracles rejects an oracle that breaks its rule, and an honest one passes them all."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from backends.synthetic import SyntheticOracle
from harness.core.budget import Cost
from harness.core.oracle import Answer, Failed, Query, Score, Scored, Slope, State, Update
from harness.core.random import stream
from harness.core.space import Architecture
from harness.planning.settings import create_space
from harness.testing import ORACLE_CHECKS, ContractError, OracleCase
from harness.testing import oracles as checks
from tests.fakes.counting_oracles import Counting, Sharing
from tests.testing.test_oracle_members import BROKEN as BROKEN_MEMBERS


class SaysPercent(Counting):
    def change(self, answer: Answer, query: Query) -> Answer:
        return replace(answer, value=100 * answer.value) if isinstance(answer, Scored) else answer


class PaysBack(Counting):
    def change(self, answer: Answer, query: Query) -> Answer:
        return replace(answer, cost=Cost(1, -1.0, 0.0))


class ChargesWithoutEnd(Counting):
    def change(self, answer: Answer, query: Query) -> Answer:
        return replace(answer, cost=Cost(1, float("inf"), 0.0))


class ChargesNothingKnown(Counting):
    def change(self, answer: Answer, query: Query) -> Answer:
        return replace(answer, cost=Cost(1, 0.0, float("nan")))


class LosesTheLast(Counting):
    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        return super().answer(queries)[:-1]


class MixesThemUp(Counting):
    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        return super().answer(queries)[::-1]


class ScoresStrangers(Counting):
    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        known = [q for q in queries if not isinstance(q, Score) or self.space.contains(q.architecture)]
        return super().answer(known) + [Failed("unknown", Cost())] * (len(queries) - len(known))


class ChargesRefusals(Counting):
    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        self.asked += 1
        return super().answer(queries)


class AnswersMoreThanItSays(Counting):
    supports = frozenset({Score})

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        self.supports = SyntheticOracle.supports
        answers = super().answer(queries)
        self.supports = frozenset({Score})
        return answers


class RemembersAcrossRuns(Counting):
    calls = itertools.count()

    def change(self, answer: Answer, query: Query) -> Answer:
        return Failed("worn out", Cost()) if next(self.calls) > 30 else answer


class HidesItsState(Counting):
    def change(self, answer: Answer, query: Query) -> Answer:
        return replace(answer, value=answer.value / (1 + self.asked)) if isinstance(answer, Scored) else answer

    def state_dict(self) -> State:
        return {}

    def load_state_dict(self, state: State) -> None:
        pass


class DependsOnTheOrder(HidesItsState):
    state_dict, load_state_dict = Counting.state_dict, Counting.load_state_dict


class TrainsWhileScoring(DependsOnTheOrder):
    independent = False


class PointsUphill(Counting):
    def change(self, answer: Answer, query: Query) -> Answer:
        if not isinstance(answer, Slope):
            return answer
        return replace(answer, gradient=tuple(tuple(-g for g in row) for row in answer.gradient))


class SaysItShares(Counting):
    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.shares_weights = True


class SharesUnsaid(Sharing):
    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        self.shares_weights = False


class TrainsWhatIsWritten(Sharing):
    """Trains the weights of an architecture's own choices, and scores those of its canonical form."""

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        return super().answer([self.as_written(query) for query in queries])

    def as_written(self, query: Query) -> Query:
        if not isinstance(query, Update):
            return query
        return Update(tuple(self.space.one_hot(p) if isinstance(p, Architecture) else p for p in query.points))


class ScoresWhatIsWritten(Counting):
    def change(self, answer: Answer, query: Query) -> Answer:
        if not isinstance(answer, Scored) or not isinstance(query, Score):
            return answer
        return replace(answer, value=answer.value * (0.5 + 0.1 * query.architecture.choices[0]))


class TrainsMixturesTwice(Sharing):
    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        return super().answer([self.doubled(query) for query in queries])

    def doubled(self, query: Query) -> Query:
        mixed = isinstance(query, Update) and not isinstance(query.points[0], Architecture)
        return Update(query.points * 2) if isinstance(query, Update) and mixed else query


BROKEN = [
    (checks.answers_match, SaysPercent, "outside the metric's range"),
    (checks.answers_match, PaysBack, "never be negative"),
    (checks.answers_match, ChargesWithoutEnd, "must be finite"),
    (checks.answers_match, ChargesNothingKnown, "must be finite"),
    (checks.answers_match, LosesTheLast, "each needs one"),
    (checks.answers_match, MixesThemUp, "was answered by"),
    (checks.refuses_what_it_cannot, ScoresStrangers, "must be refused"),
    (checks.refuses_what_it_cannot, ChargesRefusals, "change nothing"),
    (checks.refuses_what_it_cannot, AnswersMoreThanItSays, "must be refused"),
    (checks.seed_decides, RemembersAcrossRuns, "different answers"),
    (checks.resumes_from_any_cut, HidesItsState, "uninterrupted"),
    (checks.independent_means_it, DependsOnTheOrder, "batches"),
    (checks.only_updates_train, TrainsWhileScoring, "only Update"),
    (checks.training_moves_shared_scores, SaysItShares, "changed no score"),
    (checks.training_moves_shared_scores, SharesUnsaid, "set `shares_weights`"),
    (checks.a_cell_is_one_point, TrainsWhatIsWritten, "canonical form must score and train alike"),
    (checks.a_cell_is_one_point, ScoresWhatIsWritten, "canonical form must score and train alike"),
    (checks.a_cell_is_one_point, TrainsMixturesTwice, "one-hot mixture must train the same weights"),
    (checks.gradient_is_the_slope, PointsUphill, "finite differences"),
]


@pytest.mark.parametrize("check", ORACLE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("oracle", [Counting, Sharing])
def test_an_honest_oracle_passes(oracle: Any, check: Callable[[OracleCase], None]) -> None:
    check(OracleCase(oracle))


class Coarse(Counting):
    """Losses to three digits, as in a short arithmetic."""

    def change(self, answer: Answer, query: Query) -> Answer:
        return replace(answer, loss=round(answer.loss, 3)) if isinstance(answer, Slope) else answer


def test_a_case_says_how_closely_slopes_are_looked_at() -> None:
    with pytest.raises(ContractError, match="finite differences"):
        checks.gradient_is_the_slope(OracleCase(Coarse))
    checks.gradient_is_the_slope(OracleCase(Coarse, slope_step=0.1, slope_tolerance=0.1))
    checks.gradient_is_the_slope(OracleCase(Coarse, estimates_slopes="three digits"))


def test_a_case_says_how_closely_scores_are_looked_at() -> None:
    checks.a_cell_is_one_point(OracleCase(TrainsMixturesTwice, score_tolerance=0.5))


def test_architectures_are_written_in_more_ways_than_one() -> None:
    space = create_space("nasbench101-v4")
    written = checks.noncanonical_architectures(space, stream(1, "test"), 20)
    assert len(written) == 20
    assert all(space.contains(architecture) for architecture in written)
    assert sum(space.canonical(architecture) != architecture for architecture in written) > 5


@pytest.mark.parametrize(("check", "oracle", "words"), BROKEN, ids=lambda value: getattr(value, "__name__", ""))
def test_a_check_states_the_rule_that_an_oracle_broke(check: Any, oracle: Any, words: str) -> None:
    with pytest.raises(ContractError, match=words):
        check(OracleCase(oracle))


def test_every_oracle_check_has_an_oracle_that_it_rejects() -> None:
    assert {check for check, *_ in BROKEN + BROKEN_MEMBERS} == set(ORACLE_CHECKS)
    assert Update in SyntheticOracle.supports
