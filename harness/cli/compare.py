"""``harness compare``: compare two stores or leaderboards row by row."""

from __future__ import annotations

import click

from harness.cli.options import format_option, json_option
from harness.cli.selecting import where_option


@click.command()
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@where_option
@format_option
@json_option
def compare(a: str, b: str, wheres: tuple[str, ...], form: str, as_json: bool) -> None:
    """Compare two leaderboards row by row, and list recorded differences that may explain the results.

    A and B are stores (a URL or an SQLite file) or JSON files that `harness leaderboard --json` wrote. Rows are matched
    by policy, oracle, space and truth; each pair is tested by Welch's test, with Holm's correction over all pairs.
    Differing settings, versions, seeds and table digests are listed below. Runs that were not judged yet are judged.
    """
    from harness.leaderboard.compared_boards import read_leaderboard
    from harness.leaderboard.differences import differences
    from harness.leaderboard.differences_page import page
    from harness.output.page import show

    found = differences(read_leaderboard(a, wheres), read_leaderboard(b, wheres))
    show(page(found, a, b), "json" if as_json else form)
