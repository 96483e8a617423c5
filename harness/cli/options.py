"""Options that several commands share, the reading of ``--set``, and the printing of JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from typing import Any

import click

from harness.core.errors import SettingError
from harness.core.quoting import quoted
from harness.output.terminal import echo
from harness.output.text_tables import FORMATS


def read_settings(pairs: Sequence[str]) -> dict[str, Any]:
    """Turn ``KEY=VALUE`` texts into settings, values read as YAML scalars; raises SettingError without a ``=``."""
    import yaml

    from harness.files.yaml_text import read_yaml

    settings: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise SettingError(f"--set {quoted(pair)} must look like KEY=VALUE, for example oracle.repeat=sample")
        try:
            settings[key] = read_yaml(value)
        except yaml.YAMLError as error:
            raise SettingError(f"--set {quoted(pair)}: the value is not a YAML scalar") from error
    return settings


def print_json(document: Any) -> None:
    """Print one document on standard output; raises ValueError for NaN."""
    echo(json.dumps(document, indent=2, allow_nan=False))


def _set_data_folder(_context: click.Context, _option: click.Parameter, folder: str | None) -> None:
    """Set HARNESS_DATA for this process and its workers: the folder of the training data is no part of a run."""
    if folder is not None:
        os.environ["HARNESS_DATA"] = folder


def require_drawable(_context: click.Context, option: click.Parameter, path: str | None) -> str | None:
    """Raise SettingError for a figure that cannot be written, before anything is computed for it."""
    if path is not None:
        from harness.output.figure_files import require_plottable

        require_plottable(path, option.opts[0])
    return path


set_option = click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change a setting.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
format_option = click.option(
    "--format", "form", type=click.Choice(FORMATS), default="table", show_default=True, help="Output form."
)
margin_option = click.option(
    "--margin",
    type=click.FloatRange(min=0, min_open=True),
    metavar="X",
    help="The difference that counts as none: points of accuracy (default: 0.25) or per cent of a perplexity (1).",
)
plot_option = click.option(
    "--plot", metavar="FILE", callback=require_drawable, help="Also draw the figure into FILE (.png, .svg or .pdf)."
)
data_option = click.option(
    "--data-dir",
    type=click.Path(exists=True, file_okay=False, resolve_path=True),
    metavar="DIR",
    callback=_set_data_folder,
    expose_value=False,
    help="Where the training data lies (default: $HARNESS_DATA, or the user's cache).",
)

RUN_OPTIONS = (
    click.option("--seeds", metavar="A:B|A,B,C", help="The seeds (default: 1268:1278, ten of them)."),
    click.option(
        "--workers", type=click.IntRange(min=1), metavar="N", help="Runs at a time (default: one for each core or GPU)."
    ),
    click.option("--store", metavar="URL", help="The run store (default: sqlite:///runs/harness.db)."),
    click.option(
        "--device",
        type=click.Choice(("auto", "cpu", "cuda")),
        help="The device to train on; auto takes a GPU if there is one (default: the oracle's).",
    ),
    click.option("--gpus", metavar="0,1", help="The GPUs to spread the runs over, one run at a time on each."),
    data_option,
    click.option("--no-verify", "verify", flag_value=False, default=None, help="Skip the check of the training data."),
    set_option,
    click.option("--quiet", is_flag=True, help="Print only results and warnings, no progress."),
    click.option("--tensorboard", metavar="DIR", help="Also write the scores of each run for TensorBoard, below DIR."),
    plot_option,
    format_option,
    json_option,
)


def running_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of performing runs and showing their results."""
    for option in reversed(RUN_OPTIONS):
        command = option(command)
    return command
