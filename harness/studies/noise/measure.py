"""How the order of policies changes when the search sees noisier scores: one repeat, or shorter trainings, of a table.

Conditions differ in the oracle's settings. All have the same policies and seeds, and are judged by the same truth: the
mean of the repeats at the table's full budget. The store keeps the runs, so an interrupted study continues. A search
has the same number of queries in every condition; a shorter training costs less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from backends.tabular.named_tables import open_table
from harness.core.errors import IncompatibleError, SettingError
from harness.core.judgement import Truth, TruthLookup
from harness.core.numbers import Number, Undefined
from harness.core.policy import BASELINE
from harness.core.runspec import RunSpec
from harness.leaderboard.end_to_end import Watcher
from harness.leaderboard.leaderboard import Leaderboard, LeaderboardEntry
from harness.output.figure_style import counted
from harness.planning.experiment import Experiment
from harness.planning.plan import Plan, make_plan
from harness.statistics import kendall, mean
from harness.storage.store import Store
from harness.studies.agreement import TIE_DECIMALS, competition_ranks, json_number
from harness.studies.noise.conditions import NoiseCondition, ceiling, conditions_of, require_free, signal
from harness.studies.penalty.measure import judged_boards

POLICIES = ("random-search", "evolution", "nao")

COUNTED = ("bananas", "optuna", "random-search", "tpe")
"""Policies that end after ``samples`` scores, whatever the budget; the study sets it to the budget's queries."""

Floats = npt.NDArray[np.float64]


class NoiseRow(TypedDict):
    """A policy in a condition; ``values`` and ``ranks`` follow ``NoiseResult.seeds``.

    ``place`` is the rank of its mean among the policies, 1 being the best, shared by ties; ``queries`` and ``hours`` of
    training are means over the seeds. ``reasons`` say, by the number's name, why it is ``None``; ``failed`` say, by
    seed, why a value is ``None``.
    """

    policy: str
    condition: int
    values: list[float | None]
    ranks: list[int | None]
    mean: float | None
    std: float | None
    best: float | None
    best_rank: int | None
    mean_regret: float | None
    place: int | None
    queries: float
    hours: float | None
    failed: dict[str, str]
    reasons: dict[str, str]


class ConditionResult(TypedDict):
    """What the search sees, and how the order of the policies differs from that of the first condition.

    ``signal`` is Kendall's tau-b between the scores of all cells and their truth, averaged over the seeds if the scores
    differ by seed. ``tau`` is Kendall's tau-b between the policies' means in both conditions. ``changed`` policies have
    another place by their mean. ``unsettled`` is the share of places on single seeds that differ from the places by
    mean in the first condition; in the first condition itself, it is the effect of the seeds alone.
    """

    name: str
    repeat: str
    epochs: int
    signal: float | None
    mean_regret: float | None
    tau: float | None
    changed: int
    unsettled: float | None
    reasons: dict[str, str]


class NoiseResult(TypedDict):
    """``rows`` are in the order of ``policies``, and those of a policy in the order of ``conditions``.

    ``baseline`` is the mean of the random policy, which sees no scores; ``budget`` is the number of queries of a run.
    ``ceiling`` is the ``signal`` that the cells' true values would have.
    """

    study: str
    space: str
    table: str
    search_metric: str
    metric: str
    truth: str
    larger_is_better: bool
    size: int
    budget: int | None
    seeds: list[int]
    policies: list[str]
    conditions: list[ConditionResult]
    rows: list[NoiseRow]
    baseline: float | None
    ceiling: float | None
    warnings: list[str]


def study_noise(
    experiment: Experiment, policies: Sequence[str], watcher: Watcher, *, epochs: Sequence[int] = ()
) -> NoiseResult:
    """Perform the runs that the store lacks, judge all, and compare the conditions; the experiment names the table.

    ``epochs`` are the shorter budgets to search by, by default a few of the table. Raises IncompatibleError for a table
    with only one condition, or an oracle that reads no table, and SettingError for a setting that the study varies, or
    if no policy searches.
    """
    names = tuple(dict.fromkeys(name for name in policies if name != BASELINE))
    if not names:
        raise SettingError(f"there is no policy to compare but {BASELINE}, which sees nothing; name another")
    require_free(experiment)
    seen = conditions_of(open_table(experiment.table or ""), epochs)
    given = {**_samples(experiment, names), **experiment.settings}
    plans = _plans(experiment.model_copy(update={"policies": names, "settings": given}), seen)
    boards = judged_boards(plans, experiment, watcher)
    _record_look(experiment, plans[0], boards[0].truth)
    signals = [signal(plan, board.truth.metric) for plan, board in zip(plans, boards, strict=True)]
    best = ceiling(plans[0], boards[0].truth.metric)
    return compare_conditions(seen, boards, signals, of=names, spec=plans[0].specs[0], ceiling=best)


def _record_look(experiment: Experiment, plan: Plan, truth: Truth) -> None:
    """Record that the truth of all cells is compared with what the searches are told of them."""
    what = f"{counted(plan.space.size, 'cell')}, compared with the scores in each condition"
    with Store.open(experiment.store) as store:
        store.record_lookup(TruthLookup("", datetime.now(UTC), what, truth.metric, truth.digest))


def _samples(experiment: Experiment, names: Sequence[str]) -> dict[str, int]:
    queries = experiment.budget.queries
    if queries is None or "policy.samples" in experiment.settings:
        return {}
    return {f"{name}.samples": queries for name in names if name in COUNTED}


def _plans(experiment: Experiment, seen: Sequence[NoiseCondition]) -> list[Plan]:
    """A plan for each condition; random, which sees no scores, is only in the first."""
    found = list[Plan]()
    for condition in seen:
        plan = make_plan(experiment.model_copy(update={"settings": {**experiment.settings, **condition.settings}}))
        kept = [spec for spec in plan.specs if spec.policy != BASELINE or not found]
        found.append(replace(plan, specs=tuple(kept)))
    return found


@dataclass(frozen=True, slots=True)
class _ConditionRanking:
    """The policies of a condition, in the order asked; values times ``sign`` are larger for better policies."""

    entries: tuple[LeaderboardEntry, ...]
    sign: int

    def column(self, numbers: Sequence[Number]) -> Floats:
        """Numbers times ``sign``, rounded so that ties are equal; NaN for an undefined one."""
        known = [np.nan if isinstance(number, Undefined) else self.sign * number for number in numbers]
        return np.round(known, TIE_DECIMALS)

    @property
    def means(self) -> Floats:
        """The policies' means (policies,), larger for better policies."""
        return self.column([entry.mean for entry in self.entries])

    @property
    def order(self) -> list[int | None]:
        """The place of each policy by its mean, 1 for the best."""
        return competition_ranks(self.means)

    @property
    def by_seed(self) -> list[list[int | None]]:
        """The places on each seed."""
        return [
            competition_ranks(self.column(values))
            for values in zip(*(entry.values for entry in self.entries), strict=True)
        ]


def compare_conditions(
    seen: Sequence[NoiseCondition],
    boards: Sequence[Leaderboard],
    signals: Sequence[Number],
    *,
    of: Sequence[str],
    spec: RunSpec,
    ceiling: Number,
) -> NoiseResult:
    """Compare the policies named ``of`` in each condition, from one leaderboard each; ``spec`` is that of any run.

    ``ceiling`` is the tau with the truth that the cells' true values would have.

    Raises IncompatibleError if the truth ranks no cells.
    """
    truth, baseline = boards[0].truth, next(each.mean for each in boards[0].entries if each.policy == BASELINE)
    if isinstance(truth.ranking, Undefined):
        raise IncompatibleError(f"{truth.kind} {truth.name!r} ranks no cells: {truth.ranking.reason}")
    condition_rankings = [_condition_ranking(board, of) for board in boards]
    measured = zip(seen, signals, condition_rankings, strict=True)
    return NoiseResult(
        study="noise",
        space=spec.space,
        table=truth.name,
        search_metric=spec.search_metric,
        metric=truth.metric,
        truth=truth.text,
        larger_is_better=truth.larger_is_better,
        size=truth.ranking.size,
        budget=spec.budget.queries,
        seeds=list(condition_rankings[0].entries[0].seeds),
        policies=list(of),
        conditions=[_condition(condition, number, mine, condition_rankings[0]) for condition, number, mine in measured],
        rows=[_row(ranking, i, place) for place in range(len(of)) for i, ranking in enumerate(condition_rankings)],
        baseline=json_number(baseline),
        ceiling=json_number(ceiling),
        warnings=list(dict.fromkeys(warning for board in boards for warning in board.warnings)),
    )


def _condition_ranking(board: Leaderboard, names: Sequence[str]) -> _ConditionRanking:
    entries = {entry.policy: entry for entry in board.entries}
    return _ConditionRanking(tuple(entries[name] for name in names), 1 if board.truth.larger_is_better else -1)


def _condition(
    condition: NoiseCondition, number: Number, mine: _ConditionRanking, first: _ConditionRanking
) -> ConditionResult:
    regrets = [entry.mean_regret for entry in mine.entries if not isinstance(entry.mean_regret, Undefined)]
    figures: dict[str, Number] = {
        "signal": number,
        "mean_regret": mean(regrets),
        "tau": _agreement(mine, first),
        "unsettled": _unsettled(mine, first.order),
    }
    return ConditionResult(
        name=condition.name,
        repeat=condition.repeat,
        epochs=condition.epochs,
        signal=json_number(number),
        mean_regret=json_number(figures["mean_regret"]),
        tau=json_number(figures["tau"]),
        changed=sum(a != b for a, b in zip(first.order, mine.order, strict=True)),
        unsettled=json_number(figures["unsettled"]),
        reasons={name: value.reason for name, value in figures.items() if isinstance(value, Undefined)},
    )


def _agreement(mine: _ConditionRanking, first: _ConditionRanking) -> Number:
    if mine is first:
        return Undefined("the order that the others are compared with")
    known = np.isfinite(mine.means) & np.isfinite(first.means)
    return kendall(mine.means[known], first.means[known])


def _unsettled(mine: _ConditionRanking, order: Sequence[int | None]) -> Number:
    """The share of places on single seeds that differ from ``order``; seeds with a failed run are left out."""
    whole = [each for each in mine.by_seed if None not in each]
    if not whole:
        return Undefined("on no seed do all policies have a value")
    return float(np.mean([a != b for each in whole for a, b in zip(each, order, strict=True)]))


def _row(ranking: _ConditionRanking, condition: int, policy: int) -> NoiseRow:
    entry, place = ranking.entries[policy], ranking.order[policy]
    figures = ("mean", "std", "best", "best_rank", "mean_regret", "hours")
    undefined = {name: value for name in figures if isinstance(value := getattr(entry, name), Undefined)}
    return NoiseRow(
        policy=entry.policy,
        condition=condition,
        values=list(map(json_number, entry.values)),
        ranks=[None if isinstance(rank, Undefined) else rank for rank in entry.ranks],
        mean=json_number(entry.mean),
        std=json_number(entry.std),
        best=json_number(entry.best),
        best_rank=None if isinstance(entry.best_rank, Undefined) else entry.best_rank,
        mean_regret=json_number(entry.mean_regret),
        place=place,
        queries=entry.queries,
        hours=json_number(entry.hours),
        failed={str(seed): reason for seed, reason in entry.failed},
        reasons={name: value.reason for name, value in undefined.items()},
    )
