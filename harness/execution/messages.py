"""The messages of a run in progress.

A message carries trials together with both states after them, so that the run can be resumed from what has arrived.
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
    """The progress of a run, for display only; every run sends one before anything else."""

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
    """The end of a run: its recommendation, and the shared weights' scores of the probe's cells, in text form.

    ``metric`` is what the oracle declares its scores to be.
    """

    run: str
    recommendation: str
    probe: ProbeScores = ()
    metric: Metric | None = None


@dataclass(frozen=True, slots=True)
class RunFailed:
    """A run that stopped with an error, in one line, with the traceback of an unexpected one; its checkpoint stays."""

    run: str
    reason: str
    traceback: str = ""


Message: TypeAlias = Heartbeat | CheckpointSaved | RunFinished | RunFailed
Receiver: TypeAlias = Callable[[Message], None]
