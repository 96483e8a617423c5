"""The command line. Command modules import only click at the top, so that ``harness --help`` answers at once."""

from __future__ import annotations

import errno
import os
import signal
import sys

import click

from harness import __version__
from harness.cli.commands import LazyGroup
from harness.core.errors import HarnessError
from harness.output.terminal import echo

INTERRUPTED, TERMINATED = 130, 143

COMMAND_PATHS = {
    "run": "harness.cli.run:run",
    "watch": "harness.cli.watch:watch",
    "leaderboard": "harness.cli.leaderboard:leaderboard",
    "compare": "harness.cli.compare:compare",
    "power": "harness.cli.power:power",
    "report": "harness.cli.report:report",
    "reproduce": "harness.cli.reproduce:reproduce",
    "study": "harness.cli.study:study_group",
    "export": "harness.cli.export:export",
    "merge": "harness.cli.merge:merge",
    "show": "harness.cli.listing:show",
    "list": "harness.cli.listing:list_group",
    "surrogate": "harness.cli.surrogate:surrogate_group",
    "space": "harness.cli.space:space_group",
    "table": "harness.cli.table:table_group",
    "data": "harness.cli.data:data_group",
}


@click.group(
    cls=LazyGroup,
    paths=COMMAND_PATHS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, package_name="nas-search-harness")
def cli() -> None:
    """Measure how good the search phase of neural architecture search is."""


class _TerminatedError(KeyboardInterrupt):
    """SIGTERM, which ends a command as Ctrl-C does."""


def _terminate(*_: object) -> None:
    raise _TerminatedError


def main() -> None:
    """Run the command line; a user's mistake is one line on standard error and exit status 2."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        status = cli.main(standalone_mode=False)
    except HarnessError as error:
        status = _print_error(str(error))
    except click.ClickException as error:
        status = _print_error(error.format_message())
    except (KeyboardInterrupt, click.Abort) as error:
        terminated = isinstance(error, _TerminatedError) or isinstance(error.__context__, _TerminatedError)
        what, status = ("terminated", TERMINATED) if terminated else ("interrupted", INTERRUPTED)
        echo(f"{what}; nothing finished is lost: run the same command again to go on", err=True)
    except BrokenPipeError:  # the reader of our output closed the pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 1
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        status = _print_error("the disk is full; make room and give the same command again")
    sys.exit(status if isinstance(status, int) else 0)


def _print_error(message: str) -> int:
    echo(f"error: {' '.join(message.split())}", err=True)
    return 2
