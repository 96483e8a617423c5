"""Compares how shared weights and the truth rank architectures (Yu et al. 2020, Sec. 4.3, Fig. 4).

The content of the page is a ``WeightSharingResult``; its numbers have full precision, and a missing one is ``None``, in
a scoring with its reason in ``reasons``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from harness.core.measures import Measure
from harness.core.numbers import Undefined
from harness.core.space import SearchSpace
from harness.judging.recorded_truth import CellTruths, TruthSource
from harness.leaderboard.end_to_end import Watcher
from harness.planning.experiment import Experiment
from harness.planning.plan import build_truth
from harness.storage.store import Store
from harness.studies.agreement import (
    TOP_SIZES,
    Agreement,
    SeedStatistics,
    agreement,
    competition_ranks,
    finite,
    json_number,
    seed_statistics,
)
from harness.studies.uniform_sharing_runs import FinishedRuns, ScoredRun, factors, sharing_plan, train

Floats = npt.NDArray[np.float64]

FOLLOWED = 10
"""Yu et al. 2020, Fig. 4b, follow the true top 10."""


class ScoredCell(TypedDict):
    """A scored cell. ``truth`` and ``scores`` are in the metric's own unit: fractions, or perplexities.

    ``scores`` are those of the last scoring, one a seed in the order of ``WeightSharingResult.seeds``.
    """

    cell: str
    rank: int | None
    truth: float | None
    truth_std: float | None
    scores: list[float | None]
    score_mean: float | None
    score_std: float | None


class ScoringRow(TypedDict):
    """One seed after one epoch. ``precision`` and ``regret`` are by k as text, ``reasons`` by a missing number's name.

    ``regret`` is in the unit of scores: fractions, or natural logarithms of perplexities.
    """

    seed: int
    epoch: int
    cells: int
    tau: float | None
    sparse_tau: float | None
    spearman: float | None
    weighted_tau: float | None
    precision: dict[str, float | None]
    regret: dict[str, float | None]
    deviation: float | None
    reasons: dict[str, str]


class EpochSummary(TypedDict):
    """All seeds after one epoch; ``precision`` and ``regret`` are by k as text."""

    epoch: int
    tau: SeedStatistics
    sparse_tau: SeedStatistics
    spearman: SeedStatistics
    weighted_tau: SeedStatistics
    precision: dict[str, SeedStatistics]
    regret: dict[str, SeedStatistics]
    deviation: SeedStatistics


class RankPair(TypedDict):
    """One of the true top 10 (``true`` from 1, the best) and its rank by the shared weights among the same cells."""

    cell: str
    true: int
    shared: int


class Displacement(TypedDict):
    """Rank displacement of the true top 10 for one seed after the last epoch.

    ``run`` is ``best``, ``worst`` or ``average``: the seed with the largest tau, the smallest, or one nearest the mean.
    """

    run: str
    seed: int
    tau: float
    ranks: list[RankPair]


class WeightSharingResult(TypedDict):
    """``metric`` is the truth's (``test_accuracy``); ``cells`` are sorted by true rank, those without truth last.

    ``score_metric`` is the metric of the scores, in the same unit (``validation_accuracy``). ``factors`` are settings
    that decide the ranking, by name: recipe, batch_norm, ... ``tau_ceiling`` is the tau with the truth that a ranking
    of the cells by their true values would have.
    """

    study: str
    space: str
    table: str
    metric: str
    score_metric: str
    larger_is_better: bool
    repeats: int
    seeds: list[int]
    epochs: list[int]
    factors: dict[str, str | int | float | bool | None]
    cells: list[ScoredCell]
    scorings: list[ScoringRow]
    summary: list[EpochSummary]
    displacements: list[Displacement]
    failed: dict[str, str]
    tau_ceiling: float | None


def study_weight_sharing(
    experiment: Experiment, watcher: Watcher, *, score_epochs: Sequence[int] | None = None, split: str | None = None
) -> WeightSharingResult:
    """Perform the runs that the store lacks, and compare every scoring with the table's truth.

    ``experiment`` names one oracle that shares weights; its policies are ignored. ``split`` is the truth's.
    Raises a HarnessError if this cannot be done.
    """
    plan = sharing_plan(experiment, score_epochs)
    source = TruthSource.of(build_truth(plan.specs[0], plan.space), split)
    trained = train(plan, experiment, watcher)
    cells = trained.runs[0].cells
    with Store.open(experiment.store) as store:
        truth = source.look(cells, plan.space, store, [run.run for run in trained.runs])
    spec = plan.specs[0]
    described = factors(spec, plan.space)
    described |= {"cells trained": plan.space.size, "cells scored": len(cells), "truth": source.metric}
    return weight_sharing_result(
        trained, (source, truth), space=plan.space, search_metric=spec.search_metric, factors=described
    )


def weight_sharing_result(
    trained: FinishedRuns,
    judged: tuple[TruthSource, CellTruths],
    *,
    space: SearchSpace,
    search_metric: str,
    factors: dict[str, str | int | float | bool | None],
) -> WeightSharingResult:
    """All numbers of the study, from the scorings of finished runs and the truth about their cells."""
    (source, truth), measure = judged, judged[0].measure
    runs, wanted = trained.runs, measure.scores(truth.means)
    found = {(r.seed, epoch): agreement(scores, wanted) for r in runs for epoch, scores in r.scores.items()}
    epochs = sorted({epoch for _, epoch in found})
    return WeightSharingResult(
        study="weight-sharing",
        space=space.name,
        table=source.table.name,
        metric=source.metric,
        score_metric=f"{search_metric}_{measure.name}",
        larger_is_better=measure.larger_is_better,
        repeats=source.table.repeats,
        seeds=[run.seed for run in runs],
        epochs=epochs,
        factors=factors | {"table": source.table.name},
        cells=_scored_cells(runs, truth, measure),
        scorings=[_scoring_row(seed, epoch, each) for (seed, epoch), each in found.items()],
        summary=[_epoch_summary(epoch, {s: each for (s, e), each in found.items() if e == epoch}) for epoch in epochs],
        displacements=_displacements(runs, wanted, {s: a for (s, e), a in found.items() if e == epochs[-1]}),
        failed={str(seed): reason for seed, reason in trained.failed.items()},
        tau_ceiling=json_number(truth.ceiling),
    )


def last(run: ScoredRun) -> Floats:
    """The scores (cells,) after the last epoch."""
    return run.scores[max(run.scores)]


def in_unit(scores: Floats, measure: Measure) -> Floats:
    """Scores in the metric's own unit: accuracies as they are, perplexities from their negated logarithms."""
    with np.errstate(over="ignore"):
        return scores if measure.larger_is_better else np.exp(-scores)


def _scored_cells(runs: Sequence[ScoredRun], truth: CellTruths, measure: Measure) -> list[ScoredCell]:
    scores = np.array([in_unit(last(run), measure) for run in runs])
    ranks, means, stds = competition_ranks(measure.scores(truth.means)), finite(truth.means), finite(truth.stds)
    rows = []
    for cell, rank, mean, std, column in zip(runs[0].cells, ranks, means, stds, map(finite, scores.T), strict=True):
        over = seed_statistics(dict(enumerate(column)))
        rows.append(
            ScoredCell(
                cell=cell,
                rank=rank,
                truth=mean,
                truth_std=std,
                scores=column,
                score_mean=over["mean"],
                score_std=over["std"],
            )
        )
    return sorted(rows, key=lambda row: (row["rank"] is None, row["rank"] or 0))


def _scoring_row(seed: int, epoch: int, found: Agreement) -> ScoringRow:
    named = {name: getattr(found, name) for name in ("tau", "sparse_tau", "spearman", "weighted_tau", "deviation")}
    return ScoringRow(
        seed=seed,
        epoch=epoch,
        cells=found.cells,
        tau=json_number(found.tau),
        sparse_tau=json_number(found.sparse_tau),
        spearman=json_number(found.spearman),
        weighted_tau=json_number(found.weighted_tau),
        precision={str(k): value for k, value in found.precision.items()},
        regret={str(k): value for k, value in found.regret.items()},
        deviation=json_number(found.deviation),
        reasons={name: value.reason for name, value in named.items() if isinstance(value, Undefined)},
    )


def _epoch_summary(epoch: int, found: Mapping[int, Agreement]) -> EpochSummary:
    """Summarise ``found`` over its seeds; of deviations and regrets, the smallest is the best."""
    return EpochSummary(
        epoch=epoch,
        tau=seed_statistics({seed: json_number(each.tau) for seed, each in found.items()}),
        sparse_tau=seed_statistics({seed: json_number(each.sparse_tau) for seed, each in found.items()}),
        spearman=seed_statistics({seed: json_number(each.spearman) for seed, each in found.items()}),
        weighted_tau=seed_statistics({seed: json_number(each.weighted_tau) for seed, each in found.items()}),
        precision=_by_k({seed: each.precision for seed, each in found.items()}),
        regret=_by_k({seed: each.regret for seed, each in found.items()}, sign=-1),
        deviation=seed_statistics({seed: json_number(each.deviation) for seed, each in found.items()}, sign=-1),
    )


def _by_k(found: Mapping[int, Mapping[int, float]], sign: float = 1) -> dict[str, SeedStatistics]:
    """Statistics over the seeds, for each k for which any seed has a value."""
    there = [k for k in TOP_SIZES if any(k in figures for figures in found.values())]
    return {
        str(k): seed_statistics({seed: figures.get(k) for seed, figures in found.items()}, sign=sign) for k in there
    }


def _displacements(runs: Sequence[ScoredRun], truth: Floats, found: Mapping[int, Agreement]) -> list[Displacement]:
    """The displacements of the seeds with the best tau, the worst, and that nearest the mean; the first of equals."""
    taus = {seed: each.tau for seed, each in found.items() if not isinstance(each.tau, Undefined)}
    if not taus:
        return []
    middle = sum(taus.values()) / len(taus)
    chosen = {
        "best": max(taus, key=lambda seed: taus[seed]),
        "worst": min(taus, key=lambda seed: taus[seed]),
        "average": min(taus, key=lambda seed: abs(taus[seed] - middle)),
    }
    by_seed = {run.seed: run for run in runs}
    return [
        Displacement(run=name, seed=seed, tau=taus[seed], ranks=_rank_pairs(by_seed[seed], truth))
        for name, seed in chosen.items()
    ]


def _rank_pairs(run: ScoredRun, truth: Floats) -> list[RankPair]:
    """The true top 10, best first, among the cells that have both a score and a truth."""
    scores = last(run)
    known = np.isfinite(scores) & np.isfinite(truth)
    cells = [cell for cell, there in zip(run.cells, known, strict=True) if there]
    pairs = zip(cells, competition_ranks(truth[known]), competition_ranks(scores[known]), strict=True)
    moves = [RankPair(cell=cell, true=true, shared=shared) for cell, true, shared in pairs if true and shared]
    return sorted(moves, key=lambda move: move["true"])[:FOLLOWED]
