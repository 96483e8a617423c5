"""Prints for people: every text on standard output or standard error passes through here.

Names, reasons and recommendations come from files that others wrote. What a terminal would obey is printed as an
escape: ``\\u001b`` in place of the character that begins a colour.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from harness.core.quoting import printable

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

WIDTH = 100
"""The width of a page, in characters, where there is no terminal: that of a leaderboard."""


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
