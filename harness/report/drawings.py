"""The best cell of each row as a graph."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from harness.core.errors import HarnessError
from harness.core.numbers import Undefined
from harness.figures.cell import cell_graph_data, plot_cell
from harness.output.figure_style import metric_label
from harness.output.units import fixed, unit_of
from harness.report.board_report import BoardReport, ReportRow
from harness.report.inline_svg import inline_svg


@dataclass(frozen=True, slots=True)
class DrawnCell:
    """A row's best cell: its SVG (empty if its space has no graphs), a text about it, and its text form."""

    label: str
    svg: str
    text: str
    architecture: str


def drawn_cells(name: str, board_report: BoardReport) -> tuple[DrawnCell, ...]:
    """The best recommendation of each row that has one; ``name`` is the prefix of the drawings' names."""
    found = (_best(f"{name}-{place}", row, board_report) for place, row in enumerate(board_report.rows, 1))
    return tuple(drawn for drawn in found if drawn is not None)


def _best(name: str, row: ReportRow, board_report: BoardReport) -> DrawnCell | None:
    values = {run.spec.seed: run.recommendation for run in row.runs if run.recommendation}
    pairs = zip(row.entry.seeds, row.entry.values, strict=True)
    known = [(value, seed) for seed, value in pairs if not isinstance(value, Undefined) and seed in values]
    if not known:
        return None
    value, seed = (max if board_report.board.truth.larger_is_better else min)(known, key=lambda pair: pair[0])
    architecture = values[seed] or ""
    times = Counter(values.values())[architecture]
    rank = row.entry.ranks[row.entry.seeds.index(seed)]
    ranked = "" if isinstance(rank, Undefined) else f", rank {rank:,}"
    text = f"{_value(board_report, value)}; seed {seed}{ranked}; recommended by {times} of {len(row.runs)} seeds"
    return DrawnCell(row.label, _svg(name, architecture, board_report), text, architecture)


def _value(board_report: BoardReport, value: float) -> str:
    metric = board_report.board.truth.metric
    unit = unit_of(metric)
    return f"{metric_label(metric).removesuffix(' (%)')} {fixed(value, 2, unit.scale)}{unit.sign}"


def _svg(name: str, text: str, board_report: BoardReport) -> str:
    """The drawing; empty for a space without graphs, or a text that this version cannot read."""
    if isinstance(board_report.space, Undefined):
        return ""
    try:
        content = cell_graph_data(board_report.space, board_report.space.parse(text), title="")
    except HarnessError:
        return ""
    return inline_svg(plot_cell(content), name, "The graph of the cell; its text form is below")
