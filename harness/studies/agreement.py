"""How far two rankings of the same cells agree, and what that comes to over seeds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from harness.statistics import ENOUGH_PAIRS, Number, Undefined, kendall, mean, std

Floats = npt.NDArray[np.float64]

TOP = (3, 5, 10, 20)
"""eval-nas, search_policies/cnn/search_policy.py, looks at the top 3, 5, 10 and 20."""

SPARSE = 3
"""Decimals that two values must differ in to count as different: 1e-3, as in eval-nas (see ``agreement``)."""

SAME = 12
"""Decimals in which equal values agree: summing the same repeats in another order changes the last bits."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How scores rank ``cells`` cells, against their truth.

    ``tau`` and ``sparse_tau`` are Kendall's tau-b of the values as they are and rounded to 1e-3; ``precision`` is, for
    each k below the number of cells, the share of the true top k among the top k by score; ``deviation`` is the mean
    distance between a cell's two ranks.
    """

    cells: int
    tau: Number
    sparse_tau: Number
    spearman: Number
    precision: Mapping[int, float]
    deviation: Number


def agreement(scores: Floats, truth: Floats) -> Agreement:
    """Compare two columns (cells,) in which larger is better; cells without a finite number in both are left out.

    In eval-nas (search_policies/cnn/search_space/nas_bench/util.py, compute_sparse_kendalltau) a step of 1e-3 of the
    accuracy is what makes two ranks different, of the truth and of the prediction alike. Cells that tie share the
    places that they hold together, in ``precision`` by what random order would give on average.
    """
    known = np.isfinite(scores) & np.isfinite(truth)
    scores, truth = np.round(scores[known], SAME), np.round(truth[known], SAME)
    pair = scores.tolist(), truth.tolist()
    cells = len(scores)
    return Agreement(
        cells=cells,
        tau=kendall(*pair),
        sparse_tau=kendall(*(np.round(side, SPARSE).tolist() for side in (scores, truth))),
        spearman=_spearman(scores, truth),
        precision={k: float((_top(scores, k) * _top(truth, k)).sum() / k) for k in TOP if k < cells},
        deviation=float(np.abs(ranks(scores) - ranks(truth)).mean()) if cells else Undefined("no cell has a score"),
    )


def ranks(values: Floats) -> Floats:
    """The ranks (cells,) of finite values, 1 for the largest; those that tie have the mean of their ranks."""
    from scipy.stats import rankdata

    found: Floats = rankdata(-values)
    return found


def places(values: Floats) -> list[int | None]:
    """The rank of each value, 1 for the largest and shared by ties; ``None`` for a value that is not finite."""
    there = np.isfinite(values)
    found = 1 + np.searchsorted(np.sort(-values[there]), -values)
    return [rank if known else None for rank, known in zip(found.tolist(), there.tolist(), strict=True)]


def _spearman(scores: Floats, truth: Floats) -> Number:
    """The correlation of the ranks, ties having their mean."""
    if len(scores) < ENOUGH_PAIRS:
        return Undefined(f"Spearman's correlation needs at least {ENOUGH_PAIRS} pairs, not {len(scores)}")
    if not np.ptp(scores) or not np.ptp(truth):
        return Undefined("one side does not vary, so Spearman's correlation has no order to compare")
    from scipy.stats import spearmanr

    return float(spearmanr(scores, truth).statistic)


def _top(values: Floats, k: int) -> Floats:
    """The probability (cells,) of each to be among the largest k, where ties fall in random order."""
    edge = np.sort(values)[-k]
    above, level = values > edge, values == edge
    shares: Floats = above + level * (k - above.sum()) / level.sum()
    return shares


class Spread(TypedDict):
    """A statistic over the seeds that have one; ``None`` for what too few of them leave undefined."""

    seeds: int
    mean: float | None
    std: float | None
    best: float | None
    best_seed: int | None
    worst: float | None
    worst_seed: int | None


def spread(values: Mapping[int, float | None], *, sign: float = 1.0) -> Spread:
    """Over seeds; the best is the largest value times ``sign``, and of equals the seed that stands first."""
    there = {seed: value for seed, value in values.items() if value is not None}
    best = max(there, key=lambda seed: sign * there[seed], default=None)
    worst = min(there, key=lambda seed: sign * there[seed], default=None)
    numbers = list(there.values())
    return Spread(
        seeds=len(there),
        mean=plain(mean(numbers)),
        std=plain(std(numbers)),
        best=None if best is None else there[best],
        best_seed=best,
        worst=None if worst is None else there[worst],
        worst_seed=worst,
    )


def plain(number: Number) -> float | None:
    """A number as JSON has it."""
    return None if isinstance(number, Undefined) else number
