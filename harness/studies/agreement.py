"""Measures how far two rankings of the same cells agree, and summarises the measures over seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from harness.core.numbers import Number, Undefined
from harness.statistics import kendall, mean, sparse_kendall, spearman, std, top_precision, top_regret, weighted_kendall

Floats = npt.NDArray[np.float64]

TOP_SIZES = (3, 5, 10, 20)
"""The top 3, 5, 10 and 20, as in eval-nas, search_policies/cnn/search_policy.py."""

SPARSE_DECIMALS = 3
"""Values that agree in this many decimals count as equal: 1e-3, as in eval-nas (see ``sparse_kendall``)."""

TIE_DECIMALS = 12
"""Values that agree in this many decimals tie: summing the same repeats in another order changes the last bits."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How well scores rank ``cells`` cells, compared with their truth.

    ``tau`` and ``sparse_tau`` are Kendall's tau-b of the values as they are and rounded to 1e-3; ``precision`` is, for
    each k below the number of cells, the share of the true top k among the top k by score, and ``regret`` how far the
    best of the top k by score is below the best of all, in the truth's unit; ``weighted_tau`` gives the order at the
    top the most weight; ``deviation`` is the mean distance between a cell's two ranks.
    """

    cells: int
    tau: Number
    sparse_tau: Number
    spearman: Number
    weighted_tau: Number
    precision: Mapping[int, float]
    regret: Mapping[int, float]
    deviation: Number


def agreement(scores: Floats, truth: Floats) -> Agreement:
    """Compare two columns (cells,) in which larger is better; cells without a finite value in both are left out.

    Tied cells share their ranks; ``precision`` counts them as a random order of theirs does on average.
    """
    known = np.isfinite(scores) & np.isfinite(truth)
    scores, truth = np.round(scores[known], TIE_DECIMALS), np.round(truth[known], TIE_DECIMALS)
    cells = len(scores)
    return Agreement(
        cells=cells,
        tau=kendall(scores, truth),
        sparse_tau=sparse_kendall(scores, truth, decimals=SPARSE_DECIMALS),
        spearman=spearman(scores, truth),
        weighted_tau=weighted_kendall(scores, truth),
        precision=_by_k(top_precision, scores, truth),
        regret=_by_k(top_regret, scores, truth),
        deviation=float(np.abs(average_ranks(scores) - average_ranks(truth)).mean())
        if cells
        else Undefined("no cell has a score"),
    )


def _by_k(statistic: Callable[[Floats, Floats, int], Number], scores: Floats, truth: Floats) -> dict[int, float]:
    """A statistic of the top k, for each k below the number of cells for which it is defined."""
    found = {k: statistic(scores, truth, k) for k in TOP_SIZES if k < len(scores)}
    return {k: number for k, number in found.items() if not isinstance(number, Undefined)}


def average_ranks(values: Floats) -> Floats:
    """The ranks (cells,) of finite values, 1 for the largest; tied values have the mean of their ranks."""
    from scipy.stats import rankdata

    found: Floats = rankdata(-values)
    return found


def competition_ranks(values: Floats) -> list[int | None]:
    """The rank of each value, 1 for the largest and shared by ties; ``None`` for a value that is not finite."""
    there = np.isfinite(values)
    found = 1 + np.searchsorted(np.sort(-values[there]), -values)
    return [rank if known else None for rank, known in zip(found.tolist(), there.tolist(), strict=True)]


class SeedStatistics(TypedDict):
    """A statistic over the seeds that have a value; ``None`` for a number that too few seeds leave undefined."""

    seeds: int
    mean: float | None
    std: float | None
    best: float | None
    best_seed: int | None
    worst: float | None
    worst_seed: int | None


def seed_statistics(values: Mapping[int, float | None], *, sign: float = 1.0) -> SeedStatistics:
    """Summarise values by seed; the best is the largest value times ``sign``, of equal ones the first."""
    there = {seed: value for seed, value in values.items() if value is not None}
    best = max(there, key=lambda seed: sign * there[seed], default=None)
    worst = min(there, key=lambda seed: sign * there[seed], default=None)
    numbers = list(there.values())
    return SeedStatistics(
        seeds=len(there),
        mean=json_number(mean(numbers)),
        std=json_number(std(numbers)),
        best=None if best is None else there[best],
        best_seed=best,
        worst=None if worst is None else there[worst],
        worst_seed=worst,
    )


def finite(values: Floats) -> list[float | None]:
    """A column for JSON: ``None`` for a value that is not finite."""
    return [float(value) if np.isfinite(value) else None for value in values]


def json_number(number: Number) -> float | None:
    """A number for JSON; ``None`` if it is undefined."""
    return None if isinstance(number, Undefined) else number
