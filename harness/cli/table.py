"""``harness table``: build, import, fetch and look at ground-truth tables."""

from __future__ import annotations

import click


@click.group("table")
def table_group() -> None:
    """Build, import, fetch and check ground-truth tables."""
