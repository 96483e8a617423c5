"""``harness study transfer``: are the best cells of one table also the best of another?"""

from __future__ import annotations

from typing import Any

import click

from harness.cli.options import format_option, json_option, plot_option
from harness.cli.study.options import show_study
from harness.core.errors import SettingError


@click.command()
@click.option("--table", "names", multiple=True, metavar="NAME|PATH", help="A table; give two, or one table twice.")
@click.option("--metric", metavar="M", help="The metric that ranks (default: validation and test, each).")
@click.option("--top", default=5, show_default=True, type=click.IntRange(min=1), help="How many best cells to follow.")
@plot_option
@format_option
@json_option
def transfer(names: tuple[str, ...], metric: str | None, top: int, **flags: Any) -> None:
    """Compare how two tables of one scheme rank the cells that both hold, and where the best cells of each rank.

    --plot draws the ranks by the first pair of metrics.
    """
    if len(names) != 2:
        times = {0: "is missing", 1: "is there once"}.get(len(names), f"is there {len(names)} times")
        raise SettingError(f"--table {times}: a transfer is between two, --table A --table B")
    from backends.tabular.named_tables import open_table
    from harness.studies.transfer.figure import plot_transfer
    from harness.studies.transfer.measure import study_transfer as compare
    from harness.studies.transfer.page import transfer_page

    first, second = map(open_table, names)
    content = compare(first, second, metric, top=top)
    show_study(transfer_page(content), lambda: plot_transfer(content), flags)
