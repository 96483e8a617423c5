"""``harness study noise``: does the order of policies change when the search sees noisier scores?"""

from __future__ import annotations

from typing import Any

import click

from harness.cli.options import running_options
from harness.cli.study.options import experiment_of, show_study, watcher_of


@click.command()
@click.option("--table", required=True, metavar="NAME|PATH", help="The table that answers and judges.")
@click.option("--space", metavar="NAME", help="The search space (default: the table's).")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="NAME",
    help="A policy; may be repeated (default: random-search, evolution and nao).",
)
@click.option("--oracle", default="tabular", show_default=True, metavar="NAME", help="The oracle that reads the table.")
@click.option(
    "--epochs",
    multiple=True,
    type=click.IntRange(min=1),
    metavar="N",
    help="A shorter budget to search by; may be repeated (default: the table's, at most 8).",
)
@click.option(
    "--budget-queries", "queries", default=200, show_default=True, type=click.IntRange(min=1), help="Scores of a run."
)
@running_options
def noise(policies: tuple[str, ...], epochs: tuple[int, ...], queries: int, **flags: Any) -> None:
    """Search by one repeat or by shorter trainings of a table, and compare with a search by the mean of all repeats.

    Each condition has the same policies and seeds, judged by the same truth. Finished runs are read from the store and
    not repeated.
    """
    from harness.planning.experiment import BudgetFields
    from harness.studies.noise.figure import plot_noise
    from harness.studies.noise.measure import POLICIES
    from harness.studies.noise.measure import study_noise as study
    from harness.studies.noise.page import noise_page

    experiment = experiment_of(flags, {}).model_copy(update={"budget": BudgetFields(queries=queries)})
    content = study(experiment, policies or POLICIES, watcher_of(flags), epochs=epochs)
    show_study(noise_page(content), lambda: plot_noise(content), flags)
