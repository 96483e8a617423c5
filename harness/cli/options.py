"""What the commands share: reading ``--set``, and printing one JSON document."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from harness.core.errors import SettingError


def read_settings(pairs: Sequence[str]) -> dict[str, Any]:
    """Turn ``KEY=VALUE`` texts into settings, values read as YAML scalars; raises SettingError without a ``=``."""
    import yaml

    from harness.yamltext import read_yaml

    settings: dict[str, Any] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise SettingError(f"--set {pair!r} must look like KEY=VALUE, for example oracle.repeat=sample")
        try:
            settings[key] = read_yaml(value)
        except yaml.YAMLError as error:
            raise SettingError(f"--set {pair!r}: the value is not a YAML scalar") from error
    return settings


def print_json(document: Any) -> None:
    """One document on standard output; NaN cannot appear in it."""
    click.echo(json.dumps(document, indent=2, allow_nan=False))


set_option = click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change a setting.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document and nothing else.")
