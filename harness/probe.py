"""The probe: one fixed set of cells, scored with the shared weights that a search has trained.

How the weights rank these cells, against how the truth ranks them, says how far a search that relied on them could be
right (Yu et al. 2020, Sec. 4.3).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from harness.core.oracle import Oracle, Score, Scored, Update
from harness.core.policy import Policy
from harness.core.random import stream
from harness.core.space import ENUMERABLE, Architecture, SearchSpace

CELLS = 200
"""The most cells that a probe has."""

Probe = tuple[tuple[str, float | None], ...]
"""Each cell in text form with its value, ``None`` where the Score failed."""


def trains_shared_weights(policy: Policy, oracle: Oracle) -> bool:
    """Whether a search of the policy leaves shared weights behind that it has trained."""
    return bool(getattr(oracle, "shares_weights", False)) and Update in policy.needs


def measured(oracle: Oracle) -> Probe:
    """The probe as the oracle scores it now; nothing of it is charged to the run."""
    cells = probe_cells(oracle.space)
    answers = oracle.answer([Score(cell) for cell in cells])
    values = [answer.value if isinstance(answer, Scored) else None for answer in answers]
    return tuple(zip(map(oracle.space.format, cells), values, strict=True))


def probe_cells(space: SearchSpace) -> tuple[Architecture, ...]:
    """At most 200 different cells in canonical form, the same in every run: uniform over the cells, or all of them.

    A space too large to walk draws them by its own sampler.
    """
    rng = stream(0, "probe", space.name)
    keys = _drawn(space, rng) if space.size > ENUMERABLE else space.enumerate_keys()
    if len(keys) > CELLS:
        keys = rng.choice(keys, CELLS, replace=False)
    return tuple(Architecture(tuple(row)) for row in space.from_keys(keys).tolist())


def _drawn(space: SearchSpace, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """At least 200 different canonical keys."""
    keys = np.zeros(0, dtype=np.int64)
    while len(keys) < CELLS:
        keys = np.union1d(keys, space.canonical_keys(space.keys(space.sample_many(rng, CELLS))))
    return keys
