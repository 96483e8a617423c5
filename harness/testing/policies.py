"""Contract checks of policies."""

from __future__ import annotations

import inspect
import random
import sys
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import Any

import numpy as np

from backends.synthetic import SyntheticOracle
from harness.core.budget import Budget
from harness.core.errors import UnknownNameError
from harness.core.oracle import Oracle, Query, Scored, Trial, Update
from harness.core.policy import Policy
from harness.core.random import stream
from harness.core.space import Architecture, SearchSpace
from harness.driver import search
from harness.judge import Judge, Verdict
from harness.settings import create_space, resolve
from harness.testing.contract import ContractError, require, require_plain, same

PLAIN = (bool, int, float, str, NoneType)
CUTS = 6


@dataclass(frozen=True, slots=True)
class PolicyCase:
    """A policy class, with settings that keep it quick and the space that it is checked on.

    ``learns=False`` exempts a policy that is not meant to beat one random draw.
    """

    factory: Callable[..., Policy]
    settings: Mapping[str, Any] = field(default_factory=dict)
    space: str = "nasbench101-v4"
    learns: bool = True
    steps: int = 60
    """How many ask-tell rounds are looked at."""

    def build(self, seed: int, space: SearchSpace | None = None) -> Policy:
        """A fresh policy of this case."""
        return self.factory(space or create_space(self.space), stream(seed, "policy"), **self.settings)

    def oracle(self, **settings: Any) -> Oracle:
        """The closed-form oracle that it is checked against."""
        return SyntheticOracle(create_space(self.space), 0, **settings)


def rounds(case: PolicyCase, policy: Policy, oracle: Oracle, *, limit: int = 50) -> Iterator[list[Trial]]:
    """Drive a policy by hand, a round of trials at a time, for the steps of the case."""
    number = 0
    for _ in range(case.steps):
        queries = policy.ask(limit)
        if not queries:
            return
        trials = [Trial(number + i, q, a) for i, (q, a) in enumerate(zip(queries, oracle.answer(queries), strict=True))]
        number += len(trials)
        policy.tell(trials)
        yield trials


def record(case: PolicyCase, policy: Policy, oracle: Oracle) -> list[Any]:
    """Everything that can be seen of a search: its trials and its final recommendation."""
    return [*rounds(case, policy, oracle), policy.recommend()]


def asks_what_it_may(case: PolicyCase) -> None:
    """Asks at most ``limit`` queries, only of declared kinds, only about architectures of the space."""
    space = create_space(case.space)
    for limit in (1, 3, 1000):
        policy = case.build(1)
        for trials in rounds(case, policy, case.oracle(), limit=limit):
            require(
                len(trials) <= limit, f"ask({limit}) returned {len(trials)} queries; it may return at most its limit"
            )
            for trial in trials:
                _require_legal(policy, space, trial.query)


def _require_legal(policy: Policy, space: SearchSpace, query: Query) -> None:
    require(type(query) in policy.needs, f"asked a {type(query).__name__} query that `needs` does not declare")
    points = query.points if isinstance(query, Update) else (getattr(query, "architecture", None),)
    for point in points:
        if isinstance(point, Architecture):
            require(space.contains(point), f"asked about {point.choices!r}, which is not in space {space.name!r}")


def finished_stays_finished(case: PolicyCase) -> None:
    """Once ``ask`` has returned nothing, it returns nothing again."""
    policy, oracle = case.build(1), case.oracle()
    outcome = search(policy, oracle, budget := Budget(queries=100_000))
    if budget.allows(outcome.progress.spent):
        require(policy.ask(5) == [], "a finished policy must stay finished")


def limits_change_nothing(case: PolicyCase) -> None:
    """The same queries are asked, in the same order, whether they are asked for singly or together."""
    runs = [_flat(case, limit) for limit in (1, 7, 1000)]
    shortest = min(map(len, runs))
    require(
        all(run[:shortest] == runs[0][:shortest] for run in runs), "the limit of `ask` must not change what is asked"
    )


def _flat(case: PolicyCase, limit: int) -> list[Query]:
    return [trial.query for trials in rounds(case, case.build(1), case.oracle(), limit=limit) for trial in trials]


def seed_decides(case: PolicyCase) -> None:
    """The same seed gives the same search, and global generators are neither read nor moved."""
    runs = []
    for disturbance in (11, 12):
        _disturb(disturbance)
        before = _global_states()
        runs.append(record(case, case.build(3), case.oracle()))
        require(same(before, _global_states()), "a policy must leave the global random generators alone")
    require(runs[0] == runs[1], "the seed must decide everything, but the same seed gave two different searches")


def _disturb(seed: int) -> None:
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002 (the global generator is what is being guarded)
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(seed)


def _global_states() -> list[Any]:
    states: list[Any] = [random.getstate(), list(np.random.get_state())]  # noqa: NPY002
    if "torch" in sys.modules:
        states.append(sys.modules["torch"].get_rng_state().numpy().copy())
    return states


def resumes_from_any_cut(case: PolicyCase) -> None:
    """A policy restored from any checkpoint goes on exactly as the uninterrupted one."""
    whole = record(case, case.build(5), case.oracle())
    last = len(whole) - 1
    for cut in sorted({round(i * last / CUTS) for i in range(CUTS + 1)}):
        policy, oracle = case.build(5), case.oracle()
        steps = rounds(case, policy, oracle)
        start = [next(steps) for _ in range(cut)]
        state = policy.state_dict()
        require_plain(state, "state_dict")
        other = case.build(999)
        other.load_state_dict(state)
        rest = PolicyCase(case.factory, case.settings, case.space, steps=case.steps - cut)
        shift = sum(map(len, start))
        resumed = [_shift(step, shift) for step in record(rest, other, oracle)]
        require(start + resumed == whole, f"resuming after round {cut} must equal the uninterrupted search")


def _shift(step: Any, by: int) -> Any:
    return [Trial(t.number + by, t.query, t.answer) for t in step] if isinstance(step, list) else step


def recommend_is_pure(case: PolicyCase) -> None:
    """``recommend`` is legal before the first ``tell``, stays in the space and changes nothing."""
    space, policy, oracle = create_space(case.space), case.build(7), case.oracle()
    seen: list[Any] = []
    first = policy.recommend()
    require(space.contains(first), f"recommended {first.choices!r} before the first tell, outside the space")
    for trials in rounds(case, policy, oracle):
        require(policy.recommend() == policy.recommend(), "recommend must give the same answer twice")
        require(space.contains(policy.recommend()), "recommend must stay inside the space")
        seen.append(trials)
    require(
        [*seen, policy.recommend()] == record(case, case.build(7), case.oracle()),
        "recommend must not change the search",
    )


def survives_failures(case: PolicyCase) -> None:
    """A search in which every answer is Failed, or every value is equal, ends with a legal recommendation."""
    space = create_space(case.space)
    for oracle in (case.oracle(failures=1.0), _Flat(case.oracle())):
        result = record(case, case.build(9), oracle)[-1]
        require(space.contains(result), "after nothing but failures, or equal values, recommend must stay in the space")


class _Flat:
    """Every Score gives the same value."""

    def __init__(self, oracle: Oracle) -> None:
        self.space, self.metric = oracle.space, oracle.metric
        self.supports, self.independent, self.shares_weights = oracle.supports, True, False
        self._oracle = oracle

    def answer(self, queries: Sequence[Query]) -> list[Any]:
        answers = self._oracle.answer(queries)
        return [Scored(0.5, a.cost) if isinstance(a, Scored) else a for a in answers]

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        pass


def accepts_a_cut_batch(case: PolicyCase) -> None:
    """Told only the first of several answers (the budget ended there), it still recommends from the space."""
    policy, oracle = case.build(13), case.oracle()
    for _ in range(case.steps):
        if not (queries := policy.ask(50)):
            break
        policy.tell([Trial(0, queries[0], oracle.answer(queries[:1])[0])])
        require(create_space(case.space).contains(policy.recommend()), "a cut batch must leave a legal recommendation")
        if len(queries) > 1:
            break


def settings_are_plain(case: PolicyCase) -> None:
    """Settings are keyword-only plain types with defaults, and an unknown one is a named error."""
    for parameter in list(inspect.signature(case.factory).parameters.values())[2:]:
        name = parameter.name
        require(parameter.kind is parameter.KEYWORD_ONLY, f"setting {name!r} must be keyword-only, by name")
        require(parameter.default is not parameter.empty, f"setting {name!r} must have a default")
        hint = typing.get_type_hints(case.factory.__init__)[name]
        require(_is_plain(hint), f"setting {name!r} must be a plain type, not {hint!r}")
    try:
        resolve("policy", case.factory, {"no_such_setting": 1})
    except UnknownNameError:
        return
    raise ContractError("an unknown setting must be refused by name")


def _is_plain(hint: Any) -> bool:
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return True
    if origin in (typing.Union, UnionType, tuple):
        return all(arg is Ellipsis or _is_plain(arg) for arg in typing.get_args(hint))
    return hint in PLAIN


def learns(case: PolicyCase) -> None:
    """Over 20 seeds on the closed-form landscape, the median regret is smaller than that of one random draw."""
    if not case.learns:
        return
    space = create_space(case.space)
    judge = Judge(SyntheticOracle(space, 0).truth(), space)
    ours, theirs = list[float](), list[float]()
    for seed in range(20):
        outcome = search(case.build(seed), case.oracle(), Budget(queries=400))
        ours.append(_regret(judge, outcome.recommendation))
        theirs.append(_regret(judge, space.sample(stream(seed, "null"))))
    medians = float(np.median(ours)), float(np.median(theirs))
    require(medians[0] < medians[1], f"median regret {medians[0]:.3f} does not beat a random draw's {medians[1]:.3f}")


def _regret(judge: Judge, architecture: Architecture) -> float:
    verdict = judge.judge(architecture)
    return verdict.regret if isinstance(verdict, Verdict) else float("inf")


POLICY_CHECKS: tuple[Callable[[PolicyCase], None], ...] = (
    asks_what_it_may,
    finished_stays_finished,
    limits_change_nothing,
    seed_decides,
    resumes_from_any_cut,
    recommend_is_pure,
    survives_failures,
    accepts_a_cut_batch,
    settings_are_plain,
    learns,
)
