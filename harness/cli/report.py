"""``harness report``: one HTML page of a run store."""

from __future__ import annotations

import click

from harness.cli.selecting import group_option, selected, store_option, where_option


@click.command()
@store_option
@where_option
@group_option
@click.option("--metric", metavar="M", help="Judge by this metric of the table (default: that of its test data).")
@click.option("--output", metavar="FILE", default="report.html", show_default=True, help="The page to write.")
def report(
    store: str | None, wheres: tuple[str, ...], group_by: tuple[str, ...], metric: str | None, output: str
) -> None:
    """Write what a run store holds as one HTML page that needs no network.

    Leaderboards with their tests, any-time curves, what was recommended, the best cells, a checklist of best practices,
    provenance, and the command that repeats each row. Nothing is run; looks at the truth are recorded in the store.
    """
    from harness.report.write import require_writable, write_report

    require_writable(output)
    with selected(store, wheres, baseline=True) as (opened, runs):
        path = write_report(opened, runs, output, metric=metric, group_by=group_by)
    click.echo(f"wrote {path} ({path.stat().st_size / 1e6:.1f} MB)")
