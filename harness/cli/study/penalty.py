"""``harness study penalty``: what weight sharing costs each policy."""

from __future__ import annotations

from typing import Any

import click

from harness.cli.study.options import experiment_of, show_study, training_options, watcher_of


@click.command()
@click.option("--space", metavar="NAME", help="The search space (default: the table's, or nasbench101-v5).")
@click.option(
    "--policy",
    "policies",
    multiple=True,
    metavar="NAME",
    help="A policy; may be repeated (default: enas, nao and darts).",
)
@click.option("--table", metavar="NAME|PATH", help="The table that answers without weight sharing, and judges.")
@click.option("--recipe", "family", metavar="FAMILY", help="The recipes (default: digits, or austen for rnn spaces).")
@click.option("--paper", is_flag=True, help="The published scale: recipes cifar10 and ptb.")
@training_options
def penalty(policies: tuple[str, ...], family: str | None, paper: bool, **flags: Any) -> None:
    """Search with the same seeds without and with weight sharing, and compare the recommendations.

    Without weight sharing a table answers; gradients, for policies that ask for them, are estimated from its scores.
    Finished runs are read from the store and not repeated. (Yu et al. 2020, Tables 3 and 4)
    """
    from harness.studies.penalty.figure import plot_penalty
    from harness.studies.penalty.measure import POLICIES, space_of
    from harness.studies.penalty.measure import study_penalty as study
    from harness.studies.penalty.page import penalty_page
    from harness.studies.scale import settings_at_scale

    space = space_of(flags["space"], flags["table"])
    found = settings_at_scale(space, flags["oracle"], family, "paper" if paper else "reduced")
    experiment = experiment_of({**flags, "space": space, "table": flags["table"] or found.table}, found.settings)
    content = study(experiment, policies or POLICIES, watcher_of(flags))
    show_study(penalty_page(content), lambda: plot_penalty(content), flags)
