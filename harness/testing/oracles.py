"""Contract checks of oracles."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from harness.core.errors import IncompatibleError, SpaceError
from harness.core.features import OracleFeatures
from harness.core.oracle import Answer, Failed, Gradient, Metric, Oracle, Query, Score, Scored, Slope, Update, Updated
from harness.core.random import stream
from harness.core.space import Architecture, Mixture, SearchSpace
from harness.testing.contract import ContractError, require, require_plain, require_refused, same_state
from harness.testing.oracle_case import OracleCase, random_mixture, sample
from harness.testing.oracle_members import MEMBER_CHECKS

FEW_ARCHITECTURES = 3
"""How many architectures are trained and scored if each costs a training."""

STEPS = 3
"""How often each of these architectures is trained."""

ANSWERS: dict[type[Any], type[Any]] = {Score: Scored, Update: Updated, Gradient: Slope}


def answers_match(case: OracleCase) -> None:
    """One answer a query, in order, of the matching type; values in the metric's range; finite costs from 0 up."""
    oracle = case.build(1)
    queries = sample(case, oracle)
    answers = oracle.answer(queries)
    require(len(answers) == len(queries), f"{len(queries)} queries got {len(answers)} answers; each needs one")
    for query, answer in zip(queries, answers, strict=True):
        matches = isinstance(answer, ANSWERS[type(query)] | Failed)
        require(matches, f"{type(query).__name__} was answered by a {type(answer).__name__}")
        _require_sound(answer, oracle.metric)
    require(oracle.answer([]) == [], "no queries get no answers")


def _require_sound(answer: Answer, metric: Metric) -> None:
    cost = answer.cost
    parts = (cost.queries, cost.epochs, cost.seconds)
    require(all(0 <= part < math.inf for part in parts), f"a cost must be finite and can never be negative: {cost}")
    if isinstance(answer, Scored):
        inside = metric.low <= answer.value <= metric.high
        require(inside, f"a score of {answer.value!r} lies outside the metric's range [{metric.low}, {metric.high}]")


def refuses_what_it_cannot(case: OracleCase) -> None:
    """Unsupported kinds and architectures outside the space are refused, without a charge or a change."""
    oracle = case.build(1)
    inside = oracle.space.sample(stream(2, "check"))
    outside = Architecture(tuple(n for n in oracle.space.options))
    bad: list[tuple[Query, type[Exception]]] = [(Score(outside), SpaceError)] if Score in oracle.supports else []
    offers: list[Query] = [Score(inside), Update((inside,)), Gradient(oracle.space.one_hot(inside))]
    bad += [(query, IncompatibleError) for query in offers if type(query) not in oracle.supports]
    good = [query for query in offers if type(query) in oracle.supports]
    for query, error in bad:
        before = oracle.state_dict()
        require_refused(error, f"{query!r} must be refused with {error.__name__}", oracle.answer, [*good, query])
        require(same_state(before, oracle.state_dict()), "a refused batch must change nothing")


def seed_decides(case: OracleCase) -> None:
    """The same seed and queries give the same answers."""
    answers = [oracle.answer(sample(case, oracle)) for oracle in (case.build(4), case.build(4))]
    require(answers[0] == answers[1], "the same seed and queries gave different answers")


def resumes_from_any_cut(case: OracleCase) -> None:
    """An oracle restored from any checkpoint gives the same answers as the uninterrupted one."""
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


def training_moves_shared_scores(case: OracleCase) -> None:
    """Update changes scores if and only if the oracle says that it shares weights."""
    oracle = case.build(12)
    if not {Score, Update} <= oracle.supports:
        return
    architectures = noncanonical_architectures(oracle.space, stream(13, "check"), min(case.queries, FEW_ARCHITECTURES))
    before = _scores(oracle, architectures)
    oracle.answer([Update((architecture,)) for architecture in architectures] * STEPS)
    moved = _scores(oracle, architectures) != before
    if OracleFeatures.of(oracle).shares_weights:
        require(moved, f"`shares_weights` is set, but {STEPS} Updates of every architecture changed no score")
    else:
        require(not moved, "Update changed a score, so weights are shared: set `shares_weights`")


def a_cell_is_one_point(case: OracleCase) -> None:
    """Every description of a cell scores and trains like its canonical form, and like that form's one-hot mixture."""
    oracle = case.build(14)
    if Score not in oracle.supports:
        return
    space = oracle.space
    written = noncanonical_architectures(space, stream(15, "check"), min(case.queries, FEW_ARCHITECTURES))
    canonical = [space.canonical(architecture) for architecture in written]
    scores = _trained_scores(oracle, written, canonical)
    others = _trained_scores(case.build(14), canonical, written)
    _require_close(case, scores, others, "an architecture and its canonical form must score and train alike")
    if OracleFeatures.of(oracle).shares_weights:
        one_hot = [space.one_hot(architecture) for architecture in canonical]
        others = _trained_scores(case.build(14), one_hot, canonical)
        _require_close(case, scores, others, "an architecture and its one-hot mixture must train the same weights")


def _trained_scores(
    oracle: Oracle, points: Sequence[Mixture | Architecture], architectures: Sequence[Architecture]
) -> list[Any]:
    """The scores of architectures after some Updates at these points."""
    if Update in oracle.supports:
        oracle.answer([Update((point,)) for point in points] * STEPS)
    return _scores(oracle, architectures)


def noncanonical_architectures(space: SearchSpace, rng: np.random.Generator, count: int) -> list[Architecture]:
    """Architectures of the space, most of them not in canonical form where the space has other forms."""
    drawn = rng.integers(space.options, size=(100 * count, len(space.options)))
    rows = drawn[space.keys(drawn) >= 0][:count].tolist()
    found = [Architecture(tuple(row)) for row in rows]
    return found + [space.sample(rng) for _ in range(count - len(found))]


def _scores(oracle: Oracle, architectures: Sequence[Architecture]) -> list[Any]:
    return [_value(answer) for answer in oracle.answer([Score(architecture) for architecture in architectures])]


def _require_close(case: OracleCase, one: Sequence[Any], other: Sequence[Any], rule: str) -> None:
    for a, b in zip(one, other, strict=True):
        numbers = isinstance(a, float) and isinstance(b, float)
        require(abs(a - b) <= case.score_tolerance if numbers else a == b, f"{rule}, but one scores {a} and one {b}")


def gradient_is_the_slope(case: OracleCase) -> None:
    """A Gradient agrees with the finite difference of the loss along a random direction."""
    oracle = case.build(10)
    if Gradient not in oracle.supports or case.estimates_slopes:
        return
    rng = stream(11, "check")
    middle = random_mixture(oracle.space, rng)
    direction = [rng.normal(size=len(row)) for row in middle]
    ends = [_loss(oracle, _moved(middle, direction, sign * case.slope_step)) for sign in (1, -1)]
    slope = oracle.answer([Gradient(middle)])[0]
    if not isinstance(slope, Slope):
        raise ContractError(f"a Gradient was answered by {slope!r}")
    predicted = sum(float(np.dot(row, d)) for row, d in zip(slope.gradient, direction, strict=True))
    measured = (ends[0] - ends[1]) / (2 * case.slope_step)
    close = abs(predicted - measured) <= case.slope_tolerance * (0.1 + abs(measured))
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
    training_moves_shared_scores,
    a_cell_is_one_point,
    gradient_is_the_slope,
    *MEMBER_CHECKS,
)
