"""The report's figures of a leaderboard with their numbers as tables, and the reasons why figures are missing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from harness.core.errors import HarnessError
from harness.core.numbers import Number, Undefined
from harness.core.policy import BASELINE
from harness.figures.anytime import anytime_data, plot_anytime
from harness.figures.distribution import distribution_data, plot_distribution
from harness.figures.scatter import plot_scatter, scatter_data
from harness.leaderboard.anytime import CostAxis, Trajectory, trajectory
from harness.leaderboard.leaderboard import Leaderboard
from harness.output.figure_style import scale_of
from harness.output.page import TextTable
from harness.report.board_report import BoardReport, GroundTruth, ReportRow
from harness.report.figure_tables import SeedValues, curve_table, seed_table, share_table
from harness.report.inline_svg import inline_svg
from harness.statistics import interval_of
from harness.storage.store import Store

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AXES: tuple[CostAxis, ...] = ("queries", "seconds")

LONGEST = 40
"""Characters of the longest name of a policy in a figure."""


@dataclass(frozen=True, slots=True)
class DrawnFigure:
    """A figure: its name in the page, its title, what it shows in words, its SVG, and its numbers as a table."""

    name: str
    title: str
    summary: str
    svg: str
    data: TextTable


def over_time(name: str, board_report: BoardReport, store: Store) -> Iterator[DrawnFigure | Undefined]:
    """The any-time curves against each cost, and the reasons why a row has none."""
    if isinstance(board_report.ground_truth, Undefined):
        yield board_report.ground_truth
        return
    try:
        found = list(_trajectories(board_report, board_report.ground_truth, store))
    except HarnessError as error:  # a stored cell that this version of the space does not read
        yield Undefined(str(error))
        return
    searches = [row for row in board_report.rows if row.searches]
    reasons = [f"{row.label} asked for no scores" for row in searches if not row.scored]
    for axis in AXES if found else ():
        content = anytime_data(found, _for_figures(board_report.board), axis=axis)
        reasons += content["left_out"]
        if content["lines"]:
            figure = plot_anytime({**content, "title": "", "left_out": []})
            title = f"Regret against {content['x_label']}"
            words = f"{_last_line(content['title'])}. Lower is better."
            yield _drawn(f"{name}-{axis}", (title, words), figure, curve_table(title, content))
    yield from map(Undefined, dict.fromkeys([*reasons, *([] if searches else ["nothing was searched"])]))


def _trajectories(board_report: BoardReport, ground_truth: GroundTruth, store: Store) -> Iterator[Trajectory]:
    """The trajectory of each run that has scores, with its row's names; SpaceError for a cell outside of the space."""
    short = _short_names(board_report.board)
    for row in board_report.rows:
        for run in (run for run in row.runs if row.searches and run.scores):
            course = trajectory(run, ground_truth.judge, store, ground_truth.space)
            yield replace(course, policy=short[row.entry.policy], oracle=row.entry.oracle)


def recommendations(name: str, board_report: BoardReport) -> Iterator[DrawnFigure | Undefined]:
    """Two figures: where the recommendations lie in the space, and the value of each against its search's cost."""
    board, truth = _for_figures(board_report.board), board_report.board.truth
    if isinstance(board_report.ground_truth, Undefined):
        yield board_report.ground_truth
    else:
        content, title = distribution_data(board_report.ground_truth.values.tolist(), board), "The space and the picks"
        cells = f"Bars are all {len(content['truth']):,} ranked cells, the line is the share of them that is no better"
        words = f"{cells}; a mark is what a seed recommends."
        figure = plot_distribution({**content, "title": ""})
        yield _drawn(f"{name}-space", (title, words), figure, share_table(title, content))
    short = _short_names(board_report.board)
    places = {entry.policy: place for place, entry in enumerate(board.entries)}
    judged = [replace(run, policy=short[run.policy]) for run in board_report.judged]
    runs = scatter_data(sorted(judged, key=lambda run: places[run.policy]), truth)
    figure, title = plot_scatter({**runs, "title": ""}), "Each seed"
    better = "larger" if truth.larger_is_better else "smaller"
    scale, pairs = scale_of(truth.metric), [(row.label, row.entry) for row in board_report.rows]
    rows = [SeedValues(label, e.seeds, e.values, (e.mean, e.mean_interval), scale) for label, e in pairs]
    words = f"{_last_line(runs['title'])}: what it cost and what its recommendation is worth; the {better}, the better."
    yield _drawn(f"{name}-seeds", (title, words), figure, seed_table(title, rows))


def _last_line(title: str) -> str:
    """The last line of a figure's title, which does not name the space, with a capital first letter."""
    words = title.splitlines()[-1]
    return words[0].upper() + words[1:]


def _drawn(name: str, words: tuple[str, str], figure: Figure, data: TextTable) -> DrawnFigure:
    title, summary = words
    return DrawnFigure(name, title, summary, inline_svg(figure, name, title), data)


def _for_figures(board: Leaderboard) -> Leaderboard:
    """The board with short names; the baseline comes last, so that the others have the same colours in all figures."""
    short = _short_names(board)
    entries = [replace(entry, policy=short[entry.policy]) for entry in board.entries]
    return replace(board, entries=tuple(sorted(entries, key=lambda entry: entry.policy == BASELINE)))


def _short_names(board: Leaderboard) -> dict[str, str]:
    """The name of each policy in figures: a long name is cut, and numbered to remain unique."""
    names = dict.fromkeys(entry.policy for entry in board.entries)
    cut = {name: f"{name[: LONGEST - 5]}… {place}" for place, name in enumerate(names, 1)}
    return {name: name if len(name) <= LONGEST else cut[name] for name in names}


def agreement(board_report: BoardReport, store: Store) -> TextTable | None:
    """Kendall's tau of each run that trained shared weights; ``None`` where none did."""
    probed = [row for row in board_report.rows if row.entry.probed]
    if not probed:
        return None
    return seed_table("What shared weights know", [_taus(row, board_report, store) for row in probed])


def _taus(row: ReportRow, board_report: BoardReport, store: Store) -> SeedValues:
    taus = tuple(_tau(run.id, board_report, store) for run in row.runs)
    known = [tau for tau in taus if not isinstance(tau, Undefined)]
    seeds = tuple(run.spec.seed for run in row.runs)
    return SeedValues(row.label, seeds, taus, (row.entry.tau, interval_of(known, "mean")), 1.0)


def _tau(run: str, board_report: BoardReport, store: Store) -> Number:
    truth = board_report.board.truth
    for ranked in store.correlations(run):
        if (ranked.metric, ranked.table_digest) == (truth.metric, truth.digest):
            return ranked.correlation.tau
    return Undefined("no weights were probed")
