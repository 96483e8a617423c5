"""Makes a leaderboard from judged runs: one row a policy, oracle and space."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from harness import statistics
from harness.core.judgement import Truth
from harness.core.numbers import Number, Undefined
from harness.core.policy import BASELINE
from harness.judging import judged_runs
from harness.judging.coverage import coverage_warnings
from harness.judging.judged_runs import JudgedRun, RunGroup, values_of
from harness.leaderboard import warnings
from harness.leaderboard.comparison import (
    ONE_DRAW,
    SEARCH_NAMES,
    Comparison,
    compare_samples,
    holm_adjusted,
    margin_of,
    with_uniform_draws,
)
from harness.leaderboard.grouping import grouped
from harness.leaderboard.sentences import verdict
from harness.output.units import unit_of
from harness.statistics import Interval

BASELINE_NOTE = f"{BASELINE} is what the others are tested against"

EntryKey: TypeAlias = tuple[str, str, str]
"""What identifies a row of a leaderboard: the policy, the oracle and the space."""

EqualCost: TypeAlias = Mapping[EntryKey, Mapping[str, tuple[Number, ...]]]
"""The true values, one a seed, of random search at the cost of each row, by the kind of cost that is equal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderboardEntry:
    """A row of the leaderboard: its runs by seed, and numbers in the units of the metric (accuracies are fractions).

    ``values`` and their ``ranks`` follow ``seeds``. Statistics over seeds leave out runs without a value, but
    ``p_beats_random`` counts every seed as a random draw, and costs are means over all seeds. ``hours`` are training
    time, recorded by a table or really spent. The intervals are bootstrapped over the seeds, at 95 %.
    ``against_search`` compares with random search at equal cost, if that is known; ``verdict`` states the result of
    both comparisons in words.
    """

    runs: tuple[JudgedRun, ...]
    truth: Truth
    policy: str
    oracle: str
    space: str
    seeds: tuple[int, ...]
    values: tuple[Number, ...]
    ranks: tuple[int | Undefined, ...]
    mean: Number
    std: Number
    best: Number
    best_rank: int | Undefined
    size: int | Undefined
    mean_regret: Number
    p_beats_random: Number
    welch_p: Number
    probed: int
    tau: Number
    tau_std: Number
    queries: float
    evaluations: float
    hours: Number
    median: Number
    iqm: Number
    mean_interval: Interval | Undefined
    median_interval: Interval | Undefined
    iqm_interval: Interval | Undefined
    against_random: Comparison | Undefined
    against_search: tuple[Comparison, ...]
    verdict: str

    @property
    def key(self) -> EntryKey:
        """What identifies the row."""
        return self.policy, self.oracle, self.space

    @property
    def failed(self) -> tuple[tuple[int, str], ...]:
        """The seeds without a value, each with the reason."""
        pairs = zip(self.seeds, self.values, strict=True)
        return tuple((seed, value.reason) for seed, value in pairs if isinstance(value, Undefined))

    @property
    def failed_answers(self) -> int:
        """How many queries of its runs were answered without a value."""
        return sum(count.failed for run in self.runs for count in run.answers.values())

    @property
    def judged(self) -> int:
        """The number of its runs with a value."""
        return len(self.seeds) - len(self.failed)


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """Entries, best mean first, the truth that judged them, and warnings about their numbers."""

    entries: tuple[LeaderboardEntry, ...]
    truth: Truth
    warnings: tuple[str, ...]

    @property
    def failed_runs(self) -> int:
        """How many runs ended with an error."""
        return sum(run.failed for entry in self.entries for run in entry.runs)


@dataclass(frozen=True, slots=True)
class _ComparisonTerms:
    """What the comparisons of all policies share."""

    truth: Truth
    searches: EqualCost
    margin: float | None

    def compare(self, values: Sequence[float], others: Sequence[float], other: str) -> Comparison:
        """Compare two samples."""
        margin = margin_of(self.truth.metric, others, self.margin)
        return compare_samples(values, others, other, larger_is_better=self.truth.larger_is_better, margin=margin)


def build(
    runs: Sequence[JudgedRun], truth: Truth, *, searches: EqualCost | None = None, margin: float | None = None
) -> Leaderboard:
    """Rank the policies of these runs, all judged by ``truth``.

    ``margin`` is the difference below which two policies count as equally good, in points of an accuracy or per cent of
    the perplexity that a policy is compared with; the default is that of ``DEFAULT_MARGINS``.
    """
    rows = grouped(runs, lambda run: (run.policy, run.oracle, run.space)).values()
    groups = [sorted(row, key=lambda run: run.seed) for row in rows]
    terms = _ComparisonTerms(truth, searches or {}, margin)
    pairs = [(group, _baseline(group, groups)) for group in groups]
    against = _corrected([_against(group, baseline, terms) for group, baseline in pairs])
    names = names_of(list(map(_key, groups)))
    entries = [
        _entry(group, baseline, found, name=names[_key(group)], truth=truth)
        for (group, baseline), found in zip(pairs, against, strict=True)
    ]
    entries.sort(key=_sort_key)
    cautions = dict.fromkeys(f"oracle {run.oracle}: {run.caution}" for run in runs if run.caution)
    uncovered = coverage_warnings(run.coverage for run in runs)
    said = (*warnings.warnings(groups, entries, names, truth), *cautions, *uncovered)
    return Leaderboard(tuple(entries), truth, said)


def _key(group: RunGroup) -> EntryKey:
    return group[0].policy, group[0].oracle, group[0].space


def names_of(keys: Collection[EntryKey]) -> dict[EntryKey, str]:
    """The name of each row in sentences: the policy, with its oracle if there are several."""
    several = len({oracle for _, oracle, _ in keys}) > 1
    return {key: f"{key[0]} on {key[1]}" if several else key[0] for key in keys}


def _baseline(group: RunGroup, groups: Sequence[RunGroup]) -> RunGroup | Undefined:
    """The random runs on the same space: those of the same oracle, or else of any, as random asks none."""
    run = group[0]
    if run.policy == BASELINE:
        return Undefined(BASELINE_NOTE)
    found = [g for g in groups if (g[0].policy, g[0].space) == (BASELINE, run.space)]
    same = [g for g in found if g[0].oracle == run.oracle]
    return next(iter(same + found), Undefined(f"there are no runs of {BASELINE} to test against"))


def _against(group: RunGroup, baseline: RunGroup | Undefined, terms: _ComparisonTerms) -> list[Comparison]:
    """A row's uncorrected comparisons: with its baseline, and with random search at its cost."""
    values, found = values_of(group), list[Comparison]()
    if not isinstance(baseline, Undefined):
        against = terms.compare(values, values_of(baseline), ONE_DRAW)
        found.append(with_uniform_draws(against, values, group[0].draws))
    for kind, searched in terms.searches.get(_key(group), {}).items():
        others = [value for value in searched if not isinstance(value, Undefined)]
        found.append(terms.compare(values, others, SEARCH_NAMES[kind]))
    return found


def _corrected(rows: Sequence[Sequence[Comparison]]) -> list[list[Comparison]]:
    """The comparisons of each row, corrected for the number of tests in their family."""
    flat = iter(holm_adjusted([comparison for row in rows for comparison in row]))
    return [[next(flat) for _ in row] for row in rows]


def _entry(
    group: RunGroup, baseline: RunGroup | Undefined, against: Sequence[Comparison], *, name: str, truth: Truth
) -> LeaderboardEntry:
    first = baseline if isinstance(baseline, Undefined) else against[0]
    searches = tuple(against[0 if isinstance(baseline, Undefined) else 1 :])
    run, values = group[0], values_of(group)
    size = truth.ranking if isinstance(truth.ranking, Undefined) else truth.ranking.size
    best_rank = judged_runs.best_rank_of(group, size)
    taus = [run.tau for run in group if not isinstance(run.tau, Undefined)]
    return LeaderboardEntry(
        runs=tuple(group),
        truth=truth,
        policy=run.policy,
        oracle=run.oracle,
        space=run.space,
        seeds=tuple(run.seed for run in group),
        values=tuple(judged_runs.value_of(run.judgement) for run in group),
        ranks=tuple(judged_runs.rank_of(run.judgement, size) for run in group),
        mean=statistics.mean(values),
        std=statistics.std(values),
        best=statistics.best(values, larger_is_better=truth.larger_is_better),
        best_rank=best_rank,
        size=size,
        mean_regret=judged_runs.mean_regret_of(group, size),
        p_beats_random=judged_runs.p_beats_random_of(best_rank, size, len(group)),
        welch_p=first if isinstance(first, Undefined) else first.welch_p,
        probed=max(run.probed for run in group),
        tau=statistics.mean(taus) if taus else run.tau,
        tau_std=statistics.std(taus) if taus else run.tau,
        queries=sum(run.queries for run in group) / len(group),
        evaluations=sum(run.evaluations for run in group) / len(group),
        hours=judged_runs.hours_of(group),
        median=statistics.median(values),
        iqm=statistics.interquartile_mean(values),
        mean_interval=statistics.interval_of(values, "mean"),
        median_interval=statistics.interval_of(values, "median"),
        iqm_interval=statistics.interval_of(values, "iqm"),
        against_random=first,
        against_search=searches,
        verdict=BASELINE_NOTE if run.policy == BASELINE else verdict(name, first, searches, unit_of(truth.metric)),
    )


def _sort_key(entry: LeaderboardEntry) -> tuple[bool, float, str]:
    if isinstance(entry.mean, Undefined):
        return True, 0.0, entry.policy
    return False, -entry.mean if entry.truth.larger_is_better else entry.mean, entry.policy
