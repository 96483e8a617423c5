"""Shows a leaderboard: on the terminal, and as CSV, JSON, Markdown and LaTeX."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from harness.core.errors import UnknownNameError
from harness.leaderboard import Entry, Leaderboard
from harness.markup import latex_table, latex_text, markdown_table, markdown_text, rich_table
from harness.sheet import PLACES, PLUS_MINUS, Cell, Sheet, sheet
from harness.statistics import Undefined

if TYPE_CHECKING:
    from rich.console import Group

WIDTH = 100
"""The columns of a terminal that a leaderboard fits in, for names as long as ours."""

SUPERSCRIPT = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


def render(board: Leaderboard, form: str) -> str:
    """The leaderboard as ``csv``, ``json``, ``markdown`` or ``latex``; raises UnknownNameError for another form."""
    if form not in FORMS:
        raise UnknownNameError.among("format", form, FORMS)
    return FORMS[form](board)


def document(board: Leaderboard) -> dict[str, Any]:
    """The JSON document: plain types, full precision, ``None`` for an undefined number with its reason beside it."""
    return {"leaderboard": [_record(entry) for entry in board.entries], "warnings": list(board.warnings)}


def terminal(board: Leaderboard) -> Group:
    """What rich prints: a table of at most ``WIDTH`` columns, footnotes, warnings."""
    from rich.console import Group
    from rich.text import Text

    page = sheet(board)
    names = [i for i, head in enumerate(page.heads) if i == 0 or head in PLACES]
    table = rich_table(page.title, page.heads, _fitted(page), names=names, leads=page.leads)
    notes = [Text(f"{_superscript(i)} {reason}", style="dim") for i, reason in enumerate(page.reasons, 1)]
    warnings = [Text(f"warning: {warning}", style="yellow") for warning in board.warnings]
    return Group(table, *notes, Text(page.note, style="dim"), *warnings)


def _fitted(page: Sheet) -> list[list[str]]:
    """The rows' texts, without the spaces around ``±`` where a line would be wider than 100 columns with them."""
    rows = [[_joined(page, cell, _superscript) for cell in row] for row in page.rows]
    columns = zip(page.heads, *rows, strict=True)
    width = sum(1 + max(len(line) for text in column for line in text.split("\n")) for column in columns) - 1
    if width <= WIDTH:
        return rows
    return [[text.replace(PLUS_MINUS, PLUS_MINUS.strip()) for text in row] for row in rows]


def _superscript(number: int) -> str:
    return f"–{number}".translate(SUPERSCRIPT)


def _joined(page: Sheet, cell: Cell, dash: Callable[[int], str], escape: Callable[[str], str] = str) -> str:
    return "".join(dash(page.mark(part)) if isinstance(part, Undefined) else escape(part) for part in cell)


def _record(entry: Entry) -> dict[str, Any]:
    record: dict[str, Any] = {part.name: getattr(entry, part.name) for part in fields(entry)}
    reasons = {name: value.reason for name, value in record.items() if isinstance(value, Undefined)}
    if entry.failed:
        reasons["values"] = "; ".join(f"seed {seed}: {reason}" for seed, reason in entry.failed)
    plain = {name: _plain(value) for name, value in record.items()}
    return plain | {"failed_seeds": [seed for seed, _ in entry.failed], "reasons": reasons}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, Undefined) else value


def _as_json(board: Leaderboard) -> str:
    return json.dumps(document(board), indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def _as_csv(board: Leaderboard) -> str:
    """One line an entry: lists are joined by semicolons, an undefined number is an empty field."""
    columns = [part.name for part in fields(Entry)] + ["failed_seeds", "reasons"]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    for entry in board.entries:
        writer.writerow({name: _field(value) for name, value in _record(entry).items()})
    return text.getvalue()


def _field(value: Any) -> Any:
    if isinstance(value, list):
        return ";".join("" if item is None else str(item) for item in value)
    if isinstance(value, Mapping):
        return "; ".join(f"{name}: {reason}" for name, reason in value.items())
    return value


def _as_markdown(board: Leaderboard) -> str:
    page = sheet(board)
    rows = [[_joined(page, cell, _html_mark, markdown_text) for cell in row] for row in page.rows]
    lines = [markdown_text(page.title), "", *markdown_table(page.heads, _with_bold_lead(page, rows, "**{}**"))]
    notes = [f"{_html_mark(i)} {markdown_text(reason)}" for i, reason in enumerate(page.reasons, 1)]
    notes += [markdown_text(page.note), *(f"**Warning:** {markdown_text(warning)}" for warning in board.warnings)]
    return "\n".join(lines) + "\n" + "".join(f"\n{note}\n" for note in notes)


def _with_bold_lead(page: Sheet, rows: list[list[str]], bold: str) -> list[list[str]]:
    """The rows with the best mean in bold, where there is one."""
    if not page.leads:
        return rows
    mean = next(i for i, head in enumerate(page.heads) if head.startswith("mean ±"))
    lead = [bold.format(cell) if i == mean else cell for i, cell in enumerate(rows[0])]
    return [lead, *rows[1:]]


def _html_mark(number: int) -> str:
    return f"–<sup>{number}</sup>"


def _as_latex(board: Leaderboard) -> str:
    """A ``table`` for the package booktabs."""
    page = sheet(board)
    rows = [[_joined(page, cell, _latex_mark, latex_text) for cell in row] for row in page.rows]
    notes = [f"{_latex_mark(i)} {latex_text(reason)}" for i, reason in enumerate(page.reasons, 1)]
    notes += [latex_text(page.note), *(f"Warning: {latex_text(warning)}" for warning in board.warnings)]
    return latex_table(page.title, page.heads, _with_bold_lead(page, rows, "\\textbf{{{}}}"), notes)


def _latex_mark(number: int) -> str:
    return f"--\\textsuperscript{{{number}}}"


FORMS: Mapping[str, Callable[[Leaderboard], str]] = {
    "csv": _as_csv,
    "json": _as_json,
    "markdown": _as_markdown,
    "latex": _as_latex,
}
