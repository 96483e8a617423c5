"""``harness run``: search with policies against an oracle, and rank them against random."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import margin_option, read_settings, require_drawable, running_options
from harness.output.terminal import echo, print_page

if TYPE_CHECKING:
    from harness.leaderboard.anytime import CostAxis
    from harness.leaderboard.leaderboard import Leaderboard
    from harness.planning.experiment import Experiment


@click.command()
@click.argument("experiment_file", required=False, metavar="[EXPERIMENT.YAML]", type=click.Path())
@click.option("--policy", "policies", multiple=True, metavar="NAME", help="A policy to compare; may be repeated.")
@click.option(
    "--oracle", "oracles", multiple=True, metavar="NAME", help="What answers (default: tabular); may be repeated."
)
@click.option("--space", metavar="NAME", help="The search space (default: the table's).")
@click.option("--table", metavar="NAME|PATH", help="The ground-truth table.")
@click.option(
    "--budget-queries",
    type=click.IntRange(min=1),
    metavar="N",
    help="At most N Scores and Gradients; on a table, evaluations: a cell asked again is free.",
)
@click.option("--budget-epochs", type=click.FloatRange(min=0, min_open=True), metavar="N", help="At most N epochs.")
@click.option("--budget-seconds", type=click.FloatRange(min=0, min_open=True), metavar="S", help="At most S seconds.")
@click.option("--search-metric", metavar="M", help="The metric that the search sees (default: validation).")
@click.option("--judge", metavar="table|RECIPE", help="What judges: a table, or training from scratch by a recipe.")
@click.option(
    "--no-equal-cost",
    "equal_cost",
    flag_value=False,
    default=None,
    help="Leave out random search at the same cost as each policy.",
)
@margin_option
@click.option(
    "--curves",
    metavar="FILE",
    callback=require_drawable,
    help="Draw the regret of the best so far into FILE (.png, .svg or .pdf).",
)
@click.option(
    "--over",
    type=click.Choice(("queries", "epochs", "seconds")),
    default="queries",
    show_default=True,
    help="The cost on the x axis of --curves.",
)
@running_options
def run(experiment_file: str | None, quiet: bool, tensorboard: str | None, **flags: Any) -> int:
    """Search with each policy against each oracle, and rank the recommendations against random draws.

    If a table answers, random search at the same cost is run as well. Finished runs are read from the store and not
    repeated; an interrupted run continues from its last checkpoint. If a run fails, the others go on, and the exit
    status is 1. --plot draws the rank of every seed (Yu et al.
    2020, Fig. 3).
    """
    from harness.leaderboard.end_to_end import compare
    from harness.live.display import display_for
    from harness.planning.experiment import load_experiment

    shown = {name: flags.pop(name) for name in ("form", "as_json", "plot", "curves", "over")}
    experiment = load_experiment(experiment_file, _overrides(flags))
    _require_ranking(experiment, {"--plot draws ranks": shown["plot"], "--curves draws regrets": shown["curves"]})
    board = compare(experiment, display_for(quiet, tensorboard))
    if shown["plot"] is not None:
        _draw_ranks(board, shown["plot"])
    if shown["curves"] is not None:
        _draw_curves(experiment, board, shown["curves"], shown["over"])
    _print(board, shown["form"], as_json=shown["as_json"])
    return 1 if board.failed_runs else 0


def _print(board: Leaderboard, form: str, *, as_json: bool) -> None:
    from harness.leaderboard.formats import render, terminal

    if form == "table" and not as_json:
        return print_page(terminal(board))
    return echo(render(board, "json" if as_json else form), nl=False)


def _require_ranking(experiment: Experiment, wanted: Mapping[str, str | None]) -> None:
    """Raise SettingError for a figure that needs ranks if the judge trains only the recommendations."""
    from harness.core.errors import SettingError
    from harness.planning.experiment import BY_TABLE

    for what, path in wanted.items():
        if path is not None and experiment.judge != BY_TABLE:
            raise SettingError(f"{what}, and judge {experiment.judge!r} ranks nothing; leave one of the two out")


def _draw_ranks(board: Leaderboard, path: str) -> None:
    from harness.figures.ranks import ranks, ranks_data
    from harness.output.figure_files import save

    save(ranks(ranks_data(board)), path)


def _draw_curves(experiment: Experiment, board: Leaderboard, path: str, over: CostAxis) -> None:
    from harness.figures.anytime import anytime_data, plot_anytime
    from harness.leaderboard.end_to_end import trajectories_of_experiment
    from harness.output.figure_files import save

    save(plot_anytime(anytime_data(trajectories_of_experiment(experiment), board, axis=over)), path, option="--curves")


def _overrides(flags: Mapping[str, Any]) -> dict[str, Any]:
    """The given flags as fields of an experiment file."""
    budget = {name: flags[f"budget_{name}"] for name in ("queries", "epochs", "seconds")}
    apart = ("settings", *(f"budget_{name}" for name in budget))
    fields = {name: value for name, value in flags.items() if name not in apart and value not in (None, ())}
    given = {name: value for name, value in budget.items() if value is not None}
    return fields | {"settings": read_settings(flags["settings"]), "budget": given}
