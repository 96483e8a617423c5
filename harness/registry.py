"""Which policies, oracles and spaces exist: names bound to ``module:object`` and imported only when asked for.

Third parties add theirs through the entry point groups ``harness.policies``, ``harness.oracles`` and
``harness.spaces``, or name one on the command line as ``module:Class``.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

from harness.core.errors import UnknownNameError

Kind = Literal["policy", "oracle", "space"]

GROUPS: Mapping[Kind, str] = {"policy": "harness.policies", "oracle": "harness.oracles", "space": "harness.spaces"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A registered class (``module:object``) and the settings that its name fixes."""

    target: str
    fixed: Mapping[str, Any] = field(default_factory=dict)


def _spaces() -> dict[str, Entry]:
    nasbench = "harness.spaces.nasbench101:NASBench101"
    named = {f"nasbench101-v{n}": Entry(nasbench, {"vertices": n}) for n in range(2, 7)}
    rnn = {f"rnn{n}": Entry("harness.spaces.rnn_cell:RNNCell", {"nodes": n}) for n in range(1, 13)}
    return {"nasbench101": Entry(nasbench, {"vertices": 7})} | named | rnn


BUILT_IN: Mapping[Kind, Mapping[str, Entry]] = {
    "policy": {
        "enas": Entry("policies.enas:ENAS"),
        "evolution": Entry("policies.evolution:Evolution"),
        "nao": Entry("policies.nao:NAO"),
        "random": Entry("policies.random:Random"),
        "random-search": Entry("policies.random_search:RandomSearch"),
    },
    "oracle": {
        "standalone": Entry("backends.standalone.oracle:StandaloneOracle"),
        "synthetic": Entry("backends.synthetic:SyntheticOracle"),
        "tabular": Entry("backends.tabular.oracle:TabularOracle"),
    },
    "space": _spaces(),
}


def entries(kind: Kind) -> dict[str, Entry]:
    """All registered entries of a kind; a plug-in cannot take a built-in name."""
    plugins = {point.name: Entry(point.value) for point in entry_points(group=GROUPS[kind])}
    return plugins | dict(BUILT_IN[kind])


def find(kind: Kind, name: str) -> Entry:
    """The entry of a name, or of a ``module:Class``; raises UnknownNameError with the nearest name."""
    if ":" in name:
        return Entry(name)
    known = entries(kind)
    if name not in known:
        raise UnknownNameError.among(kind, name, known)
    return known[name]


def load(kind: Kind, name: str) -> Any:
    """Import the class of a name; raises UnknownNameError where a ``module:Class`` leads nowhere."""
    target = find(kind, name).target
    module, _, attribute = target.partition(":")
    try:
        return getattr(_import(module), attribute)
    except (ModuleNotFoundError, AttributeError) as error:
        raise UnknownNameError(
            f"{kind} {target!r} cannot be imported ({error}); "
            f"expected module:Class, found on the Python path or in {os.getcwd()!r}"
        ) from error


def summary(entry: Entry) -> str:
    """The first paragraph of the entry's module, read without importing it."""
    module = entry.target.partition(":")[0]
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        return "(cannot be found)"
    text = ast.get_docstring(ast.parse(Path(found.origin).read_text(encoding="utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split())


def _import(module: str) -> Any:
    """Import a module from the Python path, and after it from the working directory (for ``module:Class``)."""
    if (here := os.getcwd()) not in sys.path:
        sys.path.append(here)
    return importlib.import_module(module)
