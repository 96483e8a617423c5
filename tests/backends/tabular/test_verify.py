"""What `verify` finds and `info` sums up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from backends.tabular import Table
from backends.tabular.verify import info, verify
from tests.fakes.spaces import OrderedPairs, Pairs


@pytest.fixture
def clean(content: dict[str, Any]) -> dict[str, Any]:
    """Trainings without a fault: a table of these is found clean."""
    shape = (3, 2, 2)
    seconds = np.broadcast_to(np.array([4.0, 8.0])[None, :, None], shape)
    validation = np.linspace(0.3, 0.9, 12).reshape(shape)
    return {
        "recorded": np.ones(shape, dtype=bool),
        "final": {"validation_accuracy": validation, "test_accuracy": validation - 0.1, "training_seconds": seconds},
        "halfway": {"training_seconds": seconds / 2},
    }


def test_a_sound_table_is_found_clean(make_table: Callable[..., Table], clean: dict[str, Any], pairs: Pairs) -> None:
    assert verify(make_table(**clean), pairs) == []


def test_a_changed_byte_shows_in_the_digest(make_table: Callable[..., Table], clean: dict[str, Any]) -> None:
    path = make_table(**clean).path
    with h5py.File(path, "r+") as file:
        file["final/test_accuracy"][0, 0, 0] += 0.001
    assert ["digest" in finding for finding in verify(Table.open(path))] == [True]


def test_missing_repeats_and_budgets_are_counted(make_table: Callable[..., Table], clean: dict[str, Any]) -> None:
    recorded = clean["recorded"].copy()
    recorded[0, 0, 1] = recorded[1, 1] = False
    final = {name: np.where(recorded, values, np.nan) for name, values in clean["final"].items()}
    findings = verify(make_table(recorded=recorded, final=final, halfway=None))
    assert "1 of 3 cells lack some of their 2 repeats at 4 epochs" in findings
    assert "1 of 3 cells have no training of 8 epochs" in findings


@pytest.mark.parametrize(
    ("stage", "metric", "change", "words"),
    [
        (
            "final",
            "test_accuracy",
            lambda a: a * 100,
            "12 values of final/test_accuracy are out of range: each must be a fraction",
        ),
        (
            "final",
            "training_seconds",
            lambda a: -a,
            "12 values of final/training_seconds are out of range: each must be seconds, 0 or more",
        ),
        ("final", "training_seconds", lambda a: a[:, ::-1], "3 cells took no longer to train for 8 epochs than for 4"),
        ("halfway", "training_seconds", lambda a: a * 3, "6 trainings of 8 epochs took longer to half time"),
        ("halfway", "training_seconds", lambda a: a / 60, "seconds or minutes?"),
        ("final", "test_accuracy", lambda a: np.linspace(0.3, 0.9, 12).reshape(a.shape), "one of them is a copy"),
    ],
)
def test_suspicious_numbers_are_named(
    make_table: Callable[..., Table], clean: dict[str, Any], stage: str, metric: str, change: Any, words: str
) -> None:
    clean[stage] = clean[stage] | {metric: change(clean[stage][metric])}
    assert any(words in finding for finding in verify(make_table(**clean)))


def test_a_table_that_gives_cells_other_keys_is_found_out(
    make_table: Callable[..., Table], clean: dict[str, Any], pairs: Pairs
) -> None:
    table = make_table(**clean)
    with h5py.File(table.path, "r+") as file:
        file["keys"][:] = [1, 11, 32]
    assert "1 keys are not canonical" in verify(Table.open(table.path), pairs)
    with h5py.File(table.path, "r+") as file:
        file["keys"][:] = [11, 1, 23]
    assert "the cells' keys are not sorted and unique" in verify(Table.open(table.path))
    assert "scheme" in verify(make_table(**clean), OrderedPairs())[-1]


def test_info_sums_a_table_up(table_file: Path) -> None:
    summary = info(Table.open(table_file))
    assert (summary["rows"], summary["epochs"], summary["repeats"], summary["trainings"]) == (3, [4, 8], 2, 11)
    assert summary["halfway_metrics"] == ["training_seconds"]
    assert summary["diverged"] == {"validation_accuracy": 1, "test_accuracy": 1, "training_seconds": 0}
    figures = summary["figures"]["validation_accuracy"]
    assert figures["cells"] == 3
    np.testing.assert_allclose(figures["mean"], (0.625 + 0.3 + 0.875) / 3)
    np.testing.assert_allclose(figures["std"], np.std([0.625, 0.3, 0.875]))
    assert figures["best"] == 0.875
    np.testing.assert_allclose(summary["figures"]["training_seconds"]["best"], 3.1)
