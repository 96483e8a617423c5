"""What weight sharing costs each policy: the same seeds search without and with it (Yu et al. 2020, Tables 3 and 4).

The store keeps the runs, so an interrupted study continues. Without weight sharing a table answers; gradients, if a
policy asks for them, are estimated from the table's scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypedDict

from backends.tabular.named_tables import open_table
from harness.core.errors import IncompatibleError
from harness.core.features import OracleFeatures
from harness.core.numbers import Undefined
from harness.core.oracle import Gradient, Update
from harness.core.policy import BASELINE
from harness.judging.judge_runs import judge_all
from harness.judging.judged_runs import tau_ceiling_of, values_of
from harness.leaderboard import leaderboard
from harness.leaderboard.comparison import Comparison, holm_adjusted, margin_of
from harness.leaderboard.comparison import compare_samples as compare
from harness.leaderboard.end_to_end import Watcher, finished_runs, perform_missing, workers_for
from harness.leaderboard.leaderboard import Leaderboard, LeaderboardEntry
from harness.leaderboard.sentences import verdict
from harness.output.units import unit_of
from harness.planning import registry
from harness.planning.experiment import Experiment
from harness.planning.plan import DEFAULT_SPACE, Plan, make_plan, require_buildable
from harness.statistics import mean, std
from harness.storage.store import Store
from harness.studies.agreement import json_number

TABULAR, TABULAR_GRADIENT = "tabular", "tabular+score-gradient"
WITHOUT_SHARING = "the search without weight sharing"

POLICIES = ("enas", "nao", "darts")
"""The policies of Yu et al. 2020, Table 3; those of Table 6 take over half an hour on two cores."""


class OracleResult(TypedDict):
    """A policy's runs on one oracle; ``values`` and ``ranks`` follow ``PenaltyResult.seeds``.

    ``reasons`` say, by the number's name, why it is ``None``; ``failed`` say, by seed, why a value is ``None``.
    """

    oracle: str
    values: list[float | None]
    ranks: list[int | None]
    mean: float | None
    std: float | None
    best: float | None
    best_rank: int | None
    p_beats_random: float | None
    failed: dict[str, str]
    reasons: dict[str, str]


class Penalty(TypedDict):
    """The mean and the deviation over ``pairs`` seeds of how much worse a value is with weight sharing than without.

    They are in the metric's own unit, positive if weight sharing is worse: a lower accuracy or a higher perplexity.
    ``welch_p`` is of Welch's two-sided, unpaired test, ``interval`` is Welch's 95 % interval of the difference of the
    means of all values; ``holm_p`` is corrected for the number of policies.
    """

    pairs: int
    differences: list[float | None]
    mean: float | None
    std: float | None
    interval: list[float] | None
    welch_p: float | None
    holm_p: float | None
    reasons: dict[str, str]


class PenaltyRow(TypedDict):
    """A policy without and with weight sharing; ``verdict`` says in words what weight sharing costs it.

    ``tau`` is Kendall's tau-b between the final shared weights' scores of ``probed`` cells and the truth, and
    ``tau_ceiling`` the one that a ranking of these cells by their true values would have.
    """

    policy: str
    without: OracleResult
    shared: OracleResult
    penalty: Penalty
    probed: int
    tau: float | None
    tau_std: float | None
    tau_ceiling: float | None
    verdict: str


class PenaltyResult(TypedDict):
    """``rows`` are the policies in the order asked; ``baseline`` is the random policy, which asks no oracle."""

    study: str
    space: str
    table: str
    metric: str
    truth: str
    larger_is_better: bool
    size: int
    seeds: list[int]
    rows: list[PenaltyRow]
    baseline: OracleResult
    warnings: list[str]


def space_of(space: str | None, table: str | None) -> str:
    """The given space, or the table's, or the default; raises UnknownNameError or TableError for a wrong table."""
    return space or (open_table(table).space if table else DEFAULT_SPACE)


def study_penalty(experiment: Experiment, policies: Sequence[str], watcher: Watcher) -> PenaltyResult:
    """Perform the runs that the store lacks, judge all, and compare each policy without and with weight sharing.

    The experiment's oracle is the one that shares weights. Raises IncompatibleError for a policy that trains none.
    """
    names = tuple(dict.fromkeys(name for name in policies if name != BASELINE))
    shared = experiment.oracles[0]
    (board,) = judged_boards([penalty_plan(experiment, names)], experiment, watcher)
    return compare_oracles(board, names, shared)


def judged_boards(plans: Sequence[Plan], experiment: Experiment, watcher: Watcher) -> list[Leaderboard]:
    """Perform the runs of plans on one space that the store lacks, and judge all; a leaderboard for each plan."""
    together = Plan(tuple(spec for plan in plans for spec in plan.specs), plans[0].space)
    done = finished_runs(experiment.store)
    require_buildable(together, done)
    if waiting := [spec for spec in together.specs if spec.digest not in done]:
        workers = workers_for(experiment, waiting)
        watcher.note(f"{len(waiting)} of {len(together.specs)} runs are to be done, {workers} at a time")
    with Store.open(experiment.store) as store:
        perform_missing(together, store, watcher, experiment)
        return [leaderboard.build(*judge_all(plan, store, experiment)) for plan in plans]


def _oracles(policies: Sequence[str], shared: str) -> tuple[str, ...]:
    needs = {name: registry.load("policy", name).needs for name in policies}
    for name, kinds in needs.items():
        if Update not in kinds:
            raise IncompatibleError(
                f"policy {name} trains no shared weights (it asks no Update), so weight sharing cannot cost it "
                "anything; leave it out"
            )
    if not OracleFeatures.of(registry.load("oracle", shared)).shares_weights:
        raise IncompatibleError(f"oracle {shared} shares no weights; choose one that does, such as supernet")
    estimated = (TABULAR_GRADIENT,) if any(Gradient in kinds for kinds in needs.values()) else ()
    return (TABULAR, *estimated, shared)


def penalty_plan(experiment: Experiment, policies: Sequence[str]) -> Plan:
    """The runs without and with weight sharing; gradients are estimated only for policies that ask for them.

    The experiment's oracle is the one that shares weights. Raises IncompatibleError for a policy that trains none.
    """
    oracles = _oracles(policies, experiment.oracles[0])
    plan = make_plan(experiment.model_copy(update={"policies": tuple(policies), "oracles": oracles}))
    needs = {spec.policy: registry.load("policy", spec.policy).needs for spec in plan.specs}
    kept = [spec for spec in plan.specs if spec.oracle != TABULAR_GRADIENT or Gradient in needs[spec.policy]]
    return replace(plan, specs=tuple(kept), notes=())


def compare_oracles(board: Leaderboard, policies: Sequence[str], shared: str) -> PenaltyResult:
    """Compare each policy's rows of a leaderboard without and with weight sharing, which oracle ``shared`` has.

    Raises IncompatibleError if the truth ranks no cells.
    """
    truth = board.truth
    if isinstance(truth.ranking, Undefined):
        raise IncompatibleError(f"{truth.kind} {truth.name!r} ranks no cells: {truth.ranking.reason}")
    entries = {(entry.policy, entry.oracle == shared): entry for entry in board.entries}
    baseline = next(entry for entry in board.entries if entry.policy == BASELINE)
    pairs = [(entries[name, False], entries[name, True]) for name in policies]
    found = holm_adjusted([_against(*pair, larger_is_better=truth.larger_is_better) for pair in pairs])
    sign, unit = 1 if truth.larger_is_better else -1, unit_of(truth.metric)
    return PenaltyResult(
        study="penalty",
        space=baseline.space,
        table=truth.name,
        metric=truth.metric,
        truth=truth.text,
        larger_is_better=truth.larger_is_better,
        size=truth.ranking.size,
        seeds=list(baseline.seeds),
        rows=[
            _row(*pair, _penalty(*pair, sign, each), verdict(pair[0].policy, each, (), unit))
            for pair, each in zip(pairs, found, strict=True)
        ],
        baseline=_oracle_result(baseline),
        warnings=list(board.warnings),
    )


def _against(without: LeaderboardEntry, shared: LeaderboardEntry, *, larger_is_better: bool) -> Comparison:
    """Compare values with shared weights to those without."""
    values, others = (values_of(side.runs) for side in (shared, without))
    margin = margin_of(without.truth.metric, others)
    return compare(values, others, WITHOUT_SHARING, larger_is_better=larger_is_better, margin=margin)


def _row(without: LeaderboardEntry, shared: LeaderboardEntry, cost: Penalty, words: str) -> PenaltyRow:
    return PenaltyRow(
        policy=without.policy,
        without=_oracle_result(without),
        shared=_oracle_result(shared),
        penalty=cost,
        probed=shared.probed,
        tau=json_number(shared.tau),
        tau_std=json_number(shared.tau_std),
        tau_ceiling=json_number(tau_ceiling_of(shared.runs)),
        verdict=words,
    )


def _oracle_result(entry: LeaderboardEntry) -> OracleResult:
    figures = ("mean", "std", "best", "best_rank", "p_beats_random")
    undefined = {name: value for name in figures if isinstance(value := getattr(entry, name), Undefined)}
    return OracleResult(
        oracle=entry.oracle,
        values=list(map(json_number, entry.values)),
        ranks=[None if isinstance(rank, Undefined) else rank for rank in entry.ranks],
        mean=json_number(entry.mean),
        std=json_number(entry.std),
        best=json_number(entry.best),
        best_rank=None if isinstance(entry.best_rank, Undefined) else entry.best_rank,
        p_beats_random=json_number(entry.p_beats_random),
        failed={str(seed): reason for seed, reason in entry.failed},
        reasons={name: value.reason for name, value in undefined.items()},
    )


def _penalty(without: LeaderboardEntry, shared: LeaderboardEntry, sign: int, found: Comparison) -> Penalty:
    pairs = zip(map(json_number, without.values), map(json_number, shared.values), strict=True)
    differences = [None if a is None or b is None else sign * (a - b) + 0.0 for a, b in pairs]
    known = [difference for difference in differences if difference is not None]
    middle, spread, interval = mean(known), std(known), found.interval
    numbers = {"mean": middle, "std": spread, "interval": interval, "welch_p": found.welch_p, "holm_p": found.holm_p}
    return Penalty(
        pairs=len(known),
        differences=differences,
        mean=json_number(middle),
        std=json_number(spread),
        interval=None if isinstance(interval, Undefined) else [-interval.high + 0.0, -interval.low + 0.0],
        welch_p=json_number(found.welch_p),
        holm_p=json_number(found.holm_p),
        reasons={name: number.reason for name, number in numbers.items() if isinstance(number, Undefined)},
    )
