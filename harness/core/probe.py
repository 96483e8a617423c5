"""The probe: a fixed sample of a space's cells, on which the ranking by shared weights is measured."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from harness.core.random import stream
from harness.core.space import ENUMERABLE, Architecture, SearchSpace

PROBE_CELLS = 200
"""The largest number of cells in a probe."""


def probe_cells(space: SearchSpace, most: int = PROBE_CELLS) -> tuple[Architecture, ...]:
    """At most ``most`` distinct cells in canonical form, the same in every run: a uniform sample, or all cells.

    In a space too large to enumerate, the space's own sampler draws them.
    """
    rng = stream(0, "probe", space.name)
    keys = _sampled_keys(space, rng, most) if space.size > ENUMERABLE else space.enumerate_keys()
    if len(keys) > most:
        keys = rng.choice(keys, most, replace=False)
    return tuple(Architecture(tuple(row)) for row in space.from_keys(keys).tolist())


def _sampled_keys(space: SearchSpace, rng: np.random.Generator, least: int) -> npt.NDArray[np.int64]:
    """At least ``least`` distinct canonical keys."""
    keys = np.zeros(0, dtype=np.int64)
    while len(keys) < least:
        keys = np.union1d(keys, space.canonical_keys(space.keys(space.sample_many(rng, PROBE_CELLS))))
    return keys
