"""Contract checks of policies."""

from __future__ import annotations

import inspect
import random
import sys
import typing
from collections.abc import Callable, Sequence
from dataclasses import replace
from types import NoneType, UnionType
from typing import Any

import numpy as np

from backends.synthetic import SyntheticOracle
from harness.core.budget import Budget
from harness.core.driver import search
from harness.core.errors import UnknownNameError
from harness.core.features import PolicyFeatures
from harness.core.judgement import Verdict
from harness.core.oracle import Oracle, Query, Score, Scored, Trial, Update
from harness.core.policy import Policy
from harness.core.random import stream
from harness.core.space import Architecture, SearchSpace
from harness.judging.judge import Judge
from harness.planning.settings import create_space, resolve
from harness.testing.contract import require, require_declared, require_plain, require_refused, same_state
from harness.testing.policy_case import ConstantScores, PolicyCase, record, rounds

PLAIN = (bool, int, float, str, NoneType)
CUTS = 6
SEEDS = 20


def asks_what_it_may(case: PolicyCase) -> None:
    """A policy asks at most ``limit`` queries, only of declared kinds, only about architectures of the space."""
    space = create_space(case.space)
    for limit in (1, 3, 1000):
        policy = case.build(1)
        for trials in rounds(case, policy, case.oracle(), limit=limit):
            few = len(trials) <= limit
            require(few, f"ask({limit}) returned {len(trials)} queries; it may return at most its limit")
            for trial in trials:
                _require_legal(policy, space, trial.query)


def _require_legal(policy: Policy, space: SearchSpace, query: Query) -> None:
    require(type(query) in policy.needs, f"asked a {type(query).__name__} query that `needs` does not declare")
    points = query.points if isinstance(query, Update) else (query.architecture,) if isinstance(query, Score) else ()
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
    runs = [_queries(case, limit) for limit in (1, 7, 1000)]
    shortest = min(map(len, runs))
    same = all(run[:shortest] == runs[0][:shortest] for run in runs)
    require(same, "the limit of `ask` must not change what is asked")


def _queries(case: PolicyCase, limit: int) -> list[Query]:
    return [trial.query for trials in rounds(case, case.build(1), case.oracle(), limit=limit) for trial in trials]


def seed_decides(case: PolicyCase) -> None:
    """The same seed gives the same search, and global generators are neither read nor changed."""
    runs = []
    for disturbance in (11, 12):
        _disturb(disturbance)
        before = _global_states()
        runs.append(record(case, case.build(3), case.oracle()))
        require(same_state(before, _global_states()), "a policy must leave the global random generators alone")
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
    """A policy restored from any checkpoint goes on exactly as the uninterrupted one, on every oracle of the case."""
    for kind in range(len(case.oracles())):
        whole = record(case, case.build(5), case.oracles()[kind])
        last = len(whole) - 1
        for cut in sorted({round(i * last / CUTS) for i in range(CUTS + 1)}):
            resumed = _resumed(case, case.oracles()[kind], cut)
            require(resumed == whole, f"resuming after round {cut} must equal the uninterrupted search")


def _resumed(case: PolicyCase, oracle: Oracle, cut: int) -> list[Any]:
    """The record of a search whose policy is replaced by one restored from its state after ``cut`` rounds."""
    policy = case.build(5)
    steps = rounds(case, policy, oracle)
    start = [next(steps) for _ in range(cut)]
    state = policy.state_dict()
    require_plain(state, "state_dict")
    other = case.build(999)
    other.load_state_dict(state)
    shift = sum(map(len, start))
    rest = record(replace(case, steps=case.steps - cut), other, oracle)
    return start + [_shift(step, shift) for step in rest]


def _shift(step: Any, by: int) -> Any:
    return [Trial(t.number + by, t.query, t.answer) for t in step] if isinstance(step, list) else step


def recommend_is_pure(case: PolicyCase) -> None:
    """``recommend`` is legal before the first ``tell``, stays in the space and changes nothing."""
    space, policy, oracle, seen = create_space(case.space), case.build(7), case.oracle(), list[Any]()
    first = policy.recommend()
    require(space.contains(first), f"recommended {first.choices!r} before the first tell, outside the space")
    for trials in rounds(case, policy, oracle):
        require(policy.recommend() == policy.recommend(), "recommend must give the same answer twice")
        require(space.contains(policy.recommend()), "recommend must stay inside the space")
        seen.append(trials)
    unchanged = [*seen, policy.recommend()] == record(case, case.build(7), case.oracle())
    require(unchanged, "recommend must not change the search")


def survives_failures(case: PolicyCase) -> None:
    """A search in which every answer is Failed, or every value is equal, ends with a legal recommendation."""
    space = create_space(case.space)
    for oracle in (*case.oracles(failures=1.0), *map(ConstantScores, case.oracles())):
        result = record(case, case.build(9), oracle)[-1]
        require(space.contains(result), "after nothing but failures, or equal values, recommend must stay in the space")


def accepts_a_cut_batch(case: PolicyCase) -> None:
    """After ``tell`` with only the first of several answers (the budget ended), the recommendation is in the space."""
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
    unknown = ("policy", case.factory, {"no_such_setting": 1})
    require_refused(UnknownNameError, "an unknown setting must be refused by name", resolve, *unknown)


def _is_plain(hint: Any) -> bool:
    origin = typing.get_origin(hint)
    if origin is typing.Literal:
        return True
    if origin in (typing.Union, UnionType, tuple):
        return all(arg is Ellipsis or _is_plain(arg) for arg in typing.get_args(hint))
    return hint in PLAIN


def trains_before_it_scores(case: PolicyCase) -> None:
    """A policy that declares Update asks one before its first Score: untrained shared weights mean nothing."""
    policy = case.build(15)
    if Update not in policy.needs:
        return
    trained = False
    for trials in rounds(case, policy, case.oracle()):
        for trial in trials:
            early = isinstance(trial.query, Score) and not trained
            require(not early, "asked a Score before any Update: while shared weights are untrained it means nothing")
            trained |= isinstance(trial.query, Update)
    require(trained, "`needs` declares Update, but none was asked; leave it out, or train")


def learns(case: PolicyCase) -> None:
    """Over 20 seeds on the closed-form landscape, the median regret is smaller than that of one random draw.

    For a policy that trains shared weights, it is so with and without them.
    """
    if not case.learns:
        return
    space = create_space(case.space)
    judge = Judge(SyntheticOracle(space, 0).truth(), space)
    random = _median_regret(judge, [space.sample(stream(seed, "null")) for seed in range(SEEDS)])
    for kind, words in enumerate(("", " with shared weights")[: len(case.oracles())]):
        outcomes = [search(case.build(seed), case.oracles()[kind], Budget(queries=400)) for seed in range(SEEDS)]
        ours = _median_regret(judge, [outcome.recommendation for outcome in outcomes])
        require(ours < random, f"median regret {ours:.3f}{words} does not beat a random draw's {random:.3f}")


def _median_regret(judge: Judge, architectures: Sequence[Architecture]) -> float:
    verdicts = [judge.judge(architecture) for architecture in architectures]
    return float(np.median([each.regret if isinstance(each, Verdict) else np.inf for each in verdicts]))


def optional_members_are_right(case: PolicyCase) -> None:
    """Optional members have the declared types; only a policy that asks Update sets ``trains_some``."""
    policy = case.build(1)
    for part in (policy, type(policy)):
        require_declared(lambda part=part: PolicyFeatures.of(part))  # type: ignore[misc]
    trains = Update in policy.needs or not PolicyFeatures.of(policy).trains_some
    require(trains, "`trains_some` is set, but `needs` declares no Update")


def recommends_what_it_scored(case: PolicyCase) -> None:
    """The recommendation is a cell that was scored, in any labelling, unless ``recommends_unscored`` is set."""
    policy, space, scored = case.build(17), create_space(case.space), set[Architecture]()
    if PolicyFeatures.of(policy).recommends_unscored:
        return
    require(Score in policy.needs, "asks no Score, so it recommends an unscored cell: set `recommends_unscored`")
    for trials in rounds(case, policy, case.oracle()):
        answered = (trial.query for trial in trials if isinstance(trial.answer, Scored))
        scored |= {space.canonical(query.architecture) for query in answered if isinstance(query, Score)}
    chosen = not scored or space.canonical(policy.recommend()) in scored
    require(chosen, "recommended a cell that it never scored; if that is by design, set `recommends_unscored`")


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
    trains_before_it_scores,
    learns,
    optional_members_are_right,
    recommends_what_it_scored,
)
