"""The command line. Command modules import only click at the top, so that ``harness --help`` answers at once."""

from __future__ import annotations

import os
import sys

import click

from harness import __version__
from harness.cli.commands import Commands
from harness.cli.data import data_group
from harness.cli.listing import list_group, show
from harness.cli.run import run
from harness.cli.space import space_group
from harness.cli.study import study_group
from harness.cli.table import table_group
from harness.core.errors import HarnessError

INTERRUPTED = 130


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, package_name="nas-search-harness")
def cli() -> None:
    """Measure how good the search phase of neural architecture search is."""


for command in (run, show, list_group, space_group, table_group, data_group, study_group):
    cli.add_command(command)


def main() -> None:
    """Run the command line; a user's mistake is one line on standard error and exit status 2."""
    try:
        status = cli.main(standalone_mode=False)
    except HarnessError as error:
        status = _complain(str(error))
    except click.ClickException as error:
        status = _complain(error.format_message())
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted; nothing finished is lost: run the same command again to go on", err=True)
        status = INTERRUPTED
    except BrokenPipeError:  # the reader of our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    sys.exit(status if isinstance(status, int) else 0)


def _complain(message: str) -> int:
    click.echo(f"error: {' '.join(message.split())}", err=True)
    return 2
