"""``harness power``: how many seeds it takes to find a difference from random."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.options import format_option, json_option


@click.command()
@click.option(
    "--store",
    metavar="URL",
    help="Take the deviations of this store's runs (default, without --table: sqlite:///runs/harness.db).",
)
@click.option("--policy", "policies", multiple=True, metavar="NAME", help="A policy of the store; may be repeated.")
@click.option("--table", metavar="NAME|PATH", help="Take the deviation of its cells; with --store, of runs it judges.")
@click.option("--difference", type=float, metavar="D", help="The difference to find, in points or as a perplexity.")
@click.option("--seeds", type=click.IntRange(min=2), metavar="N", help="The seeds of each policy.")
@click.option("--power", type=float, default=0.8, show_default=True, help="How likely the difference is to be found.")
@click.option("--level", type=float, default=0.05, show_default=True, help="The level of Welch's two-sided test.")
@format_option
@json_option
def power(form: str, as_json: bool, **asked: Any) -> None:
    """Compute how many seeds find a difference from random, and which difference a number of seeds finds.

    Before any run, a table gives the deviation of random draws; after runs, a store gives that of each policy. With
    both --difference and --seeds, the chance that these seeds find this difference is printed, too.
    """
    from harness.leaderboard.power_analysis import DIFFERENCES, SEEDS, PowerQuestion, bases_of_store, basis_of_table
    from harness.leaderboard.power_page import planning_page
    from harness.output.page import show
    from harness.planning.experiment import DEFAULT_STORE

    question = PowerQuestion(
        differences=DIFFERENCES if asked["difference"] is None else (asked["difference"],),
        seeds=SEEDS if asked["seeds"] is None else (asked["seeds"],),
        power=asked["power"],
        level=asked["level"],
    )
    store, policies, table = asked["store"], asked["policies"], asked["table"]
    if table and not store and not policies:
        bases = [basis_of_table(table)]
    else:
        bases = bases_of_store(store or DEFAULT_STORE, policies, table)
    show(planning_page(bases, question), "json" if as_json else form)
