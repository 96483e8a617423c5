"""The probe: one fixed set of cells, scored with the shared weights that a search has trained.

How the weights rank these cells, against how the truth ranks them, says how far a search that relied on them could be
right (Yu et al. 2020, Sec. 4.3).
"""

from __future__ import annotations

from harness.core.features import OracleFeatures, PolicyFeatures
from harness.core.oracle import Oracle, Score, Scored, Update
from harness.core.policy import Policy
from harness.core.probe import probe_cells

ProbeScores = tuple[tuple[str, float | None], ...]
"""Each cell in text form with its value, ``None`` where the Score failed."""


def trains_shared_weights(policy: Policy, oracle: Oracle) -> bool:
    """Whether a search of the policy leaves shared weights behind that it has trained, for the whole space."""
    shared, some = OracleFeatures.of(oracle).shares_weights, PolicyFeatures.of(policy).trains_some
    return shared and Update in policy.needs and not some


def score_probe(oracle: Oracle) -> ProbeScores:
    """The probe as the oracle scores it now; nothing of it is charged to the run."""
    cells = probe_cells(oracle.space)
    answers = oracle.answer([Score(cell) for cell in cells])
    values = [answer.value if isinstance(answer, Scored) else None for answer in answers]
    return tuple(zip(map(oracle.space.format, cells), values, strict=True))
