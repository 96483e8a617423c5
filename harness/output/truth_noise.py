"""The noise of a truth in words."""

from __future__ import annotations

from harness.core.numbers import Undefined
from harness.output.units import unit_of
from harness.statistics import TOP, NoiseSummary


def noise_sentence(noise: NoiseSummary, metric: str) -> str:
    """How many of the best cells a table cannot tell apart, and what its best mean owes to luck."""
    unit, parts = unit_of(metric), [f"the table cannot tell the best {noise.alike:,} of {noise.cells:,} cells apart"]
    top, whole = noise.top_separation, noise.separation
    if not isinstance(top, Undefined) and not isinstance(whole, Undefined):
        parts.append(f"the best {TOP} spread {top:.2f} of their standard errors, all cells {whole:.1f}")
    if not isinstance(noise.cross_fitted_best, Undefined):
        best, crossed = (f"{unit.plain(each)}{unit.sign}" for each in (noise.best, noise.cross_fitted_best))
        parts.append(f"the best mean is {best}, the best cell by all repeats but one has {crossed} in that one")
    return "; ".join(parts)
