"""``harness study sharing-amount``: are cells that share more weights ranked worse?"""

from __future__ import annotations

from typing import Any, Literal

import click

from harness.cli.study.options import experiment_of, show_study, training_options, watcher_of

KINDS: dict[str, Literal["images", "text"]] = {"nasbench101": "images", "rnn": "text"}


@click.command("sharing-amount")
@click.option("--space", default="nasbench101", show_default=True, type=click.Choice(tuple(KINDS)), help="The space.")
@click.option("--table", metavar="NAME|PATH", help="A table of all 12 cells as the truth (default: train them).")
@click.option("--truth-recipe", metavar="RECIPE", help="How to train the 12 cells alone, if no table is the truth.")
@click.option("--recipe", "family", metavar="FAMILY", help="The supernet's recipes (default: digits, or austen).")
@click.option("--paper", is_flag=True, help="The published scale: recipes cifar10 and ptb, table nasbench101.")
@click.option("--truth", "split", type=click.Choice(("validation", "test")), help="The split of the truth's metric.")
@training_options
def sharing_amount(
    space: str, truth_recipe: str | None, family: str | None, paper: bool, split: str | None, **flags: Any
) -> None:
    """Train shared weights on 12 cells in groups that share 0, 1, 2 (and 3) matrices, and rank them.

    The truth is test accuracy, or for recurrent cells validation perplexity, of a table, or of training the cells
    alone. (Yu et al. 2020, App. D.1, Table 5 and Fig. 6)
    """
    from harness.studies.scale import table_here, truth_at_scale
    from harness.studies.sharing_amount.figure import plot_sharing_amount
    from harness.studies.sharing_amount.measure import study_sharing_amount as study
    from harness.studies.sharing_amount.page import sharing_amount_page

    kind = KINDS[space]
    found = truth_at_scale(kind, flags["oracle"], family, "paper" if paper else "reduced")
    table = flags["table"] or (None if truth_recipe else table_here(found))
    experiment = experiment_of({**flags, "table": table}, found.settings)
    content = study(kind, experiment, watcher_of(flags), recipe=truth_recipe or found.recipe, split=split)
    show_study(sharing_amount_page(content), lambda: plot_sharing_amount(content), flags)
