"""The cells of the probe: a fixed sample of a space, on which rankings by shared weights are measured."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from harness.core.random import stream
from harness.core.space import ENUMERABLE, Architecture, SearchSpace

PROBE_CELLS = 200
"""The most cells that a probe has."""


def probe_cells(space: SearchSpace, most: int = PROBE_CELLS) -> tuple[Architecture, ...]:
    """At most ``most`` cells in canonical form, the same in every run: different ones, uniform over all, or all.

    A space too large to walk draws them by its own sampler.
    """
    rng = stream(0, "probe", space.name)
    keys = _sampled_keys(space, rng, most) if space.size > ENUMERABLE else space.enumerate_keys()
    if len(keys) > most:
        keys = rng.choice(keys, most, replace=False)
    return tuple(Architecture(tuple(row)) for row in space.from_keys(keys).tolist())


def _sampled_keys(space: SearchSpace, rng: np.random.Generator, least: int) -> npt.NDArray[np.int64]:
    """At least ``least`` different canonical keys."""
    keys = np.zeros(0, dtype=np.int64)
    while len(keys) < least:
        keys = np.union1d(keys, space.canonical_keys(space.keys(space.sample_many(rng, PROBE_CELLS))))
    return keys
