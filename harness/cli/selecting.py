"""Options of the commands that read a store: which one, and which of its runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from harness.storage.records import Run
    from harness.storage.store import Store

store_option = click.option("--store", metavar="URL", help="The run store (default: sqlite:///runs/harness.db).")

where_option = click.option(
    "--where",
    "wheres",
    multiple=True,
    metavar="KEY=VALUE",
    help="Only runs of which this is recorded (KEY!=VALUE: is not), such as policy=nao, policy.pool=100; repeatable.",
)

group_option = click.option(
    "--group-by",
    "group_by",
    multiple=True,
    metavar="KEY",
    help="Rows of their own for runs that differ in this, such as budget.queries; may be repeated.",
)


@contextmanager
def selected(
    store: str | None, wheres: tuple[str, ...], *, baseline: bool = False
) -> Iterator[tuple[Store, list[Run]]]:
    """An open store and its runs that fulfil every condition; raises a HarnessError where there is none.

    ``baseline`` keeps the random draws that others are tested against.
    """
    from harness.planning.experiment import DEFAULT_STORE
    from harness.storage.selection import require_runs, select, with_baseline
    from harness.storage.store import Store

    with Store.read(store or DEFAULT_STORE) as opened:
        runs = opened.runs()
        found = select(runs, wheres)
        require_runs(found, runs, wheres)
        yield opened, with_baseline(found, runs, wheres) if baseline else found
