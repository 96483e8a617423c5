"""What a run that is being performed sends to whoever waits for it.

A message carries trials together with both states after them, so that whatever has arrived can be gone on from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from harness.core.driver import SearchProgress
from harness.core.oracle import Metric
from harness.execution.probe import ProbeScores
from harness.storage.records import Checkpoint, ScoreRow


@dataclass(frozen=True, slots=True)
class BestScore:
    """The best score of a run so far, as the search sees it, and what it means."""

    value: float
    metric: Metric


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """How far a run is, for the eye; each sends one before anything else."""

    run: str
    progress: SearchProgress
    best: BestScore | None = None


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """The new scores of a run, the checkpoint after them, and the best score so far."""

    run: str
    rows: list[ScoreRow]
    checkpoint: Checkpoint
    best: BestScore | None = None


@dataclass(frozen=True, slots=True)
class RunFinished:
    """A run's end: what it recommends and how its shared weights score the probe's cells, in text form."""

    run: str
    recommendation: str
    probe: ProbeScores = ()


@dataclass(frozen=True, slots=True)
class RunFailed:
    """A run that stopped with an error; its checkpoint stays.

    The error is raised after this message, unless it was a ResourceError: such a run fails alone.
    """

    run: str
    reason: str


Message: TypeAlias = Heartbeat | CheckpointSaved | RunFinished | RunFailed
Receiver: TypeAlias = Callable[[Message], None]
