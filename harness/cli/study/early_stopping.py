"""``harness study early-stopping``: does the ranking after few epochs predict the final one?"""

from __future__ import annotations

from typing import Any

import click

from harness.cli.options import format_option, json_option, plot_option
from harness.cli.study.options import show_study


@click.command("early-stopping")
@click.option("--table", "name", required=True, metavar="NAME|PATH", help="A table with several budgets of epochs.")
@click.option("--metric", metavar="M", help="The metric that ranks (default: validation accuracy or perplexity).")
@click.option("--top", default=5, show_default=True, type=click.IntRange(min=1), help="How many best cells to follow.")
@plot_option
@format_option
@json_option
def early_stopping(name: str, metric: str | None, top: int, **flags: Any) -> None:
    """Compare the ranking of a table's cells after each epoch with the final one (Yu et al. 2020, Fig. 7)."""
    from backends.tabular.named_tables import open_table
    from harness.studies.early_stopping.figure import plot_early_stopping
    from harness.studies.early_stopping.measure import study_early_stopping as compare
    from harness.studies.early_stopping.page import early_stopping_page

    content = compare(open_table(name), metric, top=top)
    show_study(early_stopping_page(content), lambda: plot_early_stopping(content), flags)
