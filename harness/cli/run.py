"""``harness run``: search with policies against an oracle, and rank them against random."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from harness.cli.options import print_page, read_settings, running_options


@click.command()
@click.argument("experiment_file", required=False, metavar="[EXPERIMENT.YAML]", type=click.Path())
@click.option("--policy", "policies", multiple=True, metavar="NAME", help="A policy to compare; may be repeated.")
@click.option(
    "--oracle", "oracles", multiple=True, metavar="NAME", help="Who answers (default: tabular); may be repeated."
)
@click.option("--space", metavar="NAME", help="The search space (default: the table's).")
@click.option("--table", metavar="NAME|PATH", help="The ground-truth table.")
@click.option("--budget-queries", type=click.IntRange(min=1), metavar="N", help="Scores and slopes a run.")
@click.option("--budget-epochs", type=click.FloatRange(min=0, min_open=True), metavar="N", help="Epochs a run.")
@click.option("--budget-seconds", type=click.FloatRange(min=0, min_open=True), metavar="S", help="Seconds a run.")
@click.option("--search-metric", metavar="M", help="What the search sees (default: validation).")
@click.option("--judge", metavar="table|RECIPE", help="What judges: a table, or training from scratch by a recipe.")
@running_options
def run(experiment_file: str | None, form: str, as_json: bool, plot: str | None, **flags: Any) -> None:
    """Search with each policy against each oracle, random beside them, and rank what they recommend.

    Finished runs are found in the store and not done again; an interrupted run goes on from its last checkpoint. --plot
    draws the rank of every seed (Yu et al. 2020, Fig. 3).
    """
    from harness.compare import compare
    from harness.core.errors import SettingError
    from harness.display import Display
    from harness.experiment import BY_TABLE, load_experiment
    from harness.render import render, terminal

    experiment = load_experiment(experiment_file, _overrides(flags))
    if plot is not None and experiment.judge != BY_TABLE:
        raise SettingError(
            f"--plot draws ranks, and judge {experiment.judge!r} ranks nothing; leave one of the two out"
        )
    board = compare(experiment, Display())
    if plot is not None:
        from harness.figures.ranks import ranks, ranks_of
        from harness.figures.save import save

        save(ranks(ranks_of(board)), plot)
    if form == "table" and not as_json:
        return print_page(terminal(board))
    return click.echo(render(board, "json" if as_json else form), nl=False)


def _overrides(flags: Mapping[str, Any]) -> dict[str, Any]:
    """The flags that were given, in the experiment file's shape."""
    budget = {name: flags[f"budget_{name}"] for name in ("queries", "epochs", "seconds")}
    apart = ("settings", *(f"budget_{name}" for name in budget))
    fields = {name: value for name, value in flags.items() if name not in apart and value not in (None, ())}
    given = {name: value for name, value in budget.items() if value is not None}
    return fields | {"settings": read_settings(flags["settings"]), "budget": given}
