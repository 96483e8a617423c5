"""A small truth of the 32 recurrent cells and a recipe that trains in milliseconds, in the working directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.backends.supernet.tiny_text import written
from tests.backends.tabular import courses
from tests.cli.conftest import Harness, harness

__all__ = ["harness"]

FEW = (
    *("enas.epochs=1", "enas.steps=1", "enas.updates=1", "enas.pool=3"),
    *("nao.iterations=1", "nao.update_epochs=1", "nao.updates=1", "nao.training_epochs=1"),
)
SLOPES = ("darts.epochs=1", "darts.updates=1")


def setting(*pairs: str) -> tuple[str, ...]:
    """As flags."""
    return tuple(word for pair in pairs for word in ("--set", pair))


RECURRENT = ("--table", "rnn2.h5", "--seeds", "1:3", "--workers", "1")
SEARCHES = setting(*FEW, *SLOPES, "oracle.recipe=tiny-text.yaml")


@pytest.fixture
def small(harness: Harness, tmp_path: Path) -> Harness:
    """The command line where the table and the recipe of the flags above lie."""
    courses.write(tmp_path / "rnn2.h5")
    written(tmp_path)
    return harness
