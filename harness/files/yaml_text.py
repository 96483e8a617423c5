"""Reads YAML as people expect it: plain data only, ``1:4`` is text and ``1e-3`` a number (YAML 1.2's core schema)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from harness.core.errors import SettingError
from harness.core.quoting import one_line

INT, FLOAT = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"
DATE = "tag:yaml.org,2002:timestamp"
PLAIN = ("null", "bool", "seq", "map", "str")

MOST_CHARACTERS = 100_000
"""The most characters of a text; the longest file of the project has some 6,000."""

MOST_VALUES = 100_000
"""The most values of a text, counted again wherever an alias stands for them."""

DEEPEST = 50
"""The most lists and keys inside of each other."""

MOST_DIGITS = 400
"""The most characters of a number."""

_FAILURES = (ValueError, TypeError, AttributeError, LookupError, OverflowError, RecursionError)
"""What PyYAML raises, besides its own errors, for a value that is none of its explicit tag."""


class _Loader(yaml.SafeLoader):
    """PyYAML follows YAML 1.1, where ``1:4`` is 64 (base 60), ``010`` 8, ``1e-3`` text and ``2001-01-01`` a date."""

    flow_level: int

    def fetch_flow_collection_start(self, token: Any) -> None:
        """Begin a list or keys in brackets; raises ScannerError at once where they are nested too deeply."""
        if self.flow_level > DEEPEST:
            raise yaml.scanner.ScannerError(None, None, f"more than {DEEPEST} brackets inside of each other")
        super().fetch_flow_collection_start(token)


def _number(kind: type[int] | type[float], pattern: str) -> Any:
    known = re.compile(pattern)

    def construct(loader: _Loader, node: yaml.ScalarNode) -> int | float:
        text = str(loader.construct_scalar(node))
        if not known.fullmatch(text) or len(text) > MOST_DIGITS:
            raise yaml.constructor.ConstructorError(None, None, f"it is no number of {MOST_DIGITS} digits at most")
        return kind(text.lower().replace(".inf", "inf").replace(".nan", "nan"))

    return construct


WHOLE = r"[-+]?[0-9]+"
DECIMAL = r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"

_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in (INT, FLOAT, DATE)]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(INT, re.compile(f"({WHOLE})$"), list("-+0123456789"))
_Loader.add_implicit_resolver(FLOAT, re.compile(f"({DECIMAL})$"), list("-+.0123456789"))
_Loader.yaml_constructors = {
    tag: construct
    for tag, construct in yaml.SafeLoader.yaml_constructors.items()
    if tag is None or tag.rpartition(":")[2] in PLAIN
}
_Loader.add_constructor(INT, _number(int, WHOLE))
_Loader.add_constructor(FLOAT, _number(float, f"{DECIMAL}|{WHOLE}"))


def read_yaml(text: str) -> Any:
    """The data of a YAML text; raises ``yaml.YAMLError`` if it is not YAML, not plain data, or larger than stated."""
    if len(text) > MOST_CHARACTERS:
        raise yaml.YAMLError(f"it has more than {MOST_CHARACTERS:,} characters")
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None
        values, levels = _measured(node, {})
        if values > MOST_VALUES or levels > DEEPEST:
            raise yaml.YAMLError(f"it holds more than {MOST_VALUES:,} values, or {DEEPEST} inside of each other")
        return loader.construct_document(node)
    except _FAILURES as error:
        raise yaml.YAMLError(f"a value is none of its kind, or nested too deeply ({error})") from error


def _measured(node: yaml.Node, known: dict[int, tuple[int, int] | None]) -> tuple[int, int]:
    """How many values a node stands for, and how many levels; each is measured once, however often it is named."""
    if id(node) not in known:
        known[id(node)] = None
        children = [part for pair in node.value for part in pair] if isinstance(node, yaml.MappingNode) else []
        children += node.value if isinstance(node, yaml.SequenceNode) else []
        found = [_measured(child, known) for child in children]
        known[id(node)] = 1 + sum(n for n, _ in found), 1 + max((levels for _, levels in found), default=0)
    measured = known[id(node)]
    if measured is None:
        raise yaml.YAMLError("an alias stands for what it is a part of")
    return measured


def read_yaml_keys(path: str | Path, source: str, example: str) -> dict[Any, Any]:
    """The keys and values of a YAML file; raises SettingError, in which ``source`` names the file."""
    try:
        with Path(path).open(encoding="utf-8") as file:
            content = read_yaml(file.read(MOST_CHARACTERS + 1))
    except (OSError, ValueError) as error:
        raise SettingError(f"{source} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        raise SettingError(f"{source} is not YAML: {one_line(str(error))[:400]}") from error
    if not isinstance(content, dict):
        raise SettingError(f"{source} must hold keys and values, such as `{example}`")
    return content
