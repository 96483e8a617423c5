"""Prints for people: every text on standard output or standard error passes through here.

Names, reasons and recommendations come from files that others wrote. What a terminal would obey is printed as an
escape: ``\\u001b`` in place of the character that begins a colour.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

WIDTH = 100
"""The width of a page, in characters, where there is no terminal: that of a leaderboard."""

CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but for tab and line feed, delete, C1
    "\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"  # marks, lines and overrides of text from right to left
    "\ud800-\udfff]"  # halves of pairs, which no encoding can write
)
"""The characters that are printed as escapes: those that a terminal obeys, and those that reorder a line."""


def printable(text: str) -> str:
    """The text with each control character as an escape of six characters, as JSON writes it."""
    return CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def echo(text: str, *, err: bool = False, nl: bool = True) -> None:
    """Print a text on standard output, or on standard error; JSON stays the same document."""
    import click

    click.echo(printable(text), err=err, nl=nl)


class Printed:
    """A text file that prints what is written to it; a terminal shows it, programs read standard output itself."""

    def write(self, text: str) -> int:
        """Print the text as ``echo`` does."""
        echo(text, nl=False)
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Print the lines one after another."""
        for line in lines:
            self.write(line)


def console(*, stderr: bool = False, width: int | None = None) -> Console:
    """A console of rich for texts that others wrote."""
    from harness.output.console import PlainConsole

    return PlainConsole(stderr=stderr, width=width, markup=False, emoji=False)


def print_page(*parts: RenderableType) -> None:
    """Print for people: as wide as the terminal, or 100 columns where standard output is a file or a pipe."""
    out = console()
    if not out.is_terminal:
        out = console(width=WIDTH)
    for part in parts:
        out.print(part)
