"""The provenance of the numbers: versions, machines, dates, settings, and each run with its recommendation."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from harness.core.numbers import Undefined
from harness.output.figure_style import counted
from harness.output.page import TextTable
from harness.output.units import DASH
from harness.report.board_report import BoardReport, ReportRow
from harness.report.commands import seeds_text, settings_of
from harness.storage.records import Run

SHORT = 12
"""Digits of a run's id or a digest, as ``harness show`` takes them."""

FACTS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "harness": lambda made: str(made.get("harness", "")),
    "git revision": lambda made: str(made.get("git_revision") or ""),
    "Python": lambda made: str(made.get("python", "")),
    "platform": lambda made: str(made.get("platform", "")),
    "cores": lambda made: str(made.get("cpu_count", "")),
    "packages": lambda made: ", ".join(f"{name} {version}" for name, version in made.get("packages", {}).items()),
    "device": lambda made: str(made.get("gpu") or made.get("device") or ""),
}
"""Reads each fact, by its printed name, from a run's provenance; "" if it was not recorded."""


def distinct(runs: Sequence[Run], fact: str) -> Counter[str]:
    """The different values of a fact, with the number of runs that have each."""
    return Counter(FACTS[fact](run.provenance) for run in runs)


def facts(board_report: BoardReport) -> TextTable:
    """A table of what the runs were made with; a value that only some runs have is printed with their number."""
    rows = [(fact, _text(found)) for fact in FACTS if any(found := distinct(board_report.runs, fact))]
    rows = [*_truth(board_report), *rows, *_dates(board_report.runs)]
    return TextTable("What the runs were made with", ("what", "recorded"), tuple(rows))


def _text(found: Counter[str]) -> str:
    named = {value or "not recorded": count for value, count in found.items()}
    if len(named) == 1:
        return next(iter(named))
    return "; ".join(f"{value} ({counted(count, 'run')})" for value, count in named.items())


def _truth(board_report: BoardReport) -> Iterator[tuple[str, str]]:
    truth = board_report.board.truth
    yield "judged by", f"{truth.text}; {truth.kind} {truth.name}"
    yield f"digest of the {truth.kind}", truth.digest
    if not isinstance(truth.ranking, Undefined):
        yield "ranked cells", f"{truth.ranking.size:,} of the {truth.ranking.space_size:,} of the space"
    if not isinstance(board_report.ground_truth, Undefined):
        yield "searched by", ", ".join(sorted({run.spec.search_metric for run in board_report.runs}))


def _dates(runs: Sequence[Run]) -> Iterator[tuple[str, str]]:
    if runs:
        yield "first run begun", min(run.created for run in runs)
    if ended := [run.finished for run in runs if run.finished]:
        yield "last run ended", max(ended)


def settings(row: ReportRow) -> TextTable:
    """Every setting of a row's runs; where runs differ, each value with its number of runs."""
    found: dict[str, Counter[str]] = {}
    for run in row.runs:
        for name, value in _settings(run):
            found.setdefault(name, Counter())[value] += 1
    rows = tuple((name, _text(values)) for name, values in found.items())
    return TextTable(f"Settings of {row.label}", ("setting", "value"), rows)


def _settings(run: Run) -> Iterator[tuple[str, str]]:
    limits = {"queries": run.spec.budget.queries, "epochs": run.spec.budget.epochs, "seconds": run.spec.budget.seconds}
    known = [f"{limit:,.6g} {name}" for name, limit in limits.items() if limit is not None]
    yield "budget", ", ".join(known) or "the policy's own end"
    yield from ((name, json.dumps(value, ensure_ascii=False)) for name, value in settings_of(run.spec, run.spec.space))


def run_list(row: ReportRow) -> TextTable:
    """A row for each run: its seed, id, status and recommendation."""
    rows = tuple((str(run.spec.seed), run.id[:SHORT], _status(run), run.recommendation or DASH) for run in row.runs)
    return TextTable(f"Runs of {row.label}", ("seed", "run", "status", "recommends"), rows)


def _status(run: Run) -> str:
    return f"{run.status}: {run.reason}" if run.reason else run.status


def seeds(row: ReportRow) -> str:
    """The seeds of a row, as ``--seeds`` takes them."""
    return seeds_text([run.spec.seed for run in row.runs]) if row.runs else DASH
