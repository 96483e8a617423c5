"""Closed-form losses of mixtures, with slopes by automatic differentiation, and a driver of relaxed searches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch

from harness.core.budget import Cost
from harness.core.oracle import Answer, Failed, Gradient, Query, Slope, Trial, Update, Updated
from harness.core.space import Mixture

Loss = Callable[[torch.Tensor], torch.Tensor]
"""Of all weights of a mixture, one decision after the other, as one vector of float64."""


def flat(mixture: Mixture) -> torch.Tensor:
    return torch.tensor([weight for row in mixture for weight in row], dtype=torch.float64)


def split(vector: torch.Tensor, mixture: Mixture) -> Mixture:
    values = iter(vector.tolist())
    return tuple(tuple(next(values) for _ in row) for row in mixture)


def respond(query: Query, loss: Loss | None) -> Answer:
    """The answer to one query; ``loss=None`` lets every Gradient fail."""
    if isinstance(query, Update):
        return Updated(None, Cost())
    assert isinstance(query, Gradient)
    if loss is None:
        return Failed("as told", Cost(1))
    point = flat(query.mixture).requires_grad_()
    value = loss(point)
    return Slope(float(value.detach()), split(torch.autograd.grad(value, point)[0], query.mixture), Cost(1))


def rounds(policy: Any, loss: Loss | None, *, limit: int = 10**6) -> Iterator[list[Trial]]:
    """The rounds of a search, each told to the policy before it is yielded."""
    number = 0
    while queries := policy.ask(limit):
        trials = [Trial(number + i, query, respond(query, loss)) for i, query in enumerate(queries)]
        number += len(trials)
        policy.tell(trials)
        yield trials


def finish(policy: Any, loss: Loss | None, *, limit: int = 10**6) -> list[Trial]:
    """All trials of a search run to its end."""
    return [trial for trials in rounds(policy, loss, limit=limit) for trial in trials]


def planted(options: Sequence[int], good: Sequence[int]) -> Loss:
    """A separable loss, least at the architecture ``good``; other choices differ in how bad they are."""
    costs = torch.tensor(
        [0.0 if k == g else 0.3 + 0.1 * k for n, g in zip(options, good, strict=True) for k in range(n)]
    )
    return lambda point: (costs.double() * point).sum()
