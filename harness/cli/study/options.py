"""Options that the studies share, and the experiment that the options describe."""

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
    """Give a command the options of a study that trains shared weights."""
    oracle = click.option(
        "--oracle", default="supernet", show_default=True, metavar="NAME", help="The oracle that shares weights."
    )
    return oracle(running_options(command))


def experiment_of(flags: Mapping[str, Any], settings: Mapping[str, Any]) -> Experiment:
    """The experiment that a command's flags describe; the user's ``--set`` overrides ``settings``."""
    from harness.planning.experiment import load_experiment

    fields = {name: flags[name] for name in EXPERIMENT_FIELDS if flags.get(name) is not None}
    fields |= {"oracles": (flags["oracle"],)} if "oracle" in flags else {}
    return load_experiment(None, fields | {"settings": {**settings, **read_settings(flags["settings"])}})


def watcher_of(flags: Mapping[str, Any]) -> Watcher:
    """The display of the runs that its flags ask for."""
    from harness.live.display import display_for

    return display_for(flags["quiet"], flags["tensorboard"])


def show_study(page: Page, draw: Callable[[], Figure], flags: Mapping[str, Any]) -> None:
    """Save the figure of a study if ``--plot`` names a file, then print its page in the form that the flags ask for."""
    from harness.output.figure_files import save
    from harness.output.page import show

    if flags["plot"] is not None:
        save(draw(), flags["plot"])
    show(page, "json" if flags["as_json"] else flags["form"])
