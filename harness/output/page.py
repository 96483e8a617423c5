"""The page of a study: tables of text with notes, and the same content in full precision."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from harness.core.errors import UnknownNameError
from harness.core.quoting import printable
from harness.output.text_tables import csv_text, latex_table, latex_text, markdown_table, markdown_text, rich_table

if TYPE_CHECKING:
    from rich.console import Group

ONE = r"[-+−<]?\d[\d,.]*(e[-+]?\d+)?"
NUMBER = re.compile(rf"|–|{ONE}( ?± ?(–|[\d,.]+))?( ?%)?( to {ONE}| \[{ONE}, {ONE}\])?")
"""A number as tables print it, with its deviation, per cent sign or interval; a dash if there is none."""


@dataclass(frozen=True, slots=True)
class TextTable:
    """A table of text: each row is as long as ``heads``; a line break in a head marks where it may be broken."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def names(self) -> list[int]:
        """The indices of the columns that hold more than numbers."""
        columns = zip(*self.rows, strict=True)
        return [i for i, column in enumerate(columns) if not all(map(NUMBER.fullmatch, column))]


@dataclass(frozen=True, slots=True)
class Page:
    """The tables of a study; ``content`` is JSON in full precision, ``None`` for a number that does not exist."""

    title: str
    grids: tuple[TextTable, ...]
    notes: tuple[str, ...]
    content: dict[str, Any]


def show(page: Page, form: str) -> None:
    """Print a page on standard output as ``table``, ``csv``, ``json``, ``markdown`` or ``latex``."""
    from harness.output.terminal import echo, print_page

    if form == "table":
        return print_page(terminal(page))
    return echo(render(page, form), nl=False)


def render(page: Page, form: str) -> str:
    """The page as ``csv``, ``json``, ``markdown`` or ``latex``; raises UnknownNameError for another form."""
    if form not in RENDERERS:
        raise UnknownNameError.among("format", form, RENDERERS)
    return RENDERERS[form](page)


def terminal(page: Page) -> Group:
    """The page for rich: its title, each table under its own title, and the notes."""
    from rich.console import Group
    from rich.text import Text

    parts: list[Any] = [Text(page.title, style="bold")]
    for grid in page.grids:
        parts += [Text(""), rich_table(grid.title, grid.heads, grid.rows, names=grid.names)]
    return Group(*parts, Text(""), *(Text(note, style="dim") for note in page.notes))


def _as_json(page: Page) -> str:
    document = {"title": page.title, "notes": list(page.notes), **page.content}
    return json.dumps(document, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def _as_csv(page: Page) -> str:
    """The tables as printed; if there are several, each has its title in a line above it, and an empty line between."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for i, grid in enumerate(page.grids):
        if len(page.grids) > 1:
            text.write(("\n" if i else "") + f"# {grid.title}\n")
        writer.writerow([head.replace("\n", " ") for head in grid.heads])
        writer.writerows([_csv_field(cell) for cell in row] for row in grid.rows)
    return text.getvalue()


def _csv_field(cell: str) -> str:
    """A printed cell: a number stays as it is, a text is none that a spreadsheet or a terminal would obey."""
    return cell if NUMBER.fullmatch(cell) else printable(csv_text(cell))


def _as_markdown(page: Page) -> str:
    lines = [f"**{markdown_text(page.title)}**"]
    for grid in page.grids:
        rows = [list(map(markdown_text, row)) for row in grid.rows]
        lines += ["", markdown_text(grid.title), "", *markdown_table(grid.heads, rows, names=grid.names)]
    return "\n".join(lines) + "\n" + "".join(f"\n{markdown_text(note)}\n" for note in page.notes)


def _as_latex(page: Page) -> str:
    """A LaTeX ``table`` for each table, with the notes below the last one."""
    texts = []
    for i, grid in enumerate(page.grids, 1):
        notes = map(latex_text, page.notes if i == len(page.grids) else ())
        rows = [list(map(latex_text, row)) for row in grid.rows]
        texts.append(latex_table(f"{page.title}: {grid.title}", grid.heads, rows, notes, names=grid.names))
    return "\n".join(texts)


RENDERERS: Mapping[str, Callable[[Page], str]] = {
    "csv": _as_csv,
    "json": _as_json,
    "markdown": _as_markdown,
    "latex": _as_latex,
}
