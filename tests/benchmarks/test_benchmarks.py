"""Every benchmark runs at its smallest size, and measures what its stored figures say."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import kendalltau

from backends.tabular.named_tables import open_table
from benchmarks.command_line import RESULTS
from harness.files.folders import ROOT

FOLDER = RESULTS.parent
DIGITS = str(ROOT / "tables" / "nasbench101-v5-digits.h5")
TOOLS = {"opening", "synthetic_tfrecord", "table_quality"}
"""Programs that keep no figures: the first is run by ``tables``."""


@dataclass(frozen=True)
class Case:
    """Arguments besides ``--quick``, and the place of a group of figures in the file: a key a level, or a position."""

    arguments: tuple[str, ...]
    place: tuple[str | int, ...]


CASES = {
    "policies": Case((), ("figures",)),
    "ranking": Case(("digits",), (0,)),
    "recurrence": Case((), ("cpu",)),
    "spaces": Case((), ("figures",)),
    "standalone": Case((), ("nasbench101-v5-digits on cpu",)),
    "supernet": Case((), ("cpu",)),
    "surrogate": Case(("--table", DIGITS), ("fits", 0)),
    "tables": Case((), ("only108",)),
    "verdicts": Case((), ("nasbench101-v5-digits",)),
}
SLOW = {"ranking": "scores a hundred cells in three ways", "supernet": "trains two supernets and their plain copies"}


def run(name: str, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Run a benchmark's command line in a folder."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    import_module(f"benchmarks.{name}").main()


def figures(file: Path, place: tuple[str | int, ...]) -> Mapping[str, Any]:
    """The figures at a place of a file."""
    found = json.loads(file.read_text())
    for step in place:
        parts = list(found.values()) if isinstance(step, int) and isinstance(found, dict) else found
        found = parts[step]
    return found


@pytest.mark.parametrize(
    "name",
    [pytest.param(n, marks=[pytest.mark.slow(reason=SLOW[n])] if n in SLOW else []) for n in CASES],
)
def test_a_quick_run_has_the_figures_of_the_stored_one_and_leaves_it_alone(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    case, before = CASES[name], {path: path.stat().st_mtime_ns for path in RESULTS.iterdir()}
    run(name, (*case.arguments, "--quick", "--output", "quick.json"), monkeypatch, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["quick.json"]
    assert {path: path.stat().st_mtime_ns for path in RESULTS.iterdir()} == before
    quick, stored = (figures(file, case.place) for file in (tmp_path / "quick.json", RESULTS / f"{name}.json"))
    assert set(stored) <= set(quick)
    assert all(value >= 0 for key, value in quick.items() if isinstance(value, float) and key not in ("tau", "r2"))
    assert capsys.readouterr().out


def test_every_benchmark_is_run_here_and_those_of_make_bench_are_among_them() -> None:
    programs = {path.stem for path in FOLDER.glob("*.py") if "__main__" in path.read_text()}
    assert programs == set(CASES) | TOOLS
    target = (ROOT / "Makefile").read_text().partition("\nbench:")[2].partition("\n\n")[0]
    made = re.findall(r"-m benchmarks\.(\w+)", target)
    assert made
    assert set(made) <= set(CASES) | {"faults"}  # a folder with tests of its own


def test_the_quality_of_a_table_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run("table_quality", ("rnn2-austen", "eval-nas"), monkeypatch, tmp_path)
    *lines, last = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 * 6  # metrics and epochs
    assert all(line.endswith("over 32 cells") for line in lines)
    assert last.startswith("tau of validation and test perplexity: 0.9")


def test_validation_and_test_of_the_same_trainings_share_their_luck(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run("table_quality", ("nasbench101-v5-digits",), monkeypatch, tmp_path)
    table = open_table("nasbench101-v5-digits")
    seen, judged = (table.values(f"{split}_accuracy") for split in ("validation", "test"))
    taus = np.array([[kendalltau(a, b).statistic for b in judged.T] for a in seen.T])
    within, across = taus.diagonal().mean(), taus[~np.eye(3, dtype=bool)].mean()
    means = kendalltau(seen.mean(axis=1), judged.mean(axis=1)).statistic
    assert (round(within, 2), round(across, 2), round(means, 2)) == (0.78, 0.69, 0.85)
    assert capsys.readouterr().out.splitlines()[-1] == (
        f"tau of validation and test accuracy: {within:.3f} within a repeat, {across:.3f} across repeats, "
        f"{means:.3f} between the means"
    )


def test_a_synthetic_record_file_has_three_records_a_cell(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run("synthetic_tfrecord", ("few.tfrecord", "--vertices", "4"), monkeypatch, tmp_path)
    assert capsys.readouterr().out == f"{3 * 91} records\n"  # the space has 91 cells of at most four vertices
