"""The figure of a reproduced table: what the paper prints on the left, ours on the right, a row for each policy."""

from __future__ import annotations

import itertools
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from harness.output.figure_style import COLOURS, GREY, canvas, tidy
from harness.reproduce.cells import MeasuredValue, Missing, ReproducedSection
from harness.reproduce.published import PAPER, Printed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, LINE, SECTION_HEIGHT = 10.0, 0.3, 1.5
"""In inches: the figure's width, the height of a row, and the height of a section without its rows."""

TITLE_WIDTH = 56
"""The most characters of a title on a line."""

NOT_MEASURED = "not measured"

MeanStd: TypeAlias = tuple[float, float] | None
"""A mean and its deviation."""


def comparison_figure(sections: Sequence[ReproducedSection]) -> Figure:
    """Draw two panels for each section with the means and deviations of its first column; their scales differ."""
    heights = [SECTION_HEIGHT + LINE * len(section.rows) for section in sections]
    figure = canvas((WIDTH, sum(heights)))
    panels = figure.subplots(len(sections), 2, squeeze=False, gridspec_kw={"height_ratios": heights})
    names = dict.fromkeys(row.name for section in sections for row in section.rows)
    colours = dict(zip(names, itertools.cycle(COLOURS), strict=False))
    for (left, right), section in zip(panels, sections, strict=True):
        cells = {row.name: row.cells[0] for row in section.rows}
        _draw(left, {name: _theirs(cell.printed) for name, cell in cells.items()}, colours)
        _draw(right, {name: _ours(cell.ours) for name, cell in cells.items()}, colours)
        for axes, title in ((left, f"{PAPER}: {section.printed}"), (right, section.title)):
            axes.set_xlabel(section.columns[0].replace("\n", " "))
            tidy(axes, textwrap.fill(title, TITLE_WIDTH), grid="x")
            axes.title.set_fontsize(9)
    return figure


def _theirs(cell: Printed | None) -> MeanStd:
    return None if cell is None or cell.value is None else (cell.value, cell.std or 0.0)


def _ours(cell: MeasuredValue | Missing | None) -> MeanStd:
    if isinstance(cell, MeasuredValue) and not isinstance(cell.value, str):
        return cell.value, cell.std or 0.0
    return None


def _draw(axes: Axes, pairs: Mapping[str, MeanStd], colours: Mapping[str, str]) -> None:
    """Draw a mark with its deviation for each row, or a note if no row has a number."""
    for place, (name, pair) in enumerate(pairs.items()):
        if pair is not None:
            axes.errorbar([pair[0]], [place], xerr=[pair[1]], fmt="o", color=colours[name], capsize=3, markersize=6)
    axes.set_yticks(range(len(pairs)), list(pairs))
    axes.set_ylim(len(pairs) - 0.5, -0.5)
    if not any(pairs.values()):
        axes.set_xticks([])
        axes.text(0.5, 0.5, NOT_MEASURED, color=GREY, transform=axes.transAxes, ha="center", va="center")
