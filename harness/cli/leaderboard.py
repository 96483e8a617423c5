"""``harness leaderboard``: the leaderboards of a store, from its runs as they are."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.options import format_option, json_option, plot_option
from harness.cli.selecting import group_option, selected, store_option, where_option
from harness.output.terminal import print_page


@click.command()
@store_option
@where_option
@group_option
@click.option("--metric", metavar="M", help="Judge by this metric of the table (default: that of its test data).")
@click.option("--statistics", is_flag=True, help="Also show intervals, other tests and effect sizes.")
@click.option("--pairs", is_flag=True, help="Show every pair of policies in place of the leaderboard.")
@click.option("--no-equal-cost", "searches", flag_value=False, default=True, help="Leave random search out.")
@click.option(
    "--figure",
    "drawn",
    type=click.Choice(("ranks", "scatter", "distribution", "critical-difference")),
    default="ranks",
    show_default=True,
    help="What --plot draws.",
)
@plot_option
@format_option
@json_option
def leaderboard(
    store: str | None,
    wheres: tuple[str, ...],
    form: str,
    as_json: bool,
    plot: str | None,
    drawn: str,
    **asked: Any,
) -> None:
    """Show the leaderboards of a store, one for each space and truth; nothing is run.

    The random draws that the others are tested against stay whatever --where says of policies, oracles and settings.
    Runs of one policy that differ in a setting are rows of their own. Runs that were not judged yet are judged, and
    that look at the truth is recorded. Where the store holds runs of random-search, each policy is compared with it at
    equal cost, which is a look too; --no-equal-cost does without. Random searches that `harness run` added for that
    are no rows, unless --where policy=random-search asks for them. --plot draws the ranks (Yu et al.
    2020, Fig. 3), cost against value, where the picks lie among all cells, or mean ranks over several leaderboards
    (Demsar 2006).
    """
    from harness.leaderboard.board_formats import terminal_parts, text
    from harness.leaderboard.stored_boards import stored_boards

    shown = {"statistics": asked.pop("statistics"), "pairs": asked.pop("pairs")}
    with selected(store, wheres, baseline=True) as (opened, runs):
        found = stored_boards(opened, runs, **asked)
    if plot is not None:
        from harness.figures.leaderboard_figures import draw_leaderboard
        from harness.output.figure_files import save

        save(draw_leaderboard(drawn, found), plot)
    if form == "table" and not as_json:
        return print_page(*terminal_parts(found, **shown))
    return click.echo(text(found, "json" if as_json else form, **shown), nl=False)
