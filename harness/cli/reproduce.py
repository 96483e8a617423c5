"""``harness reproduce``: measure the paper's tables and figures, and compare with the printed numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import running_options
from harness.cli.study.options import experiment_of, watcher_of
from harness.output.terminal import echo

if TYPE_CHECKING:
    from harness.output.page import Page
    from harness.reproduce.item import Findings, ReproducedItem
    from harness.reproduce.request import ReproduceRequest


@click.command(short_help="Measure a table or figure of the paper, and compare.")
@click.argument("name", metavar="ITEM")
@click.option(
    "--scale",
    type=click.Choice(("quick", "paper")),
    default="quick",
    show_default=True,
    help="quick: what two cores and the shipped data can do; paper: the published protocol, for GPUs.",
)
@click.option("--table", metavar="NAME|PATH", help="The ground-truth table (default: that of the scale).")
@click.option("--dry-run", is_flag=True, help="Print which runs are done and to do, with their cost, and stop.")
@click.option("--stored", is_flag=True, help="Run nothing: show what the store has, and a dash for the rest.")
@click.option(
    "--output", metavar="DIR", type=click.Path(), help="Also write ITEM.csv, .tex, .json, .svg and .png into DIR."
)
@running_options
def reproduce(
    name: str, dry_run: bool, stored: bool, output: str | None, plot: str | None, form: str, as_json: bool, **flags: Any
) -> None:
    """Measure a table or figure of Yu et al. 2020 and print the results next to their numbers.

    ITEM is table1 to table6, figure2, figure3, figure4, figure6 or figure7. The runs are those of `harness run` and
    `harness study`; runs that the store has are not repeated. A cell that was not measured is a dash, with the command
    that measures it.
    """
    from harness.reproduce import items
    from harness.reproduce.output import require_folder
    from harness.reproduce.pages import item_page, plan_page

    item, request = items.find(name), _request(flags)
    items.require_table(item, request)
    form = "json" if as_json else form
    if dry_run:
        return _show(plan_page(item, request, items.schedules(item, request)), form)
    if output is not None:
        require_folder(output)
    watcher = watcher_of(flags)
    if not stored:
        items.perform_missing(item, request, watcher)
    findings = item.find(request, watcher)
    page = item_page(item, request, findings)
    _write(item, findings, output, plot, page)
    return _show(page, form)


def _show(page: Page, form: str) -> None:
    """Print the page; as a table, its long commands are wrapped in a form that a shell can read."""
    from harness.output.page import show
    from harness.reproduce.pages import wrap_commands

    show(wrap_commands(page) if form == "table" else page, form)


def _request(flags: Mapping[str, Any]) -> ReproduceRequest:
    """The request that the flags describe."""
    from harness.reproduce.request import ReproduceRequest

    return ReproduceRequest(flags["scale"], experiment_of({**flags, "table": None}, {}), flags["table"])


def _write(item: ReproducedItem, findings: Findings, output: str | None, plot: str | None, page: Page) -> None:
    """Write the files that were asked for; raises IncompatibleError for ``--plot`` if there is nothing to draw."""
    from harness.core.errors import IncompatibleError
    from harness.output.figure_files import save
    from harness.reproduce.cells import Missing
    from harness.reproduce.output import write

    if plot is not None:
        if isinstance(findings.figure, Missing):
            raise IncompatibleError(f"--plot: there is nothing to draw of {item.name}: {findings.figure.reason}")
        save(findings.figure(), plot)
    if output is not None:
        for path in write(output, item.name, page, findings.figure):
            echo(f"wrote {path}", err=True)
