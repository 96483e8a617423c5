"""Table 3: searches with shared weights in spaces of which every cell's truth is known. Table 4: the same without."""

from __future__ import annotations

from functools import partial

from harness.core.errors import SettingError, UnknownNameError
from harness.leaderboard.end_to_end import Watcher
from harness.leaderboard.leaderboard import Leaderboard
from harness.reproduce import boards, published, recomputed, runs
from harness.reproduce.boards import DEVIATIONS, PER_CENT, SPACE, UNSCALED, BoardColumn
from harness.reproduce.cells import ReproducedRow, ReproducedSection
from harness.reproduce.comparison_figure import comparison_figure
from harness.reproduce.item import Findings, ReproducedItem
from harness.reproduce.request import ReproduceRequest
from harness.reproduce.steps import SHARED, PenaltyStep, RunStep

TABULAR = "tabular"
VALID, TEST = "validation_perplexity", "test_perplexity"
ACCURACY = "test_accuracy"
TABLE4_POLICIES = ("nao", "enas")
"""The policies of Table 4."""


def _steps3(request: ReproduceRequest) -> tuple[PenaltyStep, RunStep]:
    return runs.penalty_step(request), runs.supernet_step(request, runs.image_space(request), runs.SEARCH_POLICIES)


def _table3(request: ReproduceRequest, watcher: Watcher) -> Findings:
    parts = published.load("table3").sections
    rnn, cnn = _steps3(request)
    sections = _recurrent(rnn, parts["rnn"], request), images(cnn, parts["cnn"], request, SHARED)
    again = recomputed.chances(parts["cnn"].rows, parts["cnn"].columns)
    notes = (DEVIATIONS, *boards.truth_notes(request))
    return Findings(sections=(*sections, again), figure=partial(comparison_figure, sections), notes=notes)


def _recurrent(step: PenaltyStep, printed: published.PublishedSection, request: ReproduceRequest) -> ReproducedSection:
    """Validation and test perplexity of the same searches' recommendations."""
    valid, test = step.board(VALID), step.board(TEST)
    mean, best = boards.mean(UNSCALED), boards.best(UNSCALED)
    rows = boards.rows_of(step, [(valid, mean), (test, mean), (valid, best), (test, best)], printed, oracle=SHARED)
    truths = [boards.truth_of(step, metric) for metric in (VALID, TEST)]
    whole = [read(each, UNSCALED) for read in (boards.space_mean, boards.space_best) for each in truths]
    rows.append(ReproducedRow.of(SPACE, whole, printed.rows[SPACE]))
    about = boards.truth_description(truths[1], request).replace("test perplexity", "validation and test perplexity")
    return ReproducedSection.of(about, printed, rows)


def images(
    step: RunStep, printed: published.PublishedSection, request: ReproduceRequest, oracle: str
) -> ReproducedSection:
    """The section of image cells: mean, best, best rank and p(beats random)."""
    board = step.board()
    columns: list[BoardColumn] = [(board, boards.mean(PER_CENT)), (board, boards.best(PER_CENT))]
    columns += [(board, boards.best_rank), (board, boards.chance)]
    rows = boards.rows_of(step, columns, printed, oracle=oracle)
    truth = boards.truth_of(step, ACCURACY)
    whole = boards.space_mean(truth, PER_CENT), boards.space_best(truth, PER_CENT)
    theirs = printed.rows.get(SPACE, (None,) * len(columns))
    rows.append(ReproducedRow.of(SPACE, [*whole, None, None], theirs))
    return ReproducedSection.of(boards.truth_description(truth, request), printed, rows)


def _table4(request: ReproduceRequest, watcher: Watcher) -> Findings:
    printed, space = published.load("table4").sections["cnn"], runs.image_space(request)
    without, shared = (step(request, space, TABLE4_POLICIES) for step in (runs.tabular_step, runs.supernet_step))
    section = images(without, printed, request, TABULAR)
    both = _both(without, shared, printed)
    again = recomputed.chances(printed.rows, printed.columns)
    return Findings(sections=(section, both, again), figure=partial(comparison_figure, (section,)), notes=(DEVIATIONS,))


def _both(without: RunStep, shared: RunStep, printed: published.PublishedSection) -> ReproducedSection:
    """p(beats random) with and without shared weights, of the runs that the store has."""
    parts = published.load("table3").sections["cnn"], printed
    boards_of = (shared, _shared_board(shared), SHARED), (without, without.board(), TABULAR)
    rows = [
        ReproducedRow.of(
            name,
            [boards.cell_of(step, board, (name, oracle), boards.chance) for step, board, oracle in boards_of],
            [each.cell(name, recomputed.P) for each in parts],
        )
        for name in TABLE4_POLICIES
    ]
    heads = ("p with\nsharing", "p without\nsharing")
    return ReproducedSection("p(beats random) on the same seeds with and without shared weights", heads, tuple(rows))


def _shared_board(step: RunStep) -> Leaderboard | None:
    """The leaderboard of runs that Table 4 does not perform; ``None`` if the user's settings do not fit them."""
    try:
        return step.board()
    except (SettingError, UnknownNameError):
        return None


TABLE3 = ReproducedItem(name="table3", steps=_steps3, find=_table3, spaces=(runs.RNN, runs.VERTICES[7]))
TABLE4 = ReproducedItem(
    name="table4",
    steps=lambda request: (runs.tabular_step(request, runs.image_space(request), TABLE4_POLICIES),),
    find=_table4,
    spaces=(runs.VERTICES[7],),
)
