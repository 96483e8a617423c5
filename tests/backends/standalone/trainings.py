"""Trainings within a test, and what their curves say."""

from __future__ import annotations

from collections.abc import Sequence

from backends.data.images import Images
from backends.networks.cell_graphs import ArchitectureGraphs
from backends.standalone.training import CellTraining, TrainingCurve
from backends.training.recipes import Recipe


def train(
    cell: ArchitectureGraphs, recipe: Recipe, data: Images, *, epochs: int, seeds: Sequence[int]
) -> list[TrainingCurve]:
    """Curves of trainings from the first step to the last."""
    return CellTraining(cell, recipe, data, epochs=epochs, seeds=seeds).advance(epochs)


def accuracies(curves: Sequence[TrainingCurve]) -> list[tuple[float, ...]]:
    """All that a curve says but its seconds."""
    parts = [(curve.half, curve.final) for curve in curves]
    return [
        tuple(m for x in part for m in (x.train_accuracy, x.validation_accuracy, x.test_accuracy)) for part in parts
    ]
