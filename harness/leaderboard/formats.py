"""Shows a leaderboard: on the terminal, and as CSV, JSON, Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from harness.core.errors import UnknownNameError
from harness.core.numbers import Undefined
from harness.core.policy import BASELINE
from harness.leaderboard.document import as_csv, as_json
from harness.leaderboard.leaderboard import Leaderboard
from harness.leaderboard.printed_tables import CONTEXT_COLUMNS, PrintedTable, printed_table
from harness.leaderboard.printed_tables import statistics as statistics_sheets
from harness.output.text_tables import latex_table, latex_text, markdown_table, markdown_text, rich_table
from harness.output.units import PLUS_MINUS, TableCell

if TYPE_CHECKING:
    from rich.console import Group

TERMINAL_WIDTH = 100
"""The width in characters that a leaderboard needs, for names as long as ours."""

HTML_MARK, LATEX_MARK = "–<sup>{}</sup>".format, "--\\textsuperscript{{{}}}".format
SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def render(board: Leaderboard, form: str, *, statistics: bool = False) -> str:
    """The leaderboard as ``csv``, ``json``, ``markdown`` or ``latex``; raises UnknownNameError for another form.

    CSV and JSON have all numbers; Markdown and LaTeX have those behind the verdicts only if ``statistics`` is true.
    """
    if form in DATA_FORMATS:
        return DATA_FORMATS[form](board)
    if form not in TABLE_FORMATS:
        raise UnknownNameError.among("format", form, (*DATA_FORMATS, *TABLE_FORMATS))
    return TABLE_FORMATS[form](board, statistics_sheets(board) if statistics else ())


def terminal(board: Leaderboard, *, statistics: bool = False) -> Group:
    """A table of ``TERMINAL_WIDTH`` characters for rich, verdicts and warnings; ``statistics`` adds tables."""
    from rich.console import Group
    from rich.text import Text

    page, behind = printed_table(board), statistics_sheets(board) if statistics else ()
    parts = [*_table(page), *map(Text, _verdicts(board)), Text(page.note, style="dim")]
    for each in behind:
        parts += [Text(""), *_table(each)]
    parts += [Text(note, style="dim") for note in _notes(behind)]
    return Group(*parts, *(Text(f"warning: {warning}", style="yellow") for warning in board.warnings))


def _table(page: PrintedTable) -> list[Any]:
    """A table for the terminal, with the reasons for missing numbers below it."""
    from rich.text import Text

    names = [i for i, head in enumerate(page.heads) if i == 0 or head in CONTEXT_COLUMNS]
    table = rich_table(page.title, page.heads, _fitted(page), names=names, first_is_best=page.first_is_best)
    return [table, *(Text(f"{_superscript(i)} {reason}", style="dim") for i, reason in enumerate(page.reasons, 1))]


def _verdicts(board: Leaderboard) -> list[str]:
    return [entry.verdict for entry in board.entries if entry.policy != BASELINE]


def _notes(pages: Sequence[PrintedTable]) -> list[str]:
    return list(dict.fromkeys(page.note for page in pages))


def _fitted(page: PrintedTable) -> list[list[str]]:
    """The texts of the rows, without spaces around ``±`` if lines would be wider than ``TERMINAL_WIDTH``."""
    rows = [[_joined(page, cell, _superscript) for cell in row] for row in page.rows]
    columns = zip(page.heads, *rows, strict=True)
    width = sum(1 + max(len(line) for text in column for line in text.split("\n")) for column in columns) - 1
    if width <= TERMINAL_WIDTH:
        return rows
    return [[text.replace(PLUS_MINUS, PLUS_MINUS.strip()) for text in row] for row in rows]


def _superscript(number: int) -> str:
    return f"–{number}".translate(SUPERSCRIPT)


def _joined(page: PrintedTable, cell: TableCell, dash: Callable[[int], str], escape: Callable[[str], str] = str) -> str:
    return "".join(dash(page.mark(part)) if isinstance(part, Undefined) else escape(part) for part in cell)


def _as_markdown(board: Leaderboard, behind: Sequence[PrintedTable]) -> str:
    page = printed_table(board)
    lines = [*_markdown(page), *(f"* {markdown_text(verdict)}" for verdict in _verdicts(board)), ""]
    lines += [markdown_text(page.note), ""]
    for each in behind:
        lines += _markdown(each)
    lines += [line for note in _notes(behind) for line in (markdown_text(note), "")]
    lines += [line for warning in board.warnings for line in (f"**Warning:** {markdown_text(warning)}", "")]
    return "\n".join(lines[:-1]) + "\n"


def _markdown(page: PrintedTable) -> Iterator[str]:
    """The Markdown lines of a table with its reasons below; the last line is empty."""
    rows = [[_joined(page, cell, HTML_MARK, markdown_text) for cell in row] for row in page.rows]
    yield from (markdown_text(page.title), "")
    yield from markdown_table(page.heads, _with_bold_lead(page, rows, "**{}**"))
    yield ""
    for i, reason in enumerate(page.reasons, 1):
        yield from (f"{HTML_MARK(i)} {markdown_text(reason)}", "")


def _with_bold_lead(page: PrintedTable, rows: list[list[str]], bold: str) -> list[list[str]]:
    if not page.first_is_best:
        return rows
    mean = next(i for i, head in enumerate(page.heads) if head.startswith("mean ±"))
    lead = [bold.format(cell) if i == mean else cell for i, cell in enumerate(rows[0])]
    return [lead, *rows[1:]]


def _as_latex(board: Leaderboard, behind: Sequence[PrintedTable]) -> str:
    """A ``table`` for the package booktabs, and one for each table of statistics."""
    page = printed_table(board)
    notes = [*_verdicts(board), page.note, *(f"Warning: {warning}" for warning in board.warnings)]
    return "\n".join([_latex(page, notes), *(_latex(each, [each.note]) for each in behind)])


def _latex(page: PrintedTable, notes: Sequence[str]) -> str:
    rows = [[_joined(page, cell, LATEX_MARK, latex_text) for cell in row] for row in page.rows]
    reasons = [f"{LATEX_MARK(i)} {latex_text(reason)}" for i, reason in enumerate(page.reasons, 1)]
    below = [*reasons, *map(latex_text, notes)]
    return latex_table(page.title, page.heads, _with_bold_lead(page, rows, "\\textbf{{{}}}"), below)


DATA_FORMATS: Mapping[str, Callable[[Leaderboard], str]] = {"csv": as_csv, "json": as_json}

TABLE_FORMATS: Mapping[str, Callable[[Leaderboard, Sequence[PrintedTable]], str]] = {
    "markdown": _as_markdown,
    "latex": _as_latex,
}
"""Formats of printed tables, which can include the tables of statistics."""
