"""Scores of finished runs of shared weights, and their truth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.core.measures import measure_of
from harness.core.numbers import Undefined
from harness.judging.recorded_truth import CellTruths, TruthSource
from harness.studies.uniform_sharing_runs import ScoredRun
from tests.fakes.tables import FakeTable


def scorings(seed: int, cells: Sequence[str], scores: Mapping[int, Sequence[float]]) -> ScoredRun:
    """A run that scored these cells after some epochs."""
    return ScoredRun(f"run{seed}", seed, tuple(cells), {epoch: np.array(each) for epoch, each in scores.items()})


def judged(metric: str, means: Sequence[float], stds: Sequence[float] | None = None) -> tuple[TruthSource, CellTruths]:
    """The truth of cells: their means by a metric and the deviations of their repeats."""
    measure = measure_of(metric)
    assert measure is not None
    values = np.array(means)
    return TruthSource(FakeTable({}, name="by-hand"), metric, measure), CellTruths(
        values, np.array(stds or [0.1] * len(values)), np.full(len(values), 3), Undefined("stated by hand")
    )
