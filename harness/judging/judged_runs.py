"""Judged runs, and the numbers that a leaderboard's row sums up from its own runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from harness import statistics
from harness.core.budget import Cost
from harness.core.driver import AnswerCounts
from harness.core.judgement import Judgement, NoVerdict, Verdict
from harness.core.numbers import Number, Undefined
from harness.judging.cell_noise import CellNoise, error_of_mean, optimism_of
from harness.judging.coverage import Coverage
from harness.statistics import Interval, UniformDraws

NOT_READ = Undefined("the repeats of the truth were not read")


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedRun:
    """One run for the leaderboard; a run that failed has a NoVerdict with the reason.

    ``search_metric`` is the data split that the oracle declared, or the setting of a run of an earlier version;
    ``repeated`` counts the queries that repeated a cell, and ``repeats_free`` says that ``spent`` leaves them out.
    ``tau`` is Kendall's tau-b between the truth and the final shared weights' scores of ``probed`` sampled cells;
    without shared weights there are none. ``coverage`` is that of an encoding that does not reach every cell,
    ``caution`` a warning about the oracle's scores. ``answers`` counts the run's answers, ``failed`` says that it ended
    with an error. ``draws`` are uniform draws from the ranked cells that the run's space reaches, which is how
    ``random`` draws. ``unscored`` says that it recommends a cell that it never scored, though its policy does not do so
    by design, and ``answered_truth`` that its oracle's answers were the judged metric. ``noise`` is that of its judged
    value, and ``tau_ceiling`` the tau that a ranking by the probed cells' true values would have with the truth, both
    from the repeats of a table.
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
    coverage: Coverage | None = None
    caution: str = ""
    answers: AnswerCounts = field(default_factory=dict)
    failed: bool = False
    repeats_free: bool = False
    unscored: bool = False
    answered_truth: bool = False
    noise: CellNoise | Undefined = NOT_READ
    tau_ceiling: Number = NOT_READ
    draws: UniformDraws | Undefined = field(default=Undefined("the ranked cells are not known"), compare=False)

    @property
    def queries(self) -> int:
        """The Scores and slopes that the search asked for."""
        return self.spent.queries + (self.repeated if self.repeats_free else 0)

    @property
    def evaluations(self) -> int:
        """The queries without repeated ones: on a table, the distinct trainings."""
        return self.queries - self.repeated


RunGroup: TypeAlias = Sequence[JudgedRun]
"""The runs of one row."""


def values_of(group: RunGroup) -> list[float]:
    """The judged values of the runs that have one."""
    return [run.judgement.value for run in group if not isinstance(run.judgement, NoVerdict)]


def best_rank_of(group: RunGroup, size: int | Undefined) -> int | Undefined:
    """The best rank of these runs, among ``size`` ranked cells."""
    if isinstance(size, Undefined):
        return size
    return min((verdict.rank for verdict in _verdicts(group)), default=Undefined("no run has a value"))


def mean_regret_of(group: RunGroup, size: int | Undefined) -> Number:
    """The mean distance to the best value, in the metric's unit."""
    return size if isinstance(size, Undefined) else statistics.mean([verdict.regret for verdict in _verdicts(group)])


def truth_error_of(group: RunGroup) -> Number:
    """The standard error that the noise of the truth leaves in the mean over these runs, in the metric's unit."""
    return error_of_mean([run.noise for run in group if not isinstance(run.judgement, NoVerdict)] or [NOT_READ])


def tau_ceiling_of(group: RunGroup) -> Number:
    """The mean over the runs with a tau of the best tau that their probed cells' true values would have."""
    found = [run.tau_ceiling for run in group]
    known = [each for each in found if not isinstance(each, Undefined)]
    return statistics.mean(known) if known else found[0]


def rank_interval_of(group: RunGroup) -> Interval | Undefined:
    """The 95 % interval of the true rank of the best-ranked recommendation of these runs."""
    ranked = [run for run in group if isinstance(run.judgement, Verdict)]
    best = min(ranked, key=lambda run: run.judgement.rank, default=None)  # type: ignore[union-attr]
    if best is None:
        return Undefined("no run has a value")
    return best.noise if isinstance(best.noise, Undefined) else best.noise.ranks


def cross_fitted_regret_of(group: RunGroup) -> Number:
    """The mean distance to the best cell's value in repeats that did not choose it; negative beyond it."""
    optimism = optimism_of([run.noise for run in group if not isinstance(run.judgement, NoVerdict)] or [NOT_READ])
    regrets = [verdict.regret for verdict in _verdicts(group)]
    return optimism if isinstance(optimism, Undefined) else statistics.mean([each - optimism for each in regrets])


def _verdicts(group: RunGroup) -> list[Verdict]:
    return [run.judgement for run in group if isinstance(run.judgement, Verdict)]


def hours_of(group: RunGroup) -> Number:
    """The mean hours of training per seed; undefined where trainings were charged but none of them has a time."""
    seconds = sum(run.spent.seconds for run in group)
    if seconds == 0 and any(run.spent.epochs for run in group):
        return Undefined("the oracle knows no training times")
    return seconds / len(group) / 3600


def value_of(judgement: Judgement) -> Number:
    """The value of a judgement, or the reason why it has none."""
    return Undefined(judgement.reason) if isinstance(judgement, NoVerdict) else judgement.value


def rank_of(judgement: Judgement, size: int | Undefined) -> int | Undefined:
    """The rank of a judgement, or the reason why there is none."""
    if isinstance(judgement, Verdict):
        return judgement.rank
    if isinstance(judgement, NoVerdict):
        return Undefined(judgement.reason)
    return size if isinstance(size, Undefined) else Undefined("the cell was trained, the others were not")


def p_beats_random_of(best_rank: int | Undefined, size: int | Undefined, draws: int) -> Number:
    """The probability that all of ``draws`` uniform draws rank below the best rank."""
    if isinstance(size, Undefined):
        return size
    return best_rank if isinstance(best_rank, Undefined) else statistics.p_beats_random(best_rank, size, draws)


def repeated_share_of(group: RunGroup) -> Number:
    """The share of the queries that repeated a cell."""
    queries = sum(run.queries for run in group)
    return sum(run.repeated for run in group) / queries if queries else Undefined("no query was asked")
