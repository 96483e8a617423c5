"""The only search loop, with budget, log and resume: a policy asks, an oracle answers, and a log records both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness.core.budget import Budget, Cost
from harness.core.errors import IncompatibleError
from harness.core.features import WIDTH, OracleFeatures, PolicyFeatures
from harness.core.oracle import Gradient, Oracle, Query, QueryKind, Score, Trial, Update
from harness.core.policy import Policy
from harness.core.space import Architecture


@dataclass(frozen=True, slots=True)
class SearchProgress:
    """The progress of a search: the number of answered queries of any kind, and their total cost."""

    trials: int = 0
    spent: Cost = field(default_factory=Cost)


class Log(Protocol):
    """Records a search, so that it resumes from its last checkpoint after a crash."""

    def resume(self, policy: Policy, oracle: Oracle) -> SearchProgress:
        """Restore policy and oracle from the last checkpoint, if there is one; returns the progress at that point."""

    def append(self, trials: Sequence[Trial], progress: SearchProgress, policy: Policy, oracle: Oracle) -> None:
        """Record answered queries; ``progress`` and the states of policy and oracle already include them."""


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """The result of a search."""

    recommendation: Architecture
    progress: SearchProgress


def never_trains(policy: Any, oracle: Any) -> bool:
    """Whether the policy would query shared weights that it never trains; both are classes or instances."""
    shared, needs = OracleFeatures.of(oracle).shares_weights, policy.needs
    return shared and bool(needs & {Score, Gradient}) and Update not in needs


def require_compatible(
    policy: Any,
    oracle: Any,
    *,
    names: tuple[str, str],
    oracles: Callable[[], Sequence[str]],
    policies: Callable[[], Sequence[str]],
) -> None:
    """Raise IncompatibleError if the oracle cannot serve the policy; the message names alternatives.

    ``policy`` and ``oracle`` are classes or instances, and ``names`` are their names. ``oracles()`` lists the oracles
    that suit this policy, ``policies()`` the policies that suit this oracle.
    """
    PolicyFeatures.of(policy)  # a wrong member raises now, not after the search; never_trains checks the oracle's
    if missing := policy.needs - oracle.supports:
        raise IncompatibleError(
            f"policy {names[0]} needs {_words(missing)} queries, but oracle {names[1]} answers only "
            f"{_words(oracle.supports)}; oracles that do: {_choice(oracles())}"
        )
    if never_trains(policy, oracle):
        raise IncompatibleError(
            f"policy {names[0]} never trains the shared weights of oracle {names[1]} (it asks no Update), so its "
            f"scores would mean nothing; policies that do: {_choice(policies())}"
        )


def _words(kinds: frozenset[QueryKind]) -> str:
    return " and ".join(sorted(kind.__name__ for kind in kinds)) or "nothing"


def _choice(names: Sequence[str]) -> str:
    return " or ".join(names) or "none that is installed"


def search(
    policy: Policy, oracle: Oracle, budget: Budget, log: Log | None = None, *, width: int = WIDTH
) -> SearchOutcome:
    """Run a policy against an oracle until the policy is finished or the budget is spent.

    If a batch exceeds the budget, it is cut after the answer that exceeded it: that answer counts, and the later ones
    are neither charged nor given to the policy.
    """
    progress = log.resume(policy, oracle) if log else SearchProgress()
    while budget.allows(progress.spent) and (queries := policy.ask(budget.room(progress.spent, width))):
        trials, progress = _answer(oracle, queries, progress, budget)
        policy.tell(trials)
        if log:
            log.append(trials, progress, policy, oracle)
    return SearchOutcome(policy.recommend(), progress)


def _answer(
    oracle: Oracle, queries: Sequence[Query], progress: SearchProgress, budget: Budget
) -> tuple[list[Trial], SearchProgress]:
    spent, trials = progress.spent, list[Trial]()
    for query, answer in zip(queries, oracle.answer(queries), strict=True):
        trials.append(Trial(progress.trials + len(trials), query, answer))
        spent = spent + answer.cost
        if not budget.allows(spent):
            break
    return trials, SearchProgress(progress.trials + len(trials), spent)
