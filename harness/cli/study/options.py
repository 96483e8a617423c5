"""Options that the studies which train share weights have in common, and the experiment that they describe."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from harness.cli.options import data_option, format_option, json_option, plot_option, read_settings, set_option

if TYPE_CHECKING:
    from harness.experiment import Experiment

DEVICES = ("auto", "cpu", "cuda")

FIELDS = ("space", "table", "seeds", "workers", "store", "device", "gpus", "verify")
"""The flags that are fields of an experiment."""

TRAINING = (
    click.option("--oracle", default="supernet", show_default=True, metavar="NAME", help="Who shares weights."),
    click.option("--seeds", metavar="A:B|A,B,C", help="The seeds (default: 1268:1278, ten of them)."),
    click.option(
        "--workers", type=click.IntRange(min=1), metavar="N", help="Runs at a time (default: one a core or GPU)."
    ),
    click.option("--store", metavar="URL", help="The run store (default: sqlite:///runs/harness.db)."),
    click.option("--device", type=click.Choice(DEVICES), help="Where to train (default: the oracle's)."),
    click.option("--gpus", metavar="0,1", help="The GPUs to spread the runs over, one run at a time on each."),
    data_option,
    click.option("--no-verify", "verify", flag_value=False, default=None, help="Skip the check of the training data."),
    set_option,
    plot_option,
    format_option,
    json_option,
)


def training_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of a study that trains."""
    for option in reversed(TRAINING):
        command = option(command)
    return command


def experiment_of(flags: Mapping[str, Any], settings: Mapping[str, Any]) -> Experiment:
    """The experiment of a study's flags, ``settings`` below what the user set."""
    from harness.experiment import load_experiment

    fields = {name: flags[name] for name in FIELDS if flags.get(name) is not None}
    own = {"oracles": (flags["oracle"],), "settings": {**settings, **read_settings(flags["settings"])}}
    return load_experiment(None, fields | own)
