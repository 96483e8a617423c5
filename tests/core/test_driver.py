"""The search loop: budgets hold, and a crash at any point changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.synthetic import SyntheticOracle
from harness.core.budget import Budget, Cost
from harness.core.driver import AnswerCount, SearchProgress, require_compatible, search
from harness.core.errors import IncompatibleError, SettingError
from harness.core.oracle import Answer, Failed, Gradient, Oracle, Query, Score, Scored, Trial, Update
from harness.core.policy import Policy
from harness.core.random import stream
from harness.planning.settings import create_space
from harness.storage import state_codec
from policies.evolution import Evolution
from policies.random import Random
from policies.random_search import RandomSearch

NAN = float("nan")
SPACE = create_space("nasbench101-v4")


class MemoryLog:
    """Keeps the trials, and a checkpoint every ``interval`` batches; crashes after ``crash`` batches."""

    def __init__(self, interval: int = 1, crash: int = -1) -> None:
        self.interval, self.crash, self.batches = interval, crash, 0
        self.trials: list[Trial] = []
        self.kept: tuple[SearchProgress, bytes, bytes] | None = None

    def resume(self, policy: Policy, oracle: Oracle) -> SearchProgress:
        if self.kept is None:
            self.trials.clear()
            return SearchProgress()
        progress, *states = self.kept
        policy.load_state_dict(state_codec.decode(states[0]))
        oracle.load_state_dict(state_codec.decode(states[1]))
        del self.trials[progress.trials :]
        return progress

    def append(self, trials: Sequence[Trial], progress: SearchProgress, policy: Policy, oracle: Oracle) -> None:
        self.trials += trials
        self.batches += 1
        if self.batches % self.interval == 0:
            states = [state_codec.encode(part.state_dict()) for part in (policy, oracle)]
            self.kept = progress, states[0], states[1]
        if self.batches == self.crash:
            raise KeyboardInterrupt


def evolution(**budget: Any) -> tuple[Policy, Oracle, Budget]:
    policy = Evolution(SPACE, stream(3, "policy"), population=6, tournament=3)
    return policy, SyntheticOracle(SPACE, 3), Budget(**budget)


@settings(max_examples=30, deadline=None)
@given(crash=st.integers(1, 45), interval=st.integers(1, 9), width=st.integers(1, 4))
def test_a_crash_at_any_point_changes_nothing(crash: int, interval: int, width: int) -> None:
    whole = MemoryLog()
    expected = search(*evolution(queries=40), whole)
    log = MemoryLog(interval, crash)
    try:
        outcome = search(*evolution(queries=40), log, width=width)
    except KeyboardInterrupt:
        log.crash = -1
        outcome = search(*evolution(queries=40), log, width=width)
    assert outcome == expected
    assert log.trials == whole.trials


@pytest.mark.parametrize("queries", [1, 7, 100, 101])
def test_a_budget_of_queries_is_spent_to_the_last(queries: int) -> None:
    log = MemoryLog()
    outcome = search(
        RandomSearch(SPACE, stream(1, "policy"), samples=1000), SyntheticOracle(SPACE, 1), Budget(queries=queries), log
    )
    assert outcome.progress.spent.queries == queries == len(log.trials)


def test_the_answer_that_crosses_the_budget_is_the_last_one_charged() -> None:
    log = MemoryLog()
    policy = RandomSearch(SPACE, stream(1, "policy"), samples=50)
    outcome = search(policy, SyntheticOracle(SPACE, 1, full_epochs=10), Budget(seconds=25), log)
    assert outcome.progress == SearchProgress(3, Cost(3, 30, 30.0))
    assert [trial.number for trial in log.trials] == [0, 1, 2]


def test_a_policy_that_asks_nothing_costs_nothing() -> None:
    outcome = search(Random(SPACE, stream(1, "policy")), SyntheticOracle(SPACE, 1), Budget(queries=5))
    assert outcome.progress == SearchProgress()
    assert SPACE.contains(outcome.recommendation)


def test_an_impossible_pair_is_refused_in_words() -> None:
    class Descends:
        needs = frozenset({Gradient, Update})

    class Looks:
        supports = frozenset({Score, Update})

    with pytest.raises(
        IncompatibleError,
        match=r"policy descends needs Gradient queries, but oracle looks answers only Score and Update; .* supernet",
    ):
        require_compatible(
            Descends, Looks, names=("descends", "looks"), oracles=lambda: ["supernet"], policies=lambda: ["enas"]
        )


class Shares:
    supports = frozenset({Score, Update, Gradient})
    shares_weights = True


@pytest.mark.parametrize("needs", [{Score}, {Gradient}, {Score, Gradient}])
def test_a_policy_that_never_trains_the_shared_weights_is_refused_in_words(needs: set[Any]) -> None:
    class Looks:
        pass

    Looks.needs = frozenset(needs)  # type: ignore[attr-defined]
    with pytest.raises(IncompatibleError) as caught:
        require_compatible(
            Looks, Shares, names=("looks", "shares"), oracles=lambda: ["tabular"], policies=lambda: ["enas", "nao"]
        )
    assert str(caught.value) == (
        "policy looks never trains the shared weights of oracle shares (it asks no Update), so its scores would mean "
        "nothing; policies that do: enas or nao"
    )


@pytest.mark.parametrize("needs", [set(), {Update}, {Score, Update}, {Gradient, Update}])
def test_a_policy_that_trains_the_shared_weights_or_asks_nothing_works_with_them(needs: set[Any]) -> None:
    class Fits:
        pass

    Fits.needs = frozenset(needs)  # type: ignore[attr-defined]
    require_compatible(Fits, Shares, names=("fits", "shares"), oracles=list, policies=list)


def test_an_oracle_without_shared_weights_never_minds_what_a_policy_trains() -> None:
    require_compatible(RandomSearch, SyntheticOracle, names=("a", "b"), oracles=list, policies=list)


@pytest.mark.parametrize("limit", [{"queries": 0}, {"epochs": -1.0}, {"seconds": float("nan")}])
def test_a_budget_that_allows_nothing_is_refused(limit: dict[str, Any]) -> None:
    with pytest.raises(SettingError, match="above 0"):
        Budget(**limit)


def test_streams_differ_by_name_and_by_seed_and_repeat_themselves() -> None:
    draws = [stream(*names).random() for names in ((1, "a"), (1, "b"), (2, "a"), (1, "a", 0), (1, "a"))]
    assert draws[0] == draws[4]
    assert len(set(draws)) == 4


class Wrong(SyntheticOracle):
    """Answers in a way that the search must not accept."""

    def __init__(self, change: Callable[[list[Answer]], list[Answer]]) -> None:
        super().__init__(SPACE, 1)
        self._change = change

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        return self._change(super().answer(queries))


def with_cost(cost: Cost) -> Callable[[list[Answer]], list[Answer]]:
    return lambda answers: [replace(answer, cost=cost) for answer in answers]


def with_value(value: float) -> Callable[[list[Answer]], list[Answer]]:
    return lambda answers: [Scored(value, Cost(1)) for _ in answers]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (with_cost(Cost(1, NAN)), "charges Cost(queries=1, epochs=nan, seconds=0.0); expected finite costs from 0 up"),
        (with_cost(Cost(1, 0.0, -1.0)), "expected finite costs from 0 up"),
        (with_cost(Cost(-1)), "expected finite costs from 0 up"),
        (with_cost(Cost(1, 0.0, float("inf"))), "expected finite costs from 0 up"),
        (with_value(NAN), "answers a Score with nan; expected 0 to 1, or Failed where there is no value"),
        (with_value(87.5), "answers a Score with 87.5; expected 0 to 1, or Failed where there is no value"),
        (lambda answers: answers[:-1], "gives 0 answers to 1 queries; expected one answer a query"),
    ],
)
def test_an_answer_that_would_spoil_every_later_number_ends_the_search(
    change: Callable[[list[Answer]], list[Answer]], words: str
) -> None:
    policy = RandomSearch(SPACE, stream(1, "policy"), samples=5)
    with pytest.raises(IncompatibleError, match=f"^tests.core.test_driver:Wrong .*{re.escape(words)}$"):
        search(policy, Wrong(change), Budget(queries=5), width=1)


def test_answers_are_counted_by_kind_with_the_first_reason() -> None:
    failures = iter([None, "first", None, "second", "third"])

    def change(answers: list[Answer]) -> list[Answer]:
        reasons = [(answer, next(failures)) for answer in answers]
        return [answer if reason is None else Failed(reason, Cost(1)) for answer, reason in reasons]

    policy = RandomSearch(SPACE, stream(1, "policy"), samples=5)
    outcome = search(policy, Wrong(change), Budget(queries=5), width=2)
    assert outcome.progress.answers == {"Score": AnswerCount(5, 3, "first")}
