"""Each contract check of policies rejects a policy that breaks its rule, and an honest one passes them all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from harness.core.errors import HarnessError
from harness.core.oracle import Query, QueryKind, Score, Scored, State, Trial, Update, Updated
from harness.core.space import Architecture, SearchSpace
from harness.testing import POLICY_CHECKS, ContractError, PolicyCase
from harness.testing import policies as checks


class Honest:
    """Random search in the plainest words: eight draws, one after the other."""

    needs: frozenset[QueryKind] = frozenset({Score})

    def __init__(self, space: SearchSpace, rng: np.random.Generator, *, draws: int = 8) -> None:
        self.space, self.rng = space, rng
        self.best, self.value, self.left = space.sample(rng), -np.inf, draws
        self.pending: list[Query] = []

    def ask(self, limit: int) -> list[Query]:
        return [Score(self.draw())] if self.left else []

    def draw(self) -> Architecture:
        return self.space.sample(self.rng)

    def tell(self, trials: Sequence[Trial]) -> None:
        for trial in trials:
            self.left -= 1
            if isinstance(trial.query, Score) and isinstance(trial.answer, Scored):
                self.learn(trial.query.architecture, trial.answer.value)

    def learn(self, architecture: Architecture, value: float) -> None:
        if value > self.value:
            self.best, self.value = architecture, value

    def recommend(self) -> Architecture:
        return self.best

    def state_dict(self) -> State:
        best = list(self.best.choices)
        return {"best": best, "value": float(self.value), "left": self.left, "rng": self.rng.bit_generator.state}

    def load_state_dict(self, state: State) -> None:
        self.best, self.value, self.left = Architecture(tuple(state["best"])), state["value"], state["left"]
        self.rng.bit_generator.state = state["rng"]


class AsksTooMany(Honest):
    def ask(self, limit: int) -> list[Query]:
        return [Score(self.draw()) for _ in range(limit + 1)] if self.left > 0 else []


class AsksUndeclared(Honest):
    def ask(self, limit: int) -> list[Query]:
        return [Update((self.draw(),))]


class AsksForeign(Honest):
    def draw(self) -> Architecture:
        return Architecture(self.space.options)


class StartsAgain(Honest):
    def ask(self, limit: int) -> list[Query]:
        queries = super().ask(limit)
        self.left = self.left or 3
        return queries


class FeelsTheLimit(Honest):
    def ask(self, limit: int) -> list[Query]:
        self.rng.random(limit)
        return super().ask(limit)


class UsesGlobalRandomness(Honest):
    def draw(self) -> Architecture:
        np.random.random()  # noqa: NPY002
        return super().draw()


class ReadsGlobalRandomness(Honest):
    def draw(self) -> Architecture:
        state = np.random.get_state()  # noqa: NPY002
        self.rng.random(int(state[1][0]) % 7)  # type: ignore[index, call-overload]
        return super().draw()


class ForgetsTheGenerator(Honest):
    def load_state_dict(self, state: State) -> None:
        super().load_state_dict({**state, "rng": self.rng.bit_generator.state})


class KeepsObjects(Honest):
    def state_dict(self) -> State:
        return {**super().state_dict(), "space": self.space}


class RecommendsAtRandom(Honest):
    def recommend(self) -> Architecture:
        return self.draw()


class NeedsAValue(Honest):
    def recommend(self) -> Architecture:
        if self.left == 0 and self.value == -np.inf:
            raise ValueError("max() of nothing")
        return self.best


class NeedsWholeBatches(Honest):
    def ask(self, limit: int) -> list[Query]:
        return [Score(self.draw()) for _ in range(min(4, limit, self.left))]

    def tell(self, trials: Sequence[Trial]) -> None:
        self.learn(trials[min(3, self.left - 1)].query.architecture, 0.0)  # type: ignore[union-attr]
        self.left -= len(trials)


class TakesAnything(Honest):
    def __init__(self, space: SearchSpace, rng: np.random.Generator, **kwargs: Any) -> None:
        super().__init__(space, rng)


class TakesObjects(Honest):
    def __init__(self, space: SearchSpace, rng: np.random.Generator, *, hook: Callable[[], None] | None = None) -> None:
        super().__init__(space, rng)


class LikesTheWorst(Honest):
    def learn(self, architecture: Architecture, value: float) -> None:
        super().learn(architecture, -value)


class Shares(Honest):
    """Random search with shared weights: twelve training steps, each on a random architecture, and then the draws."""

    needs = frozenset({Score, Update})

    def __init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        super().__init__(space, rng, draws=32)

    def ask(self, limit: int) -> list[Query]:
        return [Update((self.draw(),))] if self.left > 20 else super().ask(limit)


class DeclaresOnly(Shares):
    def ask(self, limit: int) -> list[Query]:
        return []


class ScoresUntrained(Shares):
    def ask(self, limit: int) -> list[Query]:
        return [Score(self.draw())] if self.left > 20 else Honest.ask(self, limit)


class ScoresFirst(Shares):
    def ask(self, limit: int) -> list[Query]:
        return [Score(self.draw())] if self.left > 31 else super().ask(limit)


class TurnsRoundByTheLoss(Shares):
    """Right where nothing is shared and an Update has no loss."""

    sign = 1.0

    def tell(self, trials: Sequence[Trial]) -> None:
        if any(isinstance(trial.answer, Updated) and trial.answer.loss is not None for trial in trials):
            self.sign = -1.0
        super().tell(trials)

    def learn(self, architecture: Architecture, value: float) -> None:
        super().learn(architecture, self.sign * value)


class ForgetsTheLoss(Shares):
    """Resumes well where nothing is shared: draws once more after a large loss, and does not keep that in its state."""

    large = False

    def tell(self, trials: Sequence[Trial]) -> None:
        super().tell(trials)
        losses = [trial.answer.loss or 0.0 for trial in trials if isinstance(trial.answer, Updated)]
        self.large = self.large or any(loss > 0.1 for loss in losses)

    def draw(self) -> Architecture:
        if self.large:
            super().draw()
        return super().draw()


class NamesNoRecipe(Honest):
    recipe = 5


class TrainsSomehow(Honest):
    trains_some = "some"


class TrainsSomeOfNothing(Honest):
    trains_some = True


class RecommendsUnseen(Honest):
    """Recommends a neighbour of the best cell, which it did not score."""

    def recommend(self) -> Architecture:
        scored = self.space.canonical(self.best)
        return next(near for near in self.space.neighbours(self.best) if self.space.canonical(near) != scored)


class AsksNothing(Honest):
    needs = frozenset()

    def ask(self, limit: int) -> list[Query]:
        return []


class SaysSomehow(Honest):
    recommends_unscored = 1


BROKEN = [
    (checks.recommends_what_it_scored, RecommendsUnseen, "never scored"),
    (checks.recommends_what_it_scored, AsksNothing, "asks no Score"),
    (checks.optional_members_are_right, SaysSomehow, "recommends_unscored = 1; expected True or False"),
    (checks.optional_members_are_right, TrainsSomeOfNothing, "declares no Update"),
    (checks.optional_members_are_right, NamesNoRecipe, "recipe = 5; expected the name of a training protocol"),
    (checks.optional_members_are_right, TrainsSomehow, "True or False"),
    (checks.asks_what_it_may, AsksTooMany, "at most its limit"),
    (checks.asks_what_it_may, AsksUndeclared, "`needs` does not declare"),
    (checks.finished_stays_finished, StartsAgain, "stay finished"),
    (checks.limits_change_nothing, FeelsTheLimit, "limit"),
    (checks.seed_decides, UsesGlobalRandomness, "global random generators"),
    (checks.seed_decides, ReadsGlobalRandomness, "two different searches"),
    (checks.resumes_from_any_cut, ForgetsTheGenerator, "uninterrupted"),
    (checks.resumes_from_any_cut, KeepsObjects, "plain values"),
    (checks.recommend_is_pure, RecommendsAtRandom, "same answer twice"),
    (checks.settings_are_plain, TakesAnything, "by name"),
    (checks.settings_are_plain, TakesObjects, "plain type"),
    (checks.resumes_from_any_cut, ForgetsTheLoss, "uninterrupted"),
    (checks.trains_before_it_scores, ScoresUntrained, "before any Update"),
    (checks.trains_before_it_scores, ScoresFirst, "before any Update"),
    (checks.trains_before_it_scores, DeclaresOnly, "none was asked"),
    (checks.learns, LikesTheWorst, "median regret"),
    (checks.learns, TurnsRoundByTheLoss, "with shared weights does not beat"),
]
CRASHES = [
    (checks.asks_what_it_may, AsksForeign, HarnessError),
    (checks.survives_failures, NeedsAValue, ValueError),
    (checks.accepts_a_cut_batch, NeedsWholeBatches, IndexError),
]


@pytest.mark.parametrize("check", POLICY_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("policy", [Honest, Shares])
def test_an_honest_policy_passes(policy: Any, check: Callable[[PolicyCase], None]) -> None:
    check(PolicyCase(policy))


@pytest.mark.parametrize(("check", "policy", "words"), BROKEN, ids=lambda value: getattr(value, "__name__", ""))
def test_a_check_states_the_rule_that_a_policy_broke(check: Any, policy: Any, words: str) -> None:
    with pytest.raises(ContractError, match=words):
        check(PolicyCase(policy))


@pytest.mark.parametrize(("check", "policy", "error"), CRASHES, ids=lambda value: getattr(value, "__name__", ""))
def test_a_check_brings_out_the_crash_of_a_careless_policy(check: Any, policy: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        check(PolicyCase(policy))


def test_every_policy_check_has_a_policy_that_it_rejects() -> None:
    assert {check for check, *_ in [*BROKEN, *CRASHES]} == set(POLICY_CHECKS)
