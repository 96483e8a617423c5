"""``harness report``: write one HTML page about a run store."""

from __future__ import annotations

import click

from harness.cli.options import margin_option
from harness.cli.selecting import group_option, selected, store_option, where_option
from harness.output.terminal import echo


@click.command()
@store_option
@where_option
@group_option
@click.option("--metric", metavar="M", help="Judge by this metric of the table (default: its test metric).")
@margin_option
@click.option("--output", metavar="FILE", default="report.html", show_default=True, help="The page to write.")
def report(
    store: str | None,
    wheres: tuple[str, ...],
    group_by: tuple[str, ...],
    metric: str | None,
    margin: float | None,
    output: str,
) -> None:
    """Write what a run store holds as one HTML page that needs no network.

    It has leaderboards with their tests, any-time curves, recommendations, the best cells, a checklist of best
    practices, provenance, and the command that repeats each row. Nothing is run; looks at the truth are recorded.
    """
    from harness.report.write import require_writable, write_report

    require_writable(output)
    with selected(store, wheres, baseline=True) as (opened, runs):
        path = write_report(opened, runs, output, metric=metric, group_by=group_by, margin=margin)
    echo(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB)")
