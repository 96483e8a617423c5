"""A table of three cells, stated by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends.tabular import Table, write_table
from tests.backends.tabular import courses
from tests.backends.tabular.nasbench201_source import folder
from tests.fakes.spaces import OrderedPairs, Pairs


@pytest.fixture
def pairs() -> Pairs:
    return Pairs()


@pytest.fixture
def ordered() -> OrderedPairs:
    return OrderedPairs()


@pytest.fixture
def content() -> dict[str, Any]:
    """Three cells, (0, 1), (1, 1) and (3, 2) as the source labels it, at 4 and 8 epochs, two repeats.

    (3, 2) has no second training of 8 epochs, and its first training of 4 epochs diverged.
    """
    validation = np.array([[[0.25, 0.5], [0.5, 0.75]], [[0.1, 0.2], [0.3, 0.3]], [[np.nan, 0.5], [0.875, np.nan]]])
    recorded = np.array([[[1, 1], [1, 1]], [[1, 1], [1, 1]], [[1, 1], [1, 0]]], dtype=bool)
    seconds = np.array([[[1.0, 3.0], [2.0, 6.0]], [[1.5, 1.5], [3.1, 3.1]], [[1.0, 2.0], [5.0, np.nan]]])
    return {
        "keys": np.array([1, 11, 32]),
        "epochs": (4, 8),
        "recorded": recorded,
        "final": {"validation_accuracy": validation, "test_accuracy": validation - 0.0625, "training_seconds": seconds},
        "halfway": {"training_seconds": seconds / 2},
        "parameters": np.array([10, 11, 12]),
        "recipe": "by hand",
        "provenance": {"importer": "test"},
    }


@pytest.fixture
def table_file(tmp_path: Path, pairs: Pairs, content: dict[str, Any]) -> Path:
    path = tmp_path / "small.h5"
    write_table(path, space=pairs, **content)
    return path


@pytest.fixture
def make_table(tmp_path: Path, pairs: Pairs, content: dict[str, Any]) -> Callable[..., Table]:
    """Build a table from the content above with some parts replaced."""

    def make(**changes: Any) -> Table:
        path = tmp_path / "made.h5"
        write_table(path, space=pairs, **{**content, **changes})
        return Table.open(path)

    return make


@pytest.fixture
def published(tmp_path: Path) -> Path:
    """The files of NAS-Bench-201, one a cell."""
    return folder(tmp_path / "NATS-tss-v1_0-3ffb9-simple")


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """The table of courses of perplexities."""
    courses.write(tmp_path / "rnn2.h5")
    return Table.open(tmp_path / "rnn2.h5")
