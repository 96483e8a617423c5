"""``harness study weight-sharing``: how well do shared weights rank cells?"""

from __future__ import annotations

from typing import Any

import click

from harness.cli.study.options import experiment_of, show_study, training_options, watcher_of


@click.command("weight-sharing")
@click.option("--space", default="nasbench101-v5", show_default=True, metavar="NAME", help="The search space.")
@click.option("--table", metavar="NAME|PATH", help="The ground-truth table (default: one that covers the space).")
@click.option("--recipe", "family", metavar="FAMILY", help="The recipes (default: digits, or austen for rnn spaces).")
@click.option("--paper", is_flag=True, help="The published scale: recipes cifar10 and ptb.")
@click.option(
    "--score-epochs", metavar="E,E,...", help="Score after these epochs, 0 is before the first (default: each quarter)."
)
@click.option(
    "--cells", type=click.IntRange(min=3, max=200), metavar="N", help="How many cells to score (default: 200, or all)."
)
@click.option("--truth", "split", type=click.Choice(("validation", "test")), help="The split of the table's metric.")
@training_options
def weight_sharing(family: str | None, paper: bool, score_epochs: str | None, split: str | None, **flags: Any) -> None:
    """Train shared weights on uniformly drawn cells, rank cells by them, and compare with a table's truth.

    The truth is test accuracy, or for recurrent cells validation perplexity, unless --truth says otherwise. Finished
    runs are read from the store and not repeated. (Yu et al. 2020, Sec. 4.3, Fig. 4)
    """
    from harness.studies.scale import epochs_of, settings_at_scale, table_here
    from harness.studies.weight_sharing.figure import plot_weight_sharing
    from harness.studies.weight_sharing.measure import study_weight_sharing as study
    from harness.studies.weight_sharing.page import weight_sharing_page

    found = settings_at_scale(flags["space"], flags["oracle"], family, "paper" if paper else "reduced")
    settings = found.settings | ({} if flags["cells"] is None else {"policy.scored": flags["cells"]})
    experiment = experiment_of({**flags, "table": flags["table"] or table_here(found)}, settings)
    content = study(experiment, watcher_of(flags), score_epochs=epochs_of(score_epochs), split=split)
    show_study(weight_sharing_page(content), lambda: plot_weight_sharing(content), flags)
