"""The case of a policy under check: how to build it, its oracles, and the record of its search."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from backends.synthetic import SyntheticOracle
from harness.core.features import OracleFeatures
from harness.core.oracle import Oracle, Query, Scored, Trial, Update
from harness.core.policy import Policy
from harness.core.random import stream
from harness.core.space import SearchSpace
from harness.planning.settings import create_space

SHARING = 1.0
"""Steps of the shared weights after which a choice is trained to 1 - 1/e: few, since checked searches are short."""


@dataclass(frozen=True, slots=True)
class PolicyCase:
    """A policy class, with settings that keep it quick and the space for its checks.

    ``learns=False`` exempts a policy that is not meant to beat one random draw.
    """

    factory: Callable[..., Policy]
    settings: Mapping[str, Any] = field(default_factory=dict)
    space: str = "nasbench101-v4"
    learns: bool = True
    steps: int = 60
    """How many ask-tell rounds are checked."""

    def build(self, seed: int, space: SearchSpace | None = None) -> Policy:
        """A fresh policy of this case."""
        return self.factory(space or create_space(self.space), stream(seed, "policy"), **self.settings)

    def oracle(self, **settings: Any) -> Oracle:
        """The closed-form oracle of the checks."""
        return SyntheticOracle(create_space(self.space), 0, **settings)

    def oracles(self, **settings: Any) -> list[Oracle]:
        """The closed-form oracle, and for a policy that trains shared weights also one that has shared weights."""
        trains = Update in self.build(0).needs
        return [self.oracle(**settings), *([self.oracle(**settings, sharing=SHARING)] if trains else [])]


def rounds(case: PolicyCase, policy: Policy, oracle: Oracle, *, limit: int = 50) -> Iterator[list[Trial]]:
    """Run the policy against the oracle for the steps of the case; yields the trials of each round."""
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
    """All that can be observed of a search: its trials and its final recommendation."""
    return [*rounds(case, policy, oracle), policy.recommend()]


class ConstantScores:
    """An oracle that gives every Score the same value."""

    def __init__(self, oracle: Oracle) -> None:
        self.space, self.metric = oracle.space, oracle.metric
        self.supports, self.independent = oracle.supports, oracle.independent
        self.shares_weights = OracleFeatures.of(oracle).shares_weights
        self._oracle = oracle

    def answer(self, queries: Sequence[Query]) -> list[Any]:
        answers = self._oracle.answer(queries)
        return [Scored(0.5, a.cost) if isinstance(a, Scored) else a for a in answers]

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        pass
