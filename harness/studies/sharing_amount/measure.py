"""Whether cells that share more weights are ranked worse (Yu et al. 2020, App. D.1, Table 5 and Fig. 6).

The content of the page is a ``SharingAmountResult``; its numbers have full precision, and a missing one is ``None``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

from backends.networks.adapters import DataKind
from backends.tabular.importers import import_table
from backends.tabular.named_tables import open_table
from backends.tabular.table import Table
from backends.training.recipes import LanguageRecipe, Recipe
from harness.core.errors import TableError
from harness.core.measures import Measure
from harness.core.numbers import Undefined
from harness.core.space import SearchSpace
from harness.execution.building import build_journal, recipe_of, training_jobs
from harness.execution.executor import Workers
from harness.judging.recorded_truth import CellTruths, TruthSource
from harness.leaderboard.end_to_end import Watcher
from harness.output.progress_bar import progress_bar
from harness.planning.experiment import Experiment
from harness.planning.plan import Plan
from harness.planning.settings import create_space
from harness.statistics import kendall, tukey_distance
from harness.storage.store import Store
from harness.studies.agreement import (
    TIE_DECIMALS,
    SeedStatistics,
    competition_ranks,
    finite,
    json_number,
    seed_statistics,
)
from harness.studies.sharing_amount.cells import SPACES, SharingCell, twelve_cells
from harness.studies.uniform_sharing_runs import FinishedRuns, ScoredRun, factors, sharing_plan, train
from harness.studies.weight_sharing.measure import in_unit, last

Floats = npt.NDArray[np.float64]

REPEATS = 3
"""How often a recurrent cell is trained for its truth: the usual ten repeats would take most of the study's time."""


class SharingAmountCell(TypedDict):
    """One of the 12 cells. ``shared`` is its number of shared matrices, by which the figures group and colour it.

    ``truth`` and ``scores`` (one a seed, in the order of ``SharingAmountResult.seeds``) are in the metric's own unit;
    ``true_rank`` and ``shared_ranks`` (one a seed) are among the 12 cells, from 1, the best; ``shared_rank`` is their
    mean.
    """

    cell: str
    shared: int
    operation: str
    truth: float | None
    truth_std: float | None
    true_rank: int | None
    scores: list[float | None]
    shared_ranks: list[int | None]
    shared_rank: float | None


class SharingGroup(TypedDict):
    """The cells that share the same number of matrices: tau inside the group for each seed, and over the seeds.

    Of its ``pairs`` of cells, ``resolved`` have truths that differ by more than ``SharingAmountResult.resolution``; the
    order of the others is luck, so that a tau says nothing of it. ``None`` where the truth has no repeats.
    """

    shared: int
    cells: int
    pairs: int
    resolved: int | None
    taus: list[float | None]
    tau: SeedStatistics


class SharingAmountResult(TypedDict):
    """``cells`` are sorted by true rank; ``taus`` are of all 12 cells, one for each seed, ``tau`` is over the seeds.

    ``error`` is the standard error of a cell's truth; cells of a group of equal true values differ by more than
    ``resolution`` in 5 % of all cases (Tukey's honestly significant difference).
    """

    study: str
    space: str
    truth: str
    metric: str
    score_metric: str
    larger_is_better: bool
    repeats: int
    seeds: list[int]
    epochs: int
    factors: dict[str, str | int | float | bool | None]
    cells: list[SharingAmountCell]
    groups: list[SharingGroup]
    taus: list[float | None]
    tau: SeedStatistics
    failed: dict[str, str]
    error: float | None
    resolution: float | None


def study_sharing_amount(
    kind: DataKind, experiment: Experiment, watcher: Watcher, *, recipe: str, split: str | None = None
) -> SharingAmountResult:
    """Train the 12 cells with shared weights, and compare their ranking with the truth.

    The truth is the experiment's table, which must hold all 12; without a table, ``recipe`` trains them. Raises a
    HarnessError if this cannot be done.
    """
    mine, space = twelve_cells(kind), create_space(SPACES[kind])
    cells = [member.cell for member in mine]
    table = None if experiment.table is None else require_all_cells(open_table(experiment.table), cells, space)
    recipe_of(space, recipe)  # what is no recipe is refused before anything is trained
    plan = sharing_amount_plan(kind, experiment, recipe)
    trained = train(plan, experiment, watcher)
    if table is None:
        table = trained_table(kind, experiment, recipe, watcher)
    source = TruthSource.of(table, split)
    with Store.open(experiment.store) as store:
        truth = source.look(cells, space, store, [run.run for run in trained.runs])
    spec = plan.specs[0]
    described = factors(spec, space) | {"cells trained": len(cells), "truth": source.metric}
    judged = (source, truth)
    return sharing_amount_result(
        mine, trained, judged, space=space.name, search_metric=spec.search_metric, factors=described
    )


def sharing_amount_plan(kind: DataKind, experiment: Experiment, recipe: str) -> Plan:
    """The runs that train and score the 12 cells with shared weights; they need no table."""
    settings = {**experiment.settings, "policy.cells": [member.cell for member in twelve_cells(kind)]}
    runs = {"space": SPACES[kind], "table": None, "judge": recipe, "settings": settings}
    return sharing_plan(experiment.model_copy(update=runs), ())


def require_all_cells(table: Table, cells: Sequence[str], space: SearchSpace) -> Table:
    """The table, if it holds all the cells; raises a HarnessError otherwise."""
    table.require(space)
    missing = [cell for cell, row in zip(cells, table.rows(_keys(cells, space)), strict=True) if row < 0]
    if missing:
        raise TableError(
            f"table {table.name!r} lacks {len(missing)} of the {len(cells)} cells, such as {missing[0]!r}; choose a "
            "table that holds them all, or leave --table out to train them"
        )
    return table


def trained_table(kind: DataKind, experiment: Experiment, recipe: str, watcher: Watcher) -> Table:
    """Train the 12 cells by a stand-alone recipe into a table in the store's folder, unless that table exists."""
    space, path = create_space(SPACES[kind]), truth_path(kind, experiment, recipe)
    if not path.is_file():  # the file appears only when all cells are trained
        alone, cells = _standalone_recipe(space, recipe), [member.cell for member in twelve_cells(kind)]
        watcher.note(f"the truth is that of training each cell alone, {alone.repeats} times, by {recipe}")
        journal = path.with_suffix(".h5.journal")
        with progress_bar("training the cells alone") as report:
            workers = Workers.of(experiment.workers, experiment.gpus)
            jobs = training_jobs(space, _keys(cells, space), alone)
            build_journal(space.name, jobs, alone, journal, workers=workers, on_progress=report)
        import_table("journal", journal, space, path)
    return Table.open(path)


def _standalone_recipe(space: SearchSpace, recipe: str) -> Recipe | LanguageRecipe:
    alone = recipe_of(space, recipe)
    return replace(alone, repeats=min(REPEATS, alone.repeats)) if isinstance(alone, LanguageRecipe) else alone


def truth_path(kind: DataKind, experiment: Experiment, recipe: str) -> Path:
    """The path, in the store's folder, of the trained truth of the 12 cells by a recipe."""
    space = create_space(SPACES[kind])
    with Store.open(experiment.store) as store:  # for its folder
        return store.folder / f"sharing-amount-{space.name}-{_standalone_recipe(space, recipe).digest()[:12]}.h5"


def _keys(cells: Sequence[str], space: SearchSpace) -> npt.NDArray[np.int64]:
    return space.canonical_keys(space.require([space.parse(cell) for cell in cells]))


def sharing_amount_result(
    mine: Sequence[SharingCell],
    trained: FinishedRuns,
    judged: tuple[TruthSource, CellTruths],
    *,
    space: str,
    search_metric: str,
    factors: dict[str, Any],
) -> SharingAmountResult:
    """All numbers of the study, from the last scorings of finished runs and the truth about the 12 cells."""
    (source, truth), measure = judged, judged[0].measure
    wanted = np.round(measure.scores(truth.means), TIE_DECIMALS)
    scores = {run.seed: np.round(last(run), TIE_DECIMALS) for run in trained.runs}
    error, resolution = truth.error, _resolution(mine, truth)
    all_cells = {seed: _tau(each, wanted) for seed, each in scores.items()}
    return SharingAmountResult(
        study="sharing-amount",
        space=space,
        truth=source.table.name,
        metric=source.metric,
        score_metric=f"{search_metric}_{measure.name}",
        larger_is_better=measure.larger_is_better,
        repeats=source.table.repeats,
        seeds=list(scores),
        epochs=max(trained.runs[0].scores),
        factors=factors,
        cells=_cells(mine, trained.runs, truth, measure),
        groups=[
            _group(shared, mine, scores, (wanted, truth.means, resolution))
            for shared in sorted({member.shared for member in mine})
        ],
        taus=list(all_cells.values()),
        tau=seed_statistics(all_cells),
        failed={str(seed): reason for seed, reason in trained.failed.items()},
        error=json_number(error),
        resolution=resolution,
    )


def _tau(scores: Floats, truth: Floats) -> float | None:
    known = np.isfinite(scores) & np.isfinite(truth)
    return json_number(kendall(scores[known].tolist(), truth[known].tolist()))


def _group(
    shared: int, mine: Sequence[SharingCell], scores: dict[int, Floats], truth: tuple[Floats, Floats, float | None]
) -> SharingGroup:
    """The figures of one group; ``truth`` is its order, its means, and the difference that its noise resolves."""
    wanted, means, resolution = truth
    inside = np.array([member.shared == shared for member in mine])
    taus = {seed: _tau(each[inside], wanted[inside]) for seed, each in scores.items()}
    gaps = [abs(a - b) for a, b in combinations(means[inside].tolist(), 2)]
    return SharingGroup(
        shared=shared,
        cells=int(inside.sum()),
        pairs=len(gaps),
        resolved=None if resolution is None else sum(gap > resolution for gap in gaps),
        taus=list(taus.values()),
        tau=seed_statistics(taus),
    )


def _resolution(mine: Sequence[SharingCell], truth: CellTruths) -> float | None:
    """The difference of two cells of a group that the noise of the truth seldom makes; ``None`` without repeats."""
    largest = max(Counter(member.shared for member in mine).values())
    error = truth.error
    return None if isinstance(error, Undefined) else tukey_distance(largest, error, truth.freedom)


def _cells(
    mine: Sequence[SharingCell], runs: Sequence[ScoredRun], truth: CellTruths, measure: Measure
) -> list[SharingAmountCell]:
    values = [finite(column) for column in np.array([in_unit(last(run), measure) for run in runs]).T]
    ranks = list(zip(*(competition_ranks(last(run)) for run in runs), strict=True))
    true = competition_ranks(measure.scores(truth.means))
    rows = [
        SharingAmountCell(
            cell=member.cell,
            shared=member.shared,
            operation=member.operation,
            truth=mean,
            truth_std=std,
            true_rank=true[i],
            scores=values[i],
            shared_ranks=list(ranks[i]),
            shared_rank=seed_statistics(dict(enumerate(ranks[i])))["mean"],
        )
        for i, (member, mean, std) in enumerate(zip(mine, finite(truth.means), finite(truth.stds), strict=True))
    ]
    return sorted(rows, key=lambda row: (row["true_rank"] is None, row["true_rank"] or 0))
