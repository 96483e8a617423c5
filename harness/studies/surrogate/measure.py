"""Fits a surrogate, and measures how good it is on cells that it did not learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from backends.surrogate.examples import Examples, split
from backends.surrogate.files import Surrogate, facts_of, require_name, write
from backends.surrogate.model import Prediction, fit
from backends.surrogate.trees import Floats
from harness.core.numbers import Number, Undefined
from harness.core.space import SearchSpace
from harness.output.progress_bar import ProgressReport
from harness.statistics import kendall, sparse_kendall

LEVELS = (50, 80, 95)
"""The levels in per cent of the central intervals whose share of the held-out values is reported."""

QUANTILES = np.arange(1, 20) / 20
"""The levels that the calibration error is a mean over."""


@dataclass(frozen=True, slots=True)
class FitRequest:
    """How to fit: ``forest`` or ``boosting``, the number of cells (``None``: all not held out), the share held out."""

    model: str = "forest"
    cells: int | None = None
    held_out: float = 0.1
    seed: int = 0
    workers: int = 1


def fit_surrogate(
    examples: Examples, space: SearchSpace, request: FitRequest, output: str | Path, report: ProgressReport
) -> Surrogate:
    """Fit to a sample of the examples, judge by the held-out cells, and write the file; ``report`` gets the progress.

    Raises SettingError for an impossible share, number of cells or output, UnknownNameError for an unknown model.
    """
    path = require_name(output)
    learnt, held = split(examples, held_out=request.held_out, cells=request.cells, seed=request.seed)
    how = {"seed": request.seed, "workers": request.workers}
    model = fit(learnt, space, request.model, report=report, **how)
    facts = facts_of(learnt, space, request.model, seed=request.seed, held_out={})
    unjudged = Surrogate(path, facts, model, "")
    figures = quality(held, unjudged.predict(space, held.keys))
    write(path, facts_of(learnt, space, request.model, seed=request.seed, held_out=figures), model)
    return Surrogate.open(path)


def quality(held: Examples, found: Prediction) -> dict[str, Any]:
    """How well predictions agree with held-out cells, as plain values; a missing number is ``None`` with a reason.

    ``tau`` and ``sparse_tau`` (Kendall's tau-b, and of scores of three decimals), ``r2`` and ``rmse`` compare the means
    of repeats. ``inside`` is the share of single repeats inside of the central predictive intervals, by level in per
    cent; ``calibration_error`` the mean over levels 5, 10, ..., 95 % of how far the share of single repeats below the
    predicted quantile is from the level (after Kuleshov, Fenner, Ermon 2018, Sec. 3.5, where it is squared).
    """
    numbers: dict[str, Number] = {
        "tau": kendall(found.mean, held.values),
        "sparse_tau": sparse_kendall(found.mean, held.values),
        "r2": _determination(found.mean, held.values),
        "rmse": float(np.sqrt(np.mean((found.mean - held.values) ** 2))),
    }
    reached = _levels(held.repeats, found)
    inside = {str(level): float(np.mean(np.abs(2 * reached - 1) <= level / 100)) for level in LEVELS}
    shares = np.mean(reached[:, None] <= QUANTILES, axis=0)
    numbers["calibration_error"] = float(np.mean(np.abs(shares - QUANTILES)))
    return {"cells": len(held), "values": len(reached), "inside": inside} | _plain(numbers)


def _plain(numbers: Mapping[str, Number]) -> dict[str, Any]:
    reasons = {name: number.reason for name, number in numbers.items() if isinstance(number, Undefined)}
    return {name: None if name in reasons else number for name, number in numbers.items()} | {"reasons": reasons}


def _determination(predicted: Floats, values: Floats) -> Number:
    """R2: the share of the values' variance that the predictions explain; below 0 they are worse than the mean."""
    around = float(np.sum((values - values.mean()) ** 2))
    if len(values) < 2 or around == 0:
        return Undefined("the held-out cells all have one value")
    return 1 - float(np.sum((values - predicted) ** 2)) / around


def _levels(repeats: Floats, found: Prediction) -> Floats:
    """The level (values,), from 0 to 1, of each single repeat in its predictive normal distribution."""
    from scipy.special import ndtr

    rows, columns = np.nonzero(np.isfinite(repeats))
    missed = repeats[rows, columns] - found.mean[rows]
    deviation = np.hypot(found.spread, found.noise)[rows]
    certain = np.where(missed == 0, 0.0, np.copysign(np.inf, missed))
    levels: Floats = ndtr(np.divide(missed, deviation, out=certain, where=deviation > 0))
    return levels


def reasons_of(figures: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """Why some of these figures are missing, each reason once."""
    return list(dict.fromkeys(figures["reasons"][name] for name in names if figures[name] is None))
