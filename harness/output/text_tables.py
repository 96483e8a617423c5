"""Text tables of leaderboards and studies, for rich, Markdown and LaTeX, and the text fields of CSV."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.table import Table

FORMATS = ("table", "csv", "json", "markdown", "latex")
"""The values of ``--format``; ``table`` is for the terminal."""

LATEX_SPECIAL: Mapping[str, str] = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "±": r"$\pm$",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
}
LATEX_ESCAPES = {ord(sign): text for sign, text in LATEX_SPECIAL.items()}

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet would take for a formula."""

TextRows = Sequence[Sequence[str]]


def rich_table(
    title: str, heads: Sequence[str], rows: TextRows, *, names: Collection[int], first_is_best: bool = False
) -> Table:
    """A table for the terminal; columns of ``names`` are wrapped if a line is too long, numbers never.

    If ``first_is_best``, the first row is bold.
    """
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=Text(title), title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, padding=0)
    for i, head in enumerate(heads):
        name = i in names
        table.add_column(
            Text(head), justify="left" if name else "right", vertical="bottom", no_wrap=not name, overflow="fold"
        )
    for i, row in enumerate(rows):
        table.add_row(*map(Text, row), style="bold" if i == 0 and first_is_best else None)
    return table


def markdown_table(heads: Sequence[str], rows: TextRows, *, names: Collection[int] = (0,)) -> Iterator[str]:
    """The lines of a table whose cells are Markdown already; columns of ``names`` are left-aligned."""
    yield _line(head.replace("\n", " ") for head in heads)
    yield _line("---" if i in names else "--:" for i in range(len(heads)))
    yield from map(_line, rows)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def markdown_text(text: str) -> str:
    """Text that Markdown shows as it is; an underscore inside a word needs no escape."""
    return re.sub(r"[\\`*<|]|(?<!\w)_|_(?!\w)", r"\\\g<0>", text.replace("\n", " "))


def latex_table(
    caption: str, heads: Sequence[str], rows: TextRows, notes: Iterable[str], *, names: Collection[int] = (0,)
) -> str:
    """A ``table`` for the package booktabs; its cells and notes are LaTeX already, caption and heads are text."""
    columns = "".join("l" if i in names else "r" for i in range(len(heads)))
    lines = [
        "% needs \\usepackage{booktabs}",
        "\\begin{table}",
        "\\centering",
        f"\\caption{{{latex_text(caption)}}}",
        f"\\begin{{tabular}}{{{columns}}}",
        "\\toprule",
        " & ".join(latex_text(head) for head in heads) + " \\\\",
        "\\midrule",
        *(" & ".join(row) + " \\\\" for row in rows),
        "\\bottomrule",
        "\\end{tabular}",
    ]
    if below := " \\\\\n".join(notes):
        lines += ["", "\\footnotesize", below]
    return "\n".join([*lines, "\\end{table}"]) + "\n"


def latex_text(text: str) -> str:
    """Text that LaTeX sets as it is."""
    return text.replace("\n", " ").translate(LATEX_ESCAPES)


def csv_text(value: Any) -> Any:
    """A field of CSV: a text that a spreadsheet would take for a formula gets a ``'`` before it; numbers never do."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
