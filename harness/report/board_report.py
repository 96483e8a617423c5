"""The data behind a leaderboard of the report: its rows with their runs, and the ground truth of its space."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from harness.core.errors import HarnessError
from harness.core.judgement import Truth, TruthLookup
from harness.core.numbers import Undefined
from harness.core.policy import BASELINE
from harness.core.runspec import RunSpec
from harness.core.space import SearchSpace
from harness.judging.judge import Judge
from harness.judging.judged_runs import JudgedRun
from harness.leaderboard.leaderboard import EntryKey, Leaderboard, LeaderboardEntry, names_of
from harness.leaderboard.stored_boards import StoredBoard
from harness.output.figure_style import counted
from harness.planning.plan import available_truth, build_space
from harness.storage.records import Run
from harness.storage.store import Store


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A row of a leaderboard: its entry, its label, and its runs, one for each seed."""

    entry: LeaderboardEntry
    label: str
    runs: tuple[Run, ...]

    @property
    def searches(self) -> bool:
        """Whether its policy searches, as all but the baseline do."""
        return any(run.spec.policy != BASELINE for run in self.runs)

    @property
    def scored(self) -> bool:
        """Whether any of its runs asked for a score."""
        return any(run.scores for run in self.runs)


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """The ground truth of a space on this machine: the judge that uses it, and the values (cells,) that are ranked."""

    judge: Judge
    space: SearchSpace
    values: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BoardReport:
    """A leaderboard with its rows in order, and the ground truth of its space if it is on this machine.

    ``judged`` are the runs that the board was built from. ``early_lookups`` counts the looks at the truth before their
    run had ended; it is 0 unless something is wrong.
    """

    board: Leaderboard
    rows: tuple[ReportRow, ...]
    judged: tuple[JudgedRun, ...]
    space: SearchSpace | Undefined
    ground_truth: GroundTruth | Undefined
    early_lookups: int

    @property
    def runs(self) -> tuple[Run, ...]:
        """All runs, row by row."""
        return tuple(run for row in self.rows for run in row.runs)


def board_report_of(stored: StoredBoard, store: Store) -> BoardReport:
    """Collect what the page shows of a stored board."""
    board, keys = stored.board, [entry.key for entry in stored.board.entries]
    pairs = zip(board.entries, _labels(keys), strict=True)
    rows = tuple(ReportRow(entry, label, stored.runs[entry.key]) for entry, label in pairs)
    spec = next(run.spec for row in rows for run in row.runs)
    space = _space(spec)
    ground_truth = space if isinstance(space, Undefined) else _ground_truth(board.truth, spec, space, store)
    early = _early_looks([run for row in rows for run in row.runs], store)
    return BoardReport(board, rows, stored.judged, space, ground_truth, early)


def _labels(keys: Sequence[EntryKey]) -> list[str]:
    """A unique label for each row: its name in the verdicts, followed by its space if names repeat."""
    names = names_of(keys)
    several = len(set(names.values())) < len(names)
    return [f"{names[key]} on {key[2]}" if several else names[key] for key in keys]


def _early_looks(runs: Iterable[Run], store: Store) -> int:
    ends = {run.id: datetime.fromisoformat(run.finished) for run in runs if run.finished}
    return sum(look.when < ends[look.run] for look in store.looks() if look.run in ends)


def _space(spec: RunSpec) -> SearchSpace | Undefined:
    """The space of a run; undefined if its code is not on this machine."""
    try:
        return build_space(spec)
    except HarnessError as error:
        return Undefined(str(error))


def _ground_truth(truth: Truth, spec: RunSpec, space: SearchSpace, store: Store) -> GroundTruth | Undefined:
    if isinstance(truth.ranking, Undefined):
        return truth.ranking
    try:
        table = available_truth(spec, space, truth)
        if table is None:
            return Undefined(f"table {truth.name!r} is not on this machine")
        judge = Judge(table, space, truth.metric, record=store.record_lookup)
    except HarnessError as error:
        return Undefined(str(error))
    values = table.mean(truth.metric)
    ranked = values[np.isfinite(values) & space.owns(table.keys)]
    what = f"{counted(len(ranked), 'cell')}, drawn as a distribution"
    store.record_lookup(TruthLookup("", datetime.now(UTC), what, truth.metric, truth.digest))
    return GroundTruth(judge, space, ranked)
