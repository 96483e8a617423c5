"""Prints pages for people: as wide as the terminal, elsewhere as wide as a leaderboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDTH = 100
"""The width of a page, in characters, where there is no terminal: that of a leaderboard."""


def print_page(*parts: RenderableType) -> None:
    """Print for people: as wide as the terminal, or 100 columns where standard output is a file or a pipe."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=WIDTH)
    for part in parts:
        console.print(part)
