"""Figure 7: the ranks of the 32 recurrent cells during their training, from a table alone."""

from __future__ import annotations

from functools import partial

from backends.tabular.named_tables import open_table
from harness.leaderboard.end_to_end import Watcher
from harness.reproduce import runs
from harness.reproduce.item import Findings, ReproducedItem
from harness.reproduce.request import ReproduceRequest
from harness.studies.early_stopping.figure import plot_early_stopping as draw
from harness.studies.early_stopping.measure import study_early_stopping
from harness.studies.early_stopping.page import early_stopping_page
from harness.studies.scale import TABLES

UNPRINTED = (
    "The paper prints no numbers of this figure; it follows the ranks over 1,000 epochs and marks where the random "
    "baseline of DARTS stops, at 300. Ours has the table's own epochs."
)


def _find(request: ReproduceRequest, watcher: Watcher) -> Findings:
    content = study_early_stopping(open_table(request.table or TABLES[runs.RNN, "ptb"]))
    page = early_stopping_page(content)
    notes = (page.title, UNPRINTED, *page.notes)
    return Findings(sections=(), figure=partial(draw, content), grids=page.grids, notes=notes, content={**content})


FIGURE7 = ReproducedItem(name="figure7", steps=lambda request: (), find=_find, spaces=(runs.RNN, runs.VERTICES[7]))
