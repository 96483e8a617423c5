"""The only search loop, with budget, log and resume: a policy asks, an oracle answers, and a log records both."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from harness.core.budget import Budget, Cost
from harness.core.errors import IncompatibleError
from harness.core.features import WIDTH, OracleFeatures, PolicyFeatures
from harness.core.oracle import (
    Answer,
    Failed,
    Gradient,
    Metric,
    Oracle,
    Query,
    QueryKind,
    Score,
    Scored,
    Trial,
    Update,
)
from harness.core.policy import Policy
from harness.core.space import Architecture


@dataclass(frozen=True, slots=True)
class AnswerCount:
    """How many queries of one kind were answered, how many of them failed, and the first reason for it."""

    answered: int = 0
    failed: int = 0
    reason: str = ""


AnswerCounts: TypeAlias = Mapping[str, AnswerCount]
"""The counts by the kind of query: ``Score``, ``Update`` and ``Gradient``."""


@dataclass(frozen=True, slots=True)
class SearchProgress:
    """The progress of a search: the number of answered queries of any kind, their total cost, and counts by kind."""

    trials: int = 0
    spent: Cost = field(default_factory=Cost)
    answers: AnswerCounts = field(default_factory=dict, compare=False)


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
    spent, trials, answers = progress.spent, list[Trial](), oracle.answer(queries)
    if len(answers) != len(queries):
        raise _wrong_answer(oracle, f"gives {len(answers)} answers to {len(queries)} queries", "one answer a query")
    for query, answer in zip(queries, answers, strict=True):
        _require_valid(oracle, answer)
        trials.append(Trial(progress.trials + len(trials), query, answer))
        spent = spent + answer.cost
        if not budget.allows(spent):
            break
    return trials, SearchProgress(progress.trials + len(trials), spent, _counted(progress.answers, trials))


def _require_valid(oracle: Oracle, answer: Answer) -> None:
    """Raise IncompatibleError for a cost or a value that would make every later sum meaningless."""
    cost = answer.cost
    if not (0 <= cost.queries < math.inf and 0 <= cost.epochs < math.inf and 0 <= cost.seconds < math.inf):
        raise _wrong_answer(oracle, f"charges {cost}", "finite costs from 0 up")
    metric: Metric = oracle.metric
    if isinstance(answer, Scored) and not metric.low <= answer.value <= metric.high:
        expected = f"{metric.low:g} to {metric.high:g}, or Failed where there is no value"
        raise _wrong_answer(oracle, f"answers a Score with {answer.value}", expected)


def _wrong_answer(oracle: Oracle, says: str, expected: str) -> IncompatibleError:
    return IncompatibleError(f"{type(oracle).__module__}:{type(oracle).__qualname__} {says}; expected {expected}")


def _counted(before: AnswerCounts, trials: Sequence[Trial]) -> dict[str, AnswerCount]:
    counts = dict(before)
    for kind in {type(trial.query) for trial in trials}:
        answers = [trial.answer for trial in trials if type(trial.query) is kind]
        reasons = [answer.reason for answer in answers if isinstance(answer, Failed)]
        known = counts.get(kind.__name__, AnswerCount())
        reason = known.reason if known.failed else next(iter(reasons), "")
        counts[kind.__name__] = AnswerCount(known.answered + len(answers), known.failed + len(reasons), reason)
    return counts


def why_failed(answers: AnswerCounts) -> str | None:
    """Why a search that has ended counts as failed, or ``None``.

    It fails if no Score had a value, so that its recommendation rests on nothing, or if more than half of its Updates
    or Gradients failed, so that its shared weights or its mixture were hardly trained.
    """
    for kind, count in answers.items():
        failed = count.failed == count.answered if kind == Score.__name__ else count.failed > count.answered / 2
        if count.failed and failed:
            return f"{count.failed:,} of {count.answered:,} {kind} queries failed ({count.reason})"
    return None
