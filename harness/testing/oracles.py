"""Contract checks of oracles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.core.errors import IncompatibleError, SpaceError
from harness.core.oracle import (
    Answer,
    Failed,
    Gradient,
    Metric,
    Oracle,
    Query,
    Score,
    Scored,
    Slope,
    Update,
    Updated,
)
from harness.core.random import stream
from harness.core.space import Architecture, Mixture, SearchSpace
from harness.testing.contract import ContractError, require, require_plain, same

ANSWERS: dict[type[Any], type[Any]] = {Score: Scored, Update: Updated, Gradient: Slope}


@dataclass(frozen=True, slots=True)
class OracleCase:
    """How to build an oracle for a run's seed, and how many queries of each kind it is asked."""

    build: Callable[[int], Oracle]
    queries: int = 20


def sample(case: OracleCase, oracle: Oracle, seed: int = 0) -> list[Query]:
    """A mixed batch of every supported kind, the same architecture more than once."""
    rng = stream(seed, "check")
    architectures = [oracle.space.sample(rng) for _ in range(case.queries)]
    batch: list[Query] = []
    for i, architecture in enumerate([*architectures, architectures[0]]):
        offers: dict[type[Any], Query] = {
            Score: Score(architecture),
            Update: Update((architecture, architectures[0])),
            Gradient: Gradient(_mixture(oracle.space, rng)),
        }
        kinds = sorted(oracle.supports, key=lambda kind: kind.__name__)
        batch.append(offers[kinds[i % len(kinds)]])
    return batch


def _mixture(space: SearchSpace, rng: np.random.Generator) -> Mixture:
    return tuple(tuple(rng.dirichlet(np.ones(n)).tolist()) for n in space.options)


def answers_match(case: OracleCase) -> None:
    """One answer a query, in order, of the matching type; values in the metric's range; costs never negative."""
    oracle = case.build(1)
    queries = sample(case, oracle)
    answers = oracle.answer(queries)
    require(len(answers) == len(queries), f"{len(queries)} queries got {len(answers)} answers; each needs one")
    for query, answer in zip(queries, answers, strict=True):
        wanted = ANSWERS[type(query)]
        require(
            isinstance(answer, wanted | Failed), f"{type(query).__name__} was answered by a {type(answer).__name__}"
        )
        _require_sound(answer, oracle.metric)
    require(oracle.answer([]) == [], "no queries get no answers")


def _require_sound(answer: Answer, metric: Metric) -> None:
    cost = answer.cost
    require(min(cost.queries, cost.epochs, cost.seconds) >= 0, f"a cost can never be negative: {cost}")
    if isinstance(answer, Scored):
        inside = metric.low <= answer.value <= metric.high
        require(inside, f"a score of {answer.value!r} lies outside the metric's range [{metric.low}, {metric.high}]")


def refuses_what_it_cannot(case: OracleCase) -> None:
    """Unsupported kinds and foreign architectures are refused, and then nothing is charged and nothing has changed."""
    oracle = case.build(1)
    inside = oracle.space.sample(stream(2, "check"))
    outside = Architecture(tuple(n for n in oracle.space.options))
    bad: list[tuple[Query, type[Exception]]] = [(Score(outside), SpaceError)] if Score in oracle.supports else []
    offers: list[Query] = [Score(inside), Update((inside,)), Gradient(oracle.space.one_hot(inside))]
    bad += [(query, IncompatibleError) for query in offers if type(query) not in oracle.supports]
    good = [query for query in offers if type(query) in oracle.supports]
    for query, error in bad:
        before = oracle.state_dict()
        _require_refusal(oracle, [*good, query], error)
        require(same(before, oracle.state_dict()), "a refused batch must change nothing")


def _require_refusal(oracle: Oracle, queries: Sequence[Query], error: type[Exception]) -> None:
    try:
        oracle.answer(queries)
    except error:
        return
    raise ContractError(f"{queries[-1]!r} must be refused with {error.__name__}")


def seed_decides(case: OracleCase) -> None:
    """The same seed and queries give the same answers."""
    answers = [oracle.answer(sample(case, oracle)) for oracle in (case.build(4), case.build(4))]
    require(answers[0] == answers[1], "the same seed and queries gave different answers")


def resumes_from_any_cut(case: OracleCase) -> None:
    """An oracle restored from any checkpoint answers on as the uninterrupted one."""
    whole = case.build(5)
    queries = sample(case, whole)
    expected = [whole.answer([query])[0] for query in queries]
    for cut in (0, len(queries) // 2, len(queries) - 1):
        first, second = case.build(5), case.build(5)
        for query in queries[:cut]:
            first.answer([query])
        state = first.state_dict()
        require_plain(state, "state_dict")
        second.load_state_dict(state)
        rest = [second.answer([query])[0] for query in queries[cut:]]
        require(rest == expected[cut:], f"resuming after {cut} answers must equal the uninterrupted oracle")


def independent_means_it(case: OracleCase) -> None:
    """If ``independent``, a Score has one value however its batch is split, joined or ordered."""
    oracle = case.build(6)
    if not oracle.independent or Score not in oracle.supports:
        return
    queries = [query for query in sample(case, oracle) if isinstance(query, Score)]
    joined = [_value(answer) for answer in case.build(6).answer(queries)]
    single = case.build(6)
    backwards = [_value(single.answer([query])[0]) for query in reversed(queries)]
    require(joined == backwards[::-1], "an independent oracle's scores must not depend on batches or their order")


def _value(answer: Answer) -> Any:
    return answer.value if isinstance(answer, Scored) else type(answer)


def only_updates_train(case: OracleCase) -> None:
    """Scores and Gradients leave the shared weights alone: a score asked again has the same value."""
    oracle = case.build(7)
    if Score not in oracle.supports:
        return
    architecture = oracle.space.sample(stream(8, "check"))
    first = _value(oracle.answer([Score(architecture)])[0])
    quiet = [query for query in sample(case, oracle, 9) if not isinstance(query, Update)]
    oracle.answer(quiet)
    again = _value(oracle.answer([Score(architecture)])[0])
    require(first == again, f"only Update may move the shared weights, but a score went from {first!r} to {again!r}")


def gradient_is_the_slope(case: OracleCase) -> None:
    """A Gradient agrees with the finite difference of the loss along a random direction."""
    oracle = case.build(10)
    if Gradient not in oracle.supports:
        return
    rng = stream(11, "check")
    middle = _mixture(oracle.space, rng)
    direction = [rng.normal(size=len(row)) for row in middle]
    step = 1e-4
    ends = [_loss(oracle, _moved(middle, direction, sign * step)) for sign in (1, -1)]
    slope = oracle.answer([Gradient(middle)])[0]
    if not isinstance(slope, Slope):
        raise ContractError(f"a Gradient was answered by {slope!r}")
    predicted = sum(float(np.dot(row, d)) for row, d in zip(slope.gradient, direction, strict=True))
    measured = (ends[0] - ends[1]) / (2 * step)
    close = abs(predicted - measured) <= 1e-3 + 1e-2 * abs(measured)
    require(close, f"the gradient predicts a slope of {predicted:.5f}, finite differences measure {measured:.5f}")


def _moved(mixture: Mixture, direction: Sequence[Any], by: float) -> Mixture:
    return tuple(tuple((np.asarray(row) + by * d).tolist()) for row, d in zip(mixture, direction, strict=True))


def _loss(oracle: Oracle, mixture: Mixture) -> float:
    answer = oracle.answer([Gradient(mixture)])[0]
    return answer.loss if isinstance(answer, Slope) else float("nan")


ORACLE_CHECKS: tuple[Callable[[OracleCase], None], ...] = (
    answers_match,
    refuses_what_it_cannot,
    seed_decides,
    resumes_from_any_cut,
    independent_means_it,
    only_updates_train,
    gradient_is_the_slope,
)
