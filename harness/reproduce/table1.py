"""Table 1: searches compared with random at the published scale. Table 2: the same in DARTS' space of image cells."""

from __future__ import annotations

from functools import partial

from harness.leaderboard.end_to_end import Watcher
from harness.reproduce import boards, published, recomputed, runs
from harness.reproduce.cells import NOT_MEASURED_YET, Missing, ReproducedSection, number
from harness.reproduce.comparison_figure import comparison_figure
from harness.reproduce.item import Findings, ReproducedItem
from harness.reproduce.request import ReproduceRequest
from harness.reproduce.steps import SHARED, RunStep

NO_SPACE = Missing("the space of DARTS for images is not in this harness: nothing here measures it")
TOO_LARGE = "cells of 12 nodes are only measured at the published scale, which takes GPUs"
SPLIT = (
    "Ours of Table 1 is judged by test perplexity after training by recipe rnn-ptb; the paper prints the mean "
    "validation perplexity."
)


def _steps(request: ReproduceRequest) -> tuple[RunStep, ...]:
    return (runs.long_rnn_step(request),) if request.scale == "paper" else ()


def _table1(request: ReproduceRequest, watcher: Watcher) -> Findings:
    parts = published.load("table1").sections
    ptb = _recurrent(request, parts["ptb"])
    cifar = boards.unmeasured(parts["cifar10"], NO_SPACE, "ours: not measured")
    figure = partial(comparison_figure, (ptb, cifar))
    return Findings(sections=(ptb, cifar, recomputed.welch()), figure=figure, notes=(SPLIT,))


def _recurrent(request: ReproduceRequest, printed: published.PublishedSection) -> ReproducedSection:
    """The section of Penn Treebank, which is measured only at the published scale."""
    step = runs.long_rnn_step(request)
    if request.scale == "quick":
        return boards.unmeasured(printed, Missing(TOO_LARGE, step.command), "ours: not measured at quick scale")
    board = step.board()
    columns = (board, boards.mean(boards.UNSCALED)), (board, lambda each: number(each.welch_p, 2))
    about = boards.truth_description(Missing(NOT_MEASURED_YET) if board is None else board.truth, request)
    return ReproducedSection.of(about, printed, boards.rows_of(step, columns, printed, oracle=SHARED))


def _table2(request: ReproduceRequest, watcher: Watcher) -> Findings:
    section = boards.unmeasured(published.load("table2").sections["cifar10"], NO_SPACE, "ours: not measured")
    return Findings(sections=(section,), figure=partial(comparison_figure, (section,)))


TABLE1 = ReproducedItem(name="table1", steps=_steps, find=_table1)
TABLE2 = ReproducedItem(name="table2", steps=lambda request: (), find=_table2)
