"""``harness leaderboard``: show the leaderboards of a store; no run is performed."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.options import format_option, json_option, margin_option, plot_option
from harness.cli.selecting import group_option, selected, store_option, where_option
from harness.output.terminal import echo, print_page


@click.command()
@store_option
@where_option
@group_option
@click.option("--metric", metavar="M", help="Judge by this metric of the table (default: its test metric).")
@click.option("--statistics", is_flag=True, help="Also show intervals, other tests and effect sizes.")
@click.option("--pairs", is_flag=True, help="Show every pair of policies in place of the leaderboard.")
@click.option("--no-equal-cost", "searches", flag_value=False, default=True, help="Leave out random search.")
@margin_option
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
    store: str | None, wheres: tuple[str, ...], form: str, as_json: bool, plot: str | None, drawn: str, **asked: Any
) -> None:
    """Show the leaderboards of a store, one for each space and truth; nothing is run.

    --where never removes the random draws that the other policies are tested against. Runs of one policy with different
    settings are separate rows. Runs that were not judged yet are judged, and each look at the truth is recorded. If the
    store holds runs of random-search, each policy is compared with it at equal cost, which also looks at the truth;
    --no-equal-cost leaves this out. Random searches that `harness run` added for this comparison are rows only with
    --where policy=random-search. --plot draws the ranks (Yu et al. 2020, Fig. 3), values against costs, where the
    recommendations lie among all cells, or mean ranks over several leaderboards (Demsar 2006).
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
    return echo(text(found, "json" if as_json else form, **shown), nl=False)
