"""Every benchmark runs, at the smallest size at which it still does each of its parts; figures are not looked at."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backends.tabular.named_tables import table_path
from policies.enas import ENAS
from policies.evolution import Evolution
from policies.nao import NAO
from policies.random_search import RandomSearch

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
NO_BENCHMARKS = {"__init__", "opening", "plain_supernet", "recording", "synthetic_tfrecord", "timing"}
"""Parts that benchmarks share."""

SHORT = {
    RandomSearch: {"samples": 5},
    Evolution: {"samples": 5, "population": 3, "tournament": 2},
    ENAS: {"epochs": 1, "steps": 1, "updates": 1},
    NAO: {"pool": 8, "iterations": 1, "training_epochs": 1, "updates": 1, "update_epochs": 1, "new": 2},
}
TABLE = str(table_path("nasbench101-v5-digits"))
SMALLEST: Mapping[str, tuple[tuple[str, ...], Mapping[str, Any]]] = {
    "policies": ((), {"VERTICES": 5, "SMALL_VERTICES": 4, "ROUNDS": 1, "SEARCHES": SHORT}),
    "ranking": (("digits",), {"SEEDS": (1,)}),
    "recurrence": ((), {}),
    "spaces": ((), {"BATCH": 100, "PLAIN_VERTICES": 4}),
    "standalone": (("--cells", "1"), {}),
    "supernet": ((), {"ROUNDS": 1, "SCORES": 1, "EPOCHS": 1}),
    "surrogate": (("--table", TABLE), {"CELLS": (200,), "SEEDS": (0, 1), "SINGLE": 2, "BATCH": 5}),
    "table_quality": (("rnn2-ptb", "rnn2-austen"), {}),
    "tables": ((), {"VERTICES": 4, "SINGLE": 20, "BATCH": 50}),
}
"""The command line of each benchmark, and the constants that make it small."""


def test_every_benchmark_has_a_smallest_size() -> None:
    assert set(SMALLEST) | NO_BENCHMARKS == {path.stem for path in BENCHMARKS.glob("*.py")}


@pytest.mark.slow(reason="nine benchmarks, some of which start processes or train")
@pytest.mark.parametrize("name", SMALLEST)
def test_a_benchmark_runs(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    module: Any = importlib.import_module(f"benchmarks.{name}")
    arguments, sizes = SMALLEST[name]
    for constant, value in sizes.items():
        assert hasattr(module, constant)
        monkeypatch.setattr(module, constant, value)
    stored = Path(getattr(module, "RESULTS", tmp_path))
    results = tmp_path / "results" / stored.name
    if hasattr(module, "RESULTS"):
        monkeypatch.setattr(module, "RESULTS", results if stored.suffix else tmp_path)
    SPECIAL.get(name, lambda module, monkeypatch: None)(module, monkeypatch)
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    run = module.main if hasattr(module, "main") else lambda: module.record(module.RESULTS, None, module.measure)
    run()
    assert capsys.readouterr().out
    if stored.suffix:
        assert json.loads(results.read_text())


def _few_sweeps(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SWEEPS", {"digits": replace(module.SWEEPS["digits"], values=(1,))})


def _small_models(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    small = {"width": 4, "columns": 2, "steps": 3, "words": 10, "rounds": 1}
    monkeypatch.setattr(module, "SCALES", tuple(replace(scale, **small) for scale in module.SCALES))


def _one_policy(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLICIES", ("random-search",))
    monkeypatch.setattr(module, "MODELS", ("forest",))


def _one_process(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "in_fresh_process", lambda measure, *arguments: measure(*arguments))


SPECIAL = {"ranking": _few_sweeps, "recurrence": _small_models, "surrogate": _one_policy, "tables": _one_process}
