"""The noise of a truth whose cells were trained several times, from the values of these repeats."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.core.numbers import Number, Undefined
from harness.statistics.noisy_means import (
    TOP,
    Bools,
    Floats,
    NoisyMeans,
    cross_fitted_best,
    repeat_variances,
    separation,
    standard_errors,
)


@dataclass(frozen=True, slots=True)
class NoiseSummary:
    """How well a truth tells its ``cells`` apart, in the unit of its values.

    ``separation`` is the standard deviation of the cells' means over the root mean square of their standard errors,
    ``error``; ``top_separation`` is that of the best ``TOP`` cells alone. ``alike`` cells cannot be told from the best
    one (see ``NoisyMeans.alike``). ``best`` is the best mean, ``cross_fitted_best`` the value of the best cell in
    repeats that did not choose it, and ``optimism`` how much better the first of the two is: the winner's curse.
    """

    cells: int
    error: float
    separation: Number
    top_separation: Number
    alike: int
    best: float
    cross_fitted_best: Number
    optimism: Number


@dataclass(frozen=True, slots=True, eq=False)
class TruthNoise:
    """The noise of a truth; ``means`` times ``sign`` are larger for better cells.

    ``means`` and standard ``errors`` (rows,) are NaN for a row that has no mean; a cell of one repeat has the error of
    the pooled variance. ``noisy`` is of the rows with a mean.
    """

    means: Floats
    errors: Floats
    sign: float
    noisy: NoisyMeans
    summary: NoiseSummary

    @classmethod
    def of(cls, values: Floats, recorded: Bools, sign: float) -> TruthNoise | Undefined:
        """From the values (rows, repeats) of recorded repeats; a row without any, or with a NaN in one, has no mean.

        Undefined if no row has two repeats, or if these do not differ.
        """
        counts = recorded.sum(axis=1)
        known = (counts > 0) & np.isfinite(np.where(recorded, values, 0.0)).all(axis=1)
        if not known.any():
            return Undefined("no cell has a value")
        inside, there, counts = values[known] * sign, recorded[known], counts[known]
        means = np.where(there, inside, 0.0).sum(axis=1) / counts
        variances = repeat_variances(inside, there)
        noisy = NoisyMeans.of(means, variances, counts)
        if isinstance(noisy, Undefined):
            return noisy
        errors = standard_errors(variances, counts)
        summary = _summary(means, errors, noisy, cross_fitted_best(inside, there), sign)
        return cls(_spread(means * sign, known), _spread(errors, known), sign, noisy, summary)


def _summary(means: Floats, errors: Floats, noisy: NoisyMeans, crossed: Number, sign: float) -> NoiseSummary:
    top = np.argsort(-means, kind="stable")[:TOP]
    few = len(means) <= TOP
    return NoiseSummary(
        cells=len(means),
        error=math.sqrt(float(np.mean(errors**2))),
        separation=separation(means, errors),
        top_separation=Undefined(f"it has {len(means)} cells alone") if few else separation(means[top], errors[top]),
        alike=noisy.alike,
        best=float(means.max()) * sign,
        cross_fitted_best=crossed if isinstance(crossed, Undefined) else crossed * sign,
        optimism=crossed if isinstance(crossed, Undefined) else float(means.max()) - crossed,
    )


def _spread(values: Floats, known: Bools) -> Floats:
    """The values of the known rows in a column of all rows, NaN elsewhere."""
    found = np.full(len(known), np.nan)
    found[known] = values
    return found
