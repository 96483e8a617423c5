"""``harness watch``: show the progress of a store's runs from another terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from harness.cli.options import json_option, print_json
from harness.output.terminal import console, echo, print_page

if TYPE_CHECKING:
    from harness.live.watch import StoreSnapshot, StoreWatch


@click.command()
@click.option("--store", metavar="URL", help="The run store (default: sqlite:///runs/harness.db).")
@click.option("--once", is_flag=True, help="Print one snapshot and stop.")
@click.option(
    "--interval",
    default=2.0,
    show_default=True,
    type=click.FloatRange(min=0.1),
    metavar="S",
    help="Seconds between snapshots.",
)
@json_option
def watch(store: str | None, once: bool, interval: float, as_json: bool) -> None:
    """Show the progress of a store's runs, which another process performs, until none is left or Ctrl-C.

    The store is only read. A run whose process died looks like a slow run: it commits nothing more.
    """
    if as_json and not once:
        raise click.UsageError("--json prints one document; give --once with it")
    from contextlib import closing

    from harness.live.watch import StoreWatch
    from harness.planning.experiment import DEFAULT_STORE

    with closing(StoreWatch.of(store or DEFAULT_STORE)) as watched:
        if once:
            return _print_once(watched, as_json)
        try:
            return _follow(watched, interval)
        except KeyboardInterrupt:  # ends the display, not the runs
            return None


def _print_once(watched: StoreWatch, as_json: bool) -> None:
    from datetime import datetime

    from harness.live.watch_page import document, terminal

    snapshot = watched.look()
    return print_json(document(snapshot)) if as_json else print_page(terminal(snapshot, datetime.now()))


def _follow(watched: StoreWatch, interval: float) -> None:
    """Show each snapshot: a terminal is redrawn in place, other output gets a line for each change."""
    from harness.live.watch import follow

    seen = console()
    show = _live if seen.is_terminal and not seen.is_dumb_terminal else _lines
    show(follow(watched, interval))


def _live(snapshots: Iterator[StoreSnapshot]) -> None:
    from datetime import datetime

    from rich.live import Live

    from harness.live.watch_page import terminal

    with Live(console=console(), auto_refresh=False) as live:
        for snapshot in snapshots:
            live.update(terminal(snapshot, datetime.now()), refresh=True)


def _lines(snapshots: Iterator[StoreSnapshot]) -> None:
    from datetime import datetime

    from harness.live.watch import changed
    from harness.live.watch_page import line

    before: StoreSnapshot | None = None
    for snapshot in snapshots:
        if changed(before, snapshot):
            echo(line(snapshot, datetime.now()))
        before = snapshot
