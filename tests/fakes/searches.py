"""Closed-form answers of scores and slopes, and a driver that can split, cut and stop a search."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from harness.core.budget import Cost
from harness.core.oracle import Answer, Failed, Gradient, Query, Scored, Slope, Trial, Update, Updated
from harness.core.random import stream
from harness.core.space import Mixture
from harness.testing.contract import same_state

Landscape = Callable[[Any], Any]
"""The value of a row of choices, ``None`` being a failure; or the loss of all weights of a mixture as one vector."""


def hill(choices: tuple[int, ...]) -> float:
    """A separable value in [0, 1]: the share of decisions that are at choice 1."""
    return sum(choice == 1 for choice in choices) / len(choices)


def planted(options: Sequence[int], good: Sequence[int]) -> Landscape:
    """A separable loss, least at the architecture ``good``; other choices differ in how bad they are."""
    costs = torch.tensor(
        [0.0 if k == g else 0.3 + 0.1 * k for n, g in zip(options, good, strict=True) for k in range(n)]
    )
    return lambda point: (costs.double() * point).sum()


def bowl(weights: int, seed: int = 4) -> Landscape:
    """A quadratic loss of so many weights in which they all interact."""
    matrix = torch.randn(weights, weights, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    return lambda point: point @ matrix @ point


def mixtures(trials: Sequence[Trial]) -> list[Mixture]:
    """The mixture of each Gradient, and the first point of each Update."""
    return [t.query.mixture if isinstance(t.query, Gradient) else t.query.points[0] for t in trials]


def flat(mixture: Mixture) -> torch.Tensor:
    """All weights of a mixture, one decision after the other, as float64."""
    return torch.tensor([weight for row in mixture for weight in row], dtype=torch.float64)


def slope(mixture: Mixture, loss: Landscape) -> Slope:
    """The loss of a mixture and its gradient by automatic differentiation."""
    point = flat(mixture).requires_grad_()
    value = loss(point)
    weights = iter(torch.autograd.grad(value, point)[0].tolist())
    return Slope(float(value.detach()), tuple(tuple(next(weights) for _ in row) for row in mixture), Cost(1))


def answer(query: Query, landscape: Landscape | None) -> Answer:
    """The answer to one query; without a landscape every Score and Gradient fails."""
    if isinstance(query, Update):
        return Updated(None, Cost())
    if landscape is not None and isinstance(query, Gradient):
        return slope(query.mixture, landscape)
    value = None if landscape is None else landscape(query.architecture.choices)
    return Failed("as told", Cost(1)) if value is None else Scored(value, Cost(1))


def rounds(
    policy: Any,
    landscape: Landscape | None = hill,
    *,
    limit: int = 10**6,
    reply: Callable[[Query], Answer] | None = None,
) -> Iterator[list[Trial]]:
    """The rounds of a search, each told to the policy before it is yielded; a ``reply`` answers for the landscape."""
    number = 0
    while queries := policy.ask(limit):
        answers = [reply(query) if reply else answer(query, landscape) for query in queries]
        trials = [Trial(number + i, *pair) for i, pair in enumerate(zip(queries, answers, strict=True))]
        number += len(trials)
        policy.tell(trials)
        yield trials


def finish(policy: Any, landscape: Landscape | None = hill, **options: Any) -> list[Trial]:
    """All trials of a search run to its end."""
    return [trial for trials in rounds(policy, landscape, **options) for trial in trials]


def exchanged(trials: Sequence[Trial]) -> list[tuple[Query, Answer]]:
    """What was asked and answered, without its number."""
    return [(trial.query, trial.answer) for trial in trials]


def rng(seed: int = 1) -> np.random.Generator:
    """The generator of a policy."""
    return stream(seed, "policy")


def require_the_same_from_any_cut(build: Callable[[int], Any], drive: Callable[[Any], Iterator[list[Trial]]]) -> None:
    """A policy of another seed that loads the state after any round goes on as the whole search did."""
    policy = build(1)
    states, whole = [copy.deepcopy(policy.state_dict())], []
    for trials in drive(policy):
        whole.append(exchanged(trials))
        states.append(policy.state_dict())
    kept = copy.deepcopy(states)
    for cut, state in enumerate(states):
        other = build(99)
        other.load_state_dict(state)
        assert [exchanged(trials) for trials in drive(other)] == whole[cut:]
        assert other.recommend() == policy.recommend()
        assert same_state(other.state_dict(), policy.state_dict())
    assert same_state(states, kept), "going on must not change a state that was taken"
