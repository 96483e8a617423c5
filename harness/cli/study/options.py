"""Options that the studies which train share weights have in common, and the experiment that they describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import read_settings, running_options

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from harness.leaderboard.end_to_end import Watcher
    from harness.output.page import Page
    from harness.planning.experiment import Experiment

EXPERIMENT_FIELDS = ("space", "table", "seeds", "workers", "store", "device", "gpus", "verify")
"""The flags that are fields of an experiment."""


def training_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a study that trains."""
    oracle = click.option("--oracle", default="supernet", show_default=True, metavar="NAME", help="Who shares weights.")
    return oracle(running_options(command))


def experiment_of(flags: Mapping[str, Any], settings: Mapping[str, Any]) -> Experiment:
    """The experiment of a study's flags, ``settings`` below what the user set."""
    from harness.planning.experiment import load_experiment

    fields = {name: flags[name] for name in EXPERIMENT_FIELDS if flags.get(name) is not None}
    own = {"oracles": (flags["oracle"],), "settings": {**settings, **read_settings(flags["settings"])}}
    return load_experiment(None, fields | own)


def watcher_of(flags: Mapping[str, Any]) -> Watcher:
    """What shows the runs of a study, by its flags."""
    from harness.live.display import display_for

    return display_for(flags["quiet"], flags["tensorboard"])


def show_study(page: Page, draw: Callable[[], Figure], plot: str | None, form: str) -> None:
    """Print the page of a study, and before it save the figure where ``plot`` names a file for it."""
    from harness.output.figure_files import save
    from harness.output.page import show

    if plot is not None:
        save(draw(), plot)
    show(page, form)
