"""Figure 3: the true ranks of the policies' recommendations among the 32 recurrent cells, with shared weights."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from harness.core.numbers import Undefined
from harness.core.policy import BASELINE
from harness.figures.ranks import ranks, ranks_data
from harness.leaderboard.end_to_end import Watcher
from harness.leaderboard.leaderboard import Leaderboard, LeaderboardEntry
from harness.reproduce import boards, published, runs
from harness.reproduce.cells import MeasuredValue, Missing, Ours, ReproducedRow, ReproducedSection, number
from harness.reproduce.item import FigureFactory, Findings, ReproducedItem
from harness.reproduce.request import ReproduceRequest
from harness.reproduce.steps import SHARED, PenaltyStep

TOP = 5
"""The number of best ranks that the paper's text counts."""

METRIC = "test_perplexity"

COLUMNS = ("best rank", "worst rank", f"runs in\nthe top {TOP}", "different\nranks")


def _find(request: ReproduceRequest, watcher: Watcher) -> Findings:
    step = runs.penalty_step(request)
    board = _with_sharing(step.board(METRIC))
    about = boards.truth_description(boards.truth_of(step, METRIC), request)
    table = ReproducedSection(f"True ranks of the recommended cells; {about}", COLUMNS, tuple(_ranks(step, board)))
    sections = table, _claims(step, board, about)
    return Findings(sections=sections, figure=_drawn(step, board), notes=boards.truth_notes(request))


def _with_sharing(board: Leaderboard | None) -> Leaderboard | None:
    """A board with only the rows of shared weights and of random."""
    if board is None:
        return None
    kept = tuple(each for each in board.entries if each.oracle == SHARED or each.policy == BASELINE)
    return replace(board, entries=kept)


def _drawn(step: PenaltyStep, board: Leaderboard | None) -> FigureFactory | Missing:
    return step.unmeasured if board is None else partial(ranks, ranks_data(board))


def _ranks(step: PenaltyStep, board: Leaderboard | None) -> list[ReproducedRow]:
    reads = (boards.best_rank, _worst, _top, _different)
    policies = [(policy, SHARED) for policy in step.experiment.policies] + [(BASELINE, dict(step.pairs)[BASELINE])]
    return [
        ReproducedRow.of(pair[0], [boards.cell_of(step, board, pair, read) for read in reads], [None] * len(reads))
        for pair in policies
    ]


def _known(each: LeaderboardEntry) -> list[int]:
    return [rank for rank in each.ranks if not isinstance(rank, Undefined)]


def _worst(each: LeaderboardEntry) -> Ours:
    return number(max(_known(each), default=Undefined("no run has a rank")), 0)


def _top(each: LeaderboardEntry) -> Ours:
    return number(sum(rank <= TOP for rank in _known(each)), 0)


def _different(each: LeaderboardEntry) -> Ours:
    return number(len(set(_known(each))), 0)


def _claims(step: PenaltyStep, board: Leaderboard | None, about: str) -> ReproducedSection:
    """The claims that the paper's text makes about the figure, and what our runs show."""
    printed = published.load("figure3").sections["claims"]
    cells = (
        boards.cell_of(step, board, ("darts", SHARED), _often),
        boards.cell_of(step, board, ("enas", SHARED), _different),
        step.unmeasured if board is None else _finders(board),
    )
    claims = zip(printed.rows.items(), cells, strict=True)
    return ReproducedSection.of(about, printed, (ReproducedRow.of(name, [cell], row) for (name, row), cell in claims))


def _often(each: LeaderboardEntry) -> MeasuredValue:
    known = _known(each)
    told = f"{sum(rank <= TOP for rank in known)} of {len(known)} runs"
    return MeasuredValue(told, told)


def _finders(board: Leaderboard) -> MeasuredValue:
    told = ", ".join(each.policy for each in board.entries if each.best_rank == 1) or "none"
    return MeasuredValue(told, told)


FIGURE3 = ReproducedItem(
    name="figure3", steps=lambda request: (runs.penalty_step(request),), find=_find, spaces=(runs.RNN,)
)
