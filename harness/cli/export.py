"""``harness export``: write what a store holds as data for other programs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from harness.cli.selecting import group_option, selected, store_option, where_option
from harness.core.errors import SettingError
from harness.output.terminal import Printed

if TYPE_CHECKING:
    from harness.export.columns import ExportColumn

FORMATS = ("csv", "json", "parquet", "markdown", "latex")

output_option = click.option("--output", metavar="FILE", type=click.Path(), help="Where to write (default: print).")
form_option = click.option(
    "--format", "form", type=click.Choice(FORMATS), default="csv", show_default=True, help="Output form."
)


class ExportCommand(click.Command):
    """A command whose help ends with the columns that it writes."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Add the columns of the export that the command is named after."""
        from harness.export.columns import columns_of

        with formatter.section("Columns"):
            rows = [(column.name, f"{_type(column)}: {column.meaning}") for column in columns_of(self.name or "")]
            formatter.write_dl(rows)


def _type(column: ExportColumn) -> str:
    return f"{column.type}, {column.unit}" if column.unit else column.type


@click.group()
def export() -> None:
    """Write runs, trials or leaderboards of a store as CSV, JSON, Parquet, Markdown or LaTeX.

    Each is one long table with documented columns; `harness export runs --help` lists them, and harness.load_runs() and
    harness.load_trials() give the same as pandas data frames. Accuracies are fractions; missing values are empty or
    null. In CSV, a ' precedes a text that a spreadsheet would take for a formula. Markdown and LaTeX have only the
    columns meant for reading.
    """


def _options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (output_option, form_option, where_option, store_option):
        command = option(command)
    return command


@export.command(cls=ExportCommand)
@_options
def runs(store: str | None, wheres: tuple[str, ...], form: str, output: str | None) -> None:
    """Write a row for each run and each truth that judged it; no run is judged for this."""
    from harness.export.columns import RUN_COLUMNS
    from harness.export.rows import run_rows

    _require_file(form, output)
    with selected(store, wheres) as (opened, found):
        _write(run_rows(opened, found), RUN_COLUMNS, form, output)


@export.command(cls=ExportCommand)
@_options
def trials(store: str | None, wheres: tuple[str, ...], form: str, output: str | None) -> None:
    """Write a row for each answered Score; rows are streamed, so memory does not limit their number."""
    from harness.export.columns import TRIAL_COLUMNS
    from harness.export.rows import trial_rows

    if form == "latex":
        raise SettingError("trials are too many for LaTeX; use --format csv, json or parquet")
    _require_file(form, output)
    with selected(store, wheres) as (opened, found):
        _write(trial_rows(opened, found), TRIAL_COLUMNS, form, output)


@export.command(cls=ExportCommand)
@_options
@group_option
@click.option("--metric", metavar="M", help="Judge by this metric of the table (default: its test metric).")
def leaderboard(store: str | None, wheres: tuple[str, ...], form: str, output: str | None, **asked: Any) -> None:
    """Write a row for each policy of each leaderboard; runs that were not judged yet are judged."""
    from harness.export.columns import leaderboard_columns
    from harness.export.rows import board_rows
    from harness.leaderboard.board_formats import text
    from harness.leaderboard.stored_boards import stored_boards

    _require_file(form, output)
    with selected(store, wheres, baseline=True) as (opened, found):
        boards = stored_boards(opened, found, searches=False, **asked)
    if form in ("markdown", "latex"):
        return _save(lambda out: out.write(text(boards, form, statistics=False, pairs=False)), output)
    return _write(board_rows(boards), leaderboard_columns(), form, output)


def _require_file(form: str, output: str | None) -> None:
    if form == "parquet" and output is None:
        raise SettingError("--format parquet is no text to print; give --output FILE")


def _write(rows: Any, columns: Any, form: str, output: str | None) -> None:
    from harness.export.files import WRITERS

    writer = WRITERS[form]
    _save(lambda out: writer(rows, columns, out), output, binary=form == "parquet")


def _save(write: Callable[[Any], Any], output: str | None, *, binary: bool = False) -> None:
    from harness.export.files import export_file

    if output is None:
        write(Printed() if sys.stdout.isatty() else sys.stdout)
        sys.stdout.flush()
        return
    with export_file(output, binary=binary) as out:
        write(out)
