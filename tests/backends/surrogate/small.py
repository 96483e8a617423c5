"""Small surrogates, and what they are made of."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from backends.surrogate.examples import Examples, ExampleSource, examples_of_table, split
from backends.surrogate.files import Surrogate, facts_of, write
from backends.surrogate.model import fit
from backends.tabular.named_tables import open_table
from harness.core.space import SearchSpace
from harness.planning.settings import create_space
from harness.spaces.nasbench101 import NASBench101

HELD_OUT: dict[str, Any] = {"tau": 0.5, "r2": 0.25, "cells": 20, "reasons": {}}
"""Figures that nobody measured, for files whose figures do not matter."""


def silent(done: int, total: int) -> None:
    """Tell nobody."""


def examples(
    keys: np.ndarray[Any, Any],
    repeats: np.ndarray[Any, Any],
    *,
    metric: str = "validation_accuracy",
    seconds: Any = None,
) -> Examples:
    """Cells with these scores, (cells, repeats)."""
    source = ExampleSource("table", "made-up", "d" * 64, 0)
    return Examples(source, metric, 12, keys, np.nanmean(repeats, axis=1), repeats, seconds)


def made(path: Path, of: Examples, space: SearchSpace, model: str = "forest", seed: int = 0) -> Surrogate:
    """A surrogate of all of these examples, written and read back."""
    trees = fit(of, space, model, seed=seed, report=silent)
    write(path, facts_of(of, space, model, seed=seed, held_out=HELD_OUT), trees)
    return Surrogate.open(path)


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """A folder that lives as long as the tests."""
    return tempfile.TemporaryDirectory()


@cache
def written() -> str:
    """The path of a forest that learnt from 200 of the cells on digits."""
    path = Path(_folder().name) / "digits.surrogate.h5"
    learnt, _ = split(examples_of_table(open_table("nasbench101-v5-digits")), held_out=0.5, cells=200)
    made(path, learnt, create_space("nasbench101-v5"))
    return str(path)


def cells_of(vertices: int) -> np.ndarray[Any, Any]:
    """The canonical keys of all cells of at most so many vertices."""
    return np.asarray(NASBench101(vertices=vertices).enumerate_keys())
