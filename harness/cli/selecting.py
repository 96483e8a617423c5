"""Options that choose a store and the runs of it that a command reads."""

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
    help="Only runs with this value (KEY!=VALUE: without it), such as policy=nao, policy.pool=100; may be repeated.",
)

group_option = click.option(
    "--group-by",
    "group_by",
    multiple=True,
    metavar="KEY",
    help="Put runs that differ in KEY, such as budget.queries, into separate rows; may be repeated.",
)


@contextmanager
def selected(
    store: str | None, wheres: tuple[str, ...], *, baseline: bool = False
) -> Iterator[tuple[Store, list[Run]]]:
    """Open a store and select the runs that fulfil every condition; raises a HarnessError if there are none.

    ``baseline`` also keeps the random draws that the other policies are tested against.
    """
    from harness.planning.experiment import DEFAULT_STORE
    from harness.storage.selection import require_runs, select, with_baseline
    from harness.storage.store import Store

    with Store.read(store or DEFAULT_STORE) as opened:
        runs = opened.runs()
        found = select(runs, wheres)
        require_runs(found, runs, wheres)
        yield opened, with_baseline(found, runs, wheres) if baseline else found
