"""From judged runs to the rows of a leaderboard: one row a policy, oracle and space."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from harness import statistics
from harness.core.budget import Cost
from harness.judge import Judgement, NoVerdict, Truth, Verdict
from harness.statistics import Number, Undefined

BASELINE = "random"
"""The policy that the others are tested against: one uniform draw a seed (Yu et al. 2020, Sec. 3.1)."""

ENOUGH = 10
"""Seeds of each policy in Yu et al. 2020, Sec. 4.1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One run as the leaderboard sees it; a run that failed has a NoVerdict with the reason.

    ``search_metric`` is the table metric that the search saw, or its split alone; ``repeated`` counts the queries that
    asked for a cell again. ``tau`` is Kendall's tau-b between the final shared weights' scores of ``probed`` sampled
    cells and the truth; no cells are probed where no weights are shared.
    """

    policy: str
    oracle: str
    space: str
    seed: int
    judgement: Judgement
    probed: int
    tau: Number
    spent: Cost
    repeated: int
    search_metric: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A row of the leaderboard, in the units of the metric (accuracies are fractions).

    ``values`` and their ``ranks`` follow ``seeds``. The sums over seeds leave out the runs without a value, except that
    ``p_beats_random`` counts every seed as a draw of random's, and that the costs are means over all seeds. ``judge``
    is the table or the recipe that the values come from; ``hours`` are of training: a table's recorded ones, or those
    really spent.
    """

    policy: str
    oracle: str
    space: str
    judge: str
    metric: str
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
    hours: Number
    repeated_share: Number

    @property
    def failed(self) -> tuple[tuple[int, str], ...]:
        """The seeds without a value, each with the reason."""
        pairs = zip(self.seeds, self.values, strict=True)
        return tuple((seed, value.reason) for seed, value in pairs if isinstance(value, Undefined))


@dataclass(frozen=True, slots=True)
class Leaderboard:
    """Entries, best mean first, what their numbers are of, and what a reader must know before believing them."""

    entries: tuple[Entry, ...]
    truth: Truth
    warnings: tuple[str, ...]


Group: TypeAlias = Sequence[Judged]


def build(runs: Sequence[Judged], truth: Truth) -> Leaderboard:
    """Rank the policies of these runs, which were all judged by ``truth``."""
    groups = _groups(runs)
    entries = sorted((_entry(group, _baseline(group, groups), truth) for group in groups), key=_order(truth))
    return Leaderboard(tuple(entries), truth, tuple(_warnings(groups, entries, truth)))


def _groups(runs: Sequence[Judged]) -> list[Group]:
    groups: dict[tuple[str, str, str], list[Judged]] = {}
    for run in runs:
        groups.setdefault((run.policy, run.oracle, run.space), []).append(run)
    return [sorted(group, key=lambda run: run.seed) for group in groups.values()]


def _baseline(group: Group, groups: Sequence[Group]) -> Group | Undefined:
    """The random runs on the same space: those of the same oracle, or else any, as random asks none."""
    run = group[0]
    if run.policy == BASELINE:
        return Undefined(f"{BASELINE} is what the others are tested against")
    found = [g for g in groups if (g[0].policy, g[0].space) == (BASELINE, run.space)]
    same = [g for g in found if g[0].oracle == run.oracle]
    return next(iter(same + found), Undefined(f"there are no runs of {BASELINE} to test against"))


def _values(group: Group) -> list[float]:
    return [run.judgement.value for run in group if not isinstance(run.judgement, NoVerdict)]


def _entry(group: Group, baseline: Group | Undefined, truth: Truth) -> Entry:
    run, values = group[0], _values(group)
    size = truth.ranking if isinstance(truth.ranking, Undefined) else truth.ranking.size
    best_rank = _best_rank(group, size)
    taus = [run.tau for run in group if not isinstance(run.tau, Undefined)]
    return Entry(
        policy=run.policy,
        oracle=run.oracle,
        space=run.space,
        judge=f"{truth.kind} {truth.name}",
        metric=truth.text,
        seeds=tuple(run.seed for run in group),
        values=tuple(_value(run.judgement) for run in group),
        ranks=tuple(_rank(run.judgement, size) for run in group),
        mean=statistics.mean(values),
        std=statistics.std(values),
        best=statistics.best(values, larger_is_better=truth.larger_is_better),
        best_rank=best_rank,
        size=size,
        mean_regret=_mean_regret(group, size),
        p_beats_random=_p_beats_random(best_rank, size, len(group)),
        welch_p=_welch_p(values, baseline),
        probed=max(run.probed for run in group),
        tau=statistics.mean(taus) if taus else run.tau,
        tau_std=statistics.std(taus) if taus else run.tau,
        queries=sum(run.spent.queries for run in group) / len(group),
        hours=_hours(group),
        repeated_share=_repeated_share(group),
    )


def _best_rank(group: Group, size: int | Undefined) -> int | Undefined:
    if isinstance(size, Undefined):
        return size
    return min((verdict.rank for verdict in _verdicts(group)), default=Undefined("no run has a value"))


def _mean_regret(group: Group, size: int | Undefined) -> Number:
    return size if isinstance(size, Undefined) else statistics.mean([verdict.regret for verdict in _verdicts(group)])


def _verdicts(group: Group) -> list[Verdict]:
    return [run.judgement for run in group if isinstance(run.judgement, Verdict)]


def _hours(group: Group) -> Number:
    """The mean hours of training a seed; undefined where trainings were charged but none of them has a time."""
    seconds = sum(run.spent.seconds for run in group)
    if seconds == 0 and any(run.spent.epochs for run in group):
        return Undefined("the oracle knows no training times")
    return seconds / len(group) / 3600


def _value(judgement: Judgement) -> Number:
    return Undefined(judgement.reason) if isinstance(judgement, NoVerdict) else judgement.value


def _rank(judgement: Judgement, size: int | Undefined) -> int | Undefined:
    if isinstance(judgement, Verdict):
        return judgement.rank
    if isinstance(judgement, NoVerdict):
        return Undefined(judgement.reason)
    return size if isinstance(size, Undefined) else Undefined("the cell was trained, the others were not")


def _p_beats_random(best_rank: int | Undefined, size: int | Undefined, draws: int) -> Number:
    if isinstance(size, Undefined):
        return size
    return best_rank if isinstance(best_rank, Undefined) else statistics.p_beats_random(best_rank, size, draws)


def _welch_p(values: Sequence[float], baseline: Group | Undefined) -> Number:
    if isinstance(baseline, Undefined):
        return baseline
    test = statistics.welch(values, _values(baseline))
    return test if isinstance(test, Undefined) else test.p


def _repeated_share(group: Group) -> Number:
    queries = sum(run.spent.queries for run in group)
    return sum(run.repeated for run in group) / queries if queries else Undefined("no query was asked")


def _order(truth: Truth) -> Callable[[Entry], tuple[bool, float, str]]:
    sign = -1 if truth.larger_is_better else 1

    def key(entry: Entry) -> tuple[bool, float, str]:
        mean = entry.mean
        return (True, 0.0, entry.policy) if isinstance(mean, Undefined) else (False, sign * mean, entry.policy)

    return key


def _warnings(groups: Sequence[Group], entries: Sequence[Entry], truth: Truth) -> Iterator[str]:
    leaked = {run.policy for group in groups for run in group if _saw_the_truth(run, truth)}
    if leaked:
        yield (
            f"the search of {', '.join(sorted(leaked))} saw {truth.metric}, the metric that it is judged by: "
            "its numbers are too good"
        )
    ranking = truth.ranking
    if not isinstance(ranking, Undefined) and ranking.size < ranking.space_size:
        yield f"ranks and regrets are among the {ranking.size:,} of {ranking.space_size:,} cells that the table judges"
    several = len({entry.oracle for entry in entries}) > 1
    for entry in entries:
        yield from _warnings_of(entry, f"{entry.policy} on {entry.oracle}" if several else entry.policy)
    fewest = min((len(set(entry.seeds)) for entry in entries), default=ENOUGH)
    if fewest < ENOUGH:
        seeds = "one seed" if fewest == 1 else f"{fewest} seeds"
        yield f"{seeds} a policy is little: Yu et al. 2020 compare over {ENOUGH}"


def _warnings_of(entry: Entry, name: str) -> Iterator[str]:
    if entry.failed:
        reasons = "; ".join(f"seed {seed}: {reason}" for seed, reason in entry.failed)
        yield f"{name}: {len(entry.failed)} of {len(entry.seeds)} runs have no value ({reasons})"
    if len(set(entry.seeds)) < len(entry.seeds):
        yield f"{name}: a seed stands twice, so runs of different settings are mixed in one row"


def _saw_the_truth(run: Judged, truth: Truth) -> bool:
    return run.spent.queries > 0 and run.search_metric in (truth.metric, truth.split)
