"""Reads YAML as people expect it: plain data only, ``1:4`` is text and ``1e-3`` a number (YAML 1.2's core schema)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from harness.core.errors import SettingError

INT, FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"


class _Loader(yaml.SafeLoader):
    """PyYAML follows YAML 1.1, where ``1:4`` is 64 (base 60) and ``1e-3`` is text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in (INT, FLOAT)]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(INT, re.compile(r"[-+]?[0-9]+$"), list("-+0123456789"))
_Loader.add_implicit_resolver(
    FLOAT,
    re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?$|[-+]?\.(inf|Inf|INF)$|\.(nan|NaN|NAN)$"),
    list("-+.0123456789"),
)


def read_yaml(text: str) -> Any:
    """The data of a YAML text; raises ``yaml.YAMLError`` if it is not YAML or holds more than plain data."""
    return yaml.load(text, Loader=_Loader)


def read_yaml_keys(path: str | Path, source: str, example: str) -> dict[Any, Any]:
    """The keys and values of a YAML file; raises SettingError, in which ``source`` names the file."""
    try:
        content = read_yaml(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{source} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise SettingError(f"{source} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict):
        raise SettingError(f"{source} must hold keys and values, such as `{example}`")
    return content
