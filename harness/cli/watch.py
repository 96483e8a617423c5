"""``harness watch``: see from another terminal how the runs of a store go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from harness.cli.options import json_option, print_json

if TYPE_CHECKING:
    from harness.live.watch import StoreSnapshot, StoreWatch


@click.command()
@click.option("--store", metavar="URL", help="The run store (default: sqlite:///runs/harness.db).")
@click.option("--once", is_flag=True, help="Look once.")
@click.option(
    "--interval",
    default=2.0,
    show_default=True,
    type=click.FloatRange(min=0.1),
    metavar="S",
    help="Seconds from one look to the next.",
)
@json_option
def watch(store: str | None, once: bool, interval: float, as_json: bool) -> None:
    """Show the runs of a store that another process performs, until none is left or Ctrl-C.

    The store is only read. A run whose process died looks like one that takes long: no commit is seen of it.
    """
    if as_json and not once:
        raise click.UsageError("--json prints one document; give --once with it")
    from contextlib import closing

    from harness.live.watch import StoreWatch
    from harness.planning.experiment import DEFAULT_STORE

    with closing(StoreWatch.of(store or DEFAULT_STORE)) as watched:
        if once:
            return _look_once(watched, as_json)
        try:
            return _follow(watched, interval)
        except KeyboardInterrupt:  # how one leaves; the runs go on
            return None


def _look_once(watched: StoreWatch, as_json: bool) -> None:
    from datetime import datetime

    from harness.live.watch_page import document, terminal
    from harness.output.terminal import print_page

    picture = watched.look()
    return print_json(document(picture)) if as_json else print_page(terminal(picture, datetime.now()))


def _follow(watched: StoreWatch, interval: float) -> None:
    """Look again and again, on a terminal in place, elsewhere a line for each change."""
    from rich.console import Console

    from harness.live.watch import follow

    console = Console()
    show = _live if console.is_terminal and not console.is_dumb_terminal else _lines
    show(follow(watched, interval))


def _live(pictures: Iterator[StoreSnapshot]) -> None:
    from datetime import datetime

    from rich.live import Live

    from harness.live.watch_page import terminal

    with Live(auto_refresh=False) as live:
        for picture in pictures:
            live.update(terminal(picture, datetime.now()), refresh=True)


def _lines(pictures: Iterator[StoreSnapshot]) -> None:
    from datetime import datetime

    from harness.live.watch import changed
    from harness.live.watch_page import line

    before: StoreSnapshot | None = None
    for picture in pictures:
        if changed(before, picture):
            click.echo(line(picture, datetime.now()))
        before = picture
