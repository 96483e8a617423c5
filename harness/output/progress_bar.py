"""A progress bar for one long task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import click

from harness.output.terminal import console

ProgressReport: TypeAlias = Callable[[int, int], None]
"""Takes how much is done, and the total."""


@contextmanager
def progress_bar(what: str) -> Iterator[ProgressReport]:
    """Show a bar with the time left on standard error, if that is a terminal and --quiet was not given."""
    from rich.markup import escape
    from rich.progress import Progress

    shown, command = console(stderr=True), click.get_current_context(silent=True)
    quiet = command is not None and bool(command.params.get("quiet"))
    with Progress(console=shown, transient=True, disable=quiet or not shown.is_terminal) as progress:
        task = progress.add_task(escape(what), total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)
