"""The registry of policies, oracles, spaces and executors: ``module:object`` by name, imported only when used.

Third parties add their own through the entry point groups ``harness.policies``, ``harness.oracles``, ``harness.spaces``
and ``harness.executors``, or name a class on the command line as ``module:Class``. An oracle's name may be followed by
``+`` and the name of a decorator, which makes another oracle of it: ``tabular+score-gradient``.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

from harness.core.errors import UnknownNameError
from harness.core.quoting import quoted
from harness.core.space import SearchSpace

PartKind = Literal["policy", "oracle", "space", "executor"]

GROUPS: Mapping[PartKind, str] = {
    "policy": "harness.policies",
    "oracle": "harness.oracles",
    "space": "harness.spaces",
    "executor": "harness.executors",
}


@dataclass(frozen=True, slots=True)
class RegistryEntry:
    """A registered class (``module:object``), the settings that its name fixes, and its decorators in order."""

    target: str
    fixed: Mapping[str, Any] = field(default_factory=dict)
    decorators: tuple[str, ...] = ()


def _spaces() -> dict[str, RegistryEntry]:
    nasbench = "harness.spaces.nasbench101:NASBench101"
    named = {f"nasbench101-v{n}": RegistryEntry(nasbench, {"vertices": n}) for n in range(2, 7)}
    rnn = {f"rnn{n}": RegistryEntry("harness.spaces.rnn_cell:RNNCell", {"nodes": n}) for n in range(1, 13)}
    of201 = {
        f"nasbench201{end}": RegistryEntry("harness.spaces.nasbench201:NASBench201", {"cells": cells})
        for end, cells in (("", "all"), ("-unique", "unique"))
    }
    return {"nasbench101": RegistryEntry(nasbench, {"vertices": 7})} | named | of201 | rnn


BUILT_IN: Mapping[PartKind, Mapping[str, RegistryEntry]] = {
    "policy": {
        "bananas": RegistryEntry("policies.bananas:BANANAS"),
        "bayesnas": RegistryEntry("policies.bayesnas:BayesNAS"),
        "darts": RegistryEntry("policies.darts:DARTS"),
        "enas": RegistryEntry("policies.enas:ENAS"),
        "evolution": RegistryEntry("policies.evolution:Evolution"),
        "fairnas": RegistryEntry("policies.fairnas:FairNAS"),
        "fbnet": RegistryEntry("policies.fbnet:FBNet"),
        "gdas": RegistryEntry("policies.gdas:GDAS"),
        "hyperband": RegistryEntry("policies.hyperband:Hyperband"),
        "local-search": RegistryEntry("policies.local_search:LocalSearch"),
        "nao": RegistryEntry("policies.nao:NAO"),
        "optuna": RegistryEntry("policies.optuna:Optuna"),
        "random": RegistryEntry("policies.random:Random"),
        "random-search": RegistryEntry("policies.random_search:RandomSearch"),
        "random-sharing": RegistryEntry("policies.random_sharing:RandomSharing"),
        "spos": RegistryEntry("policies.spos:SPOS"),
        "successive-halving": RegistryEntry("policies.successive_halving:SuccessiveHalving"),
        "tpe": RegistryEntry("policies.optuna:TPE"),
        "uniform-sharing": RegistryEntry("policies.uniform_sharing:UniformSharing"),
    },
    "oracle": {
        "standalone": RegistryEntry("backends.standalone.oracle:StandaloneOracle"),
        "supernet": RegistryEntry("backends.supernet.oracle:SupernetOracle"),
        "surrogate": RegistryEntry("backends.surrogate.oracle:SurrogateOracle"),
        "synthetic": RegistryEntry("backends.synthetic:SyntheticOracle"),
        "tabular": RegistryEntry("backends.tabular.oracle:TabularOracle"),
    },
    "space": _spaces(),
    "executor": {"local": RegistryEntry("harness.execution.local_processes:local_executor")},
}

DECLARES: Mapping[PartKind, str] = {"policy": "needs", "oracle": "supports"}
"""The member by which a class declares the queries that it asks or answers."""

DECORATORS: Mapping[str, RegistryEntry] = {"score-gradient": RegistryEntry("backends.score_gradient:score_gradient")}
"""Functions from an oracle's class to another class, by the name that follows the ``+``."""


def entries(kind: PartKind) -> dict[str, RegistryEntry]:
    """All registered entries of a kind; a plug-in cannot take a built-in name."""
    plugins = {point.name: RegistryEntry(point.value) for point in entry_points(group=GROUPS[kind])}
    return plugins | dict(BUILT_IN[kind])


def find(kind: PartKind, name: str) -> RegistryEntry:
    """The entry of a name, or of a ``module:Class``; raises UnknownNameError with the nearest name."""
    plain, *decorators = name.split("+") if kind == "oracle" else [name]
    for decorator in decorators:
        if decorator not in DECORATORS:
            raise UnknownNameError.among("oracle decorator", f"+{decorator}", [f"+{known}" for known in DECORATORS])
    if ":" in plain:
        return RegistryEntry(plain, decorators=tuple(decorators))
    known = entries(kind)
    if plain not in known:
        raise UnknownNameError.among(kind, plain, known)
    return replace(known[plain], decorators=tuple(decorators))


def is_built_in(kind: PartKind, name: str) -> bool:
    """Whether a name is one of this project's own parts, and not a plug-in's or that of a class given by its place."""
    return name.partition("+")[0] in BUILT_IN[kind]


def load(kind: PartKind, name: str) -> Any:
    """Import the class of a name; raises UnknownNameError if ``module:Class`` does not exist, or is no such class.

    Raises IncompatibleError for a decorator that has nothing to add to an oracle.
    """
    entry = find(kind, name)
    loaded = _object(kind, entry.target)
    _require_kind(kind, entry.target, loaded)
    for decorator in entry.decorators:
        loaded = _object("oracle decorator", DECORATORS[decorator].target)(loaded)
    return loaded


def _require_kind(kind: PartKind, target: str, loaded: Any) -> None:
    """Raise UnknownNameError for an object that is no class, or a class without what makes it one of its kind."""
    if kind == "executor":
        right, expected = callable(loaded), "a function"
    elif kind == "space":
        right, expected = isinstance(loaded, type) and issubclass(loaded, SearchSpace), "a class of a search space"
    else:
        declared = DECLARES[kind]
        kinds = getattr(loaded, declared, None)
        right = isinstance(loaded, type) and isinstance(kinds, frozenset | set)
        expected = f"a class with {declared!r}, a set of kinds of queries"
    if not right:
        raise UnknownNameError(f"{kind} {quoted(target)} is a {type(loaded).__name__}; expected {expected}")


def _object(kind: str, target: str) -> Any:
    """Import ``module:attribute`` from the Python path, and after it from the working directory."""
    module, _, attribute = target.partition(":")
    if (here := os.getcwd()) not in sys.path:
        sys.path.append(here)
    try:
        if not all(part.isidentifier() for part in module.split(".")):
            raise ModuleNotFoundError(f"{quoted(module)} is no name of a module")
        return getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, SyntaxError) as error:
        raise UnknownNameError(
            f"{kind} {quoted(target)} cannot be imported ({str(error)[:200]}); "
            f"expected module:Class, found on the Python path or in {here!r}"
        ) from error


def summary(entry: RegistryEntry) -> str:
    """The first paragraph of the entry's module, read without importing it."""
    module = entry.target.partition(":")[0]
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        return "(cannot be found)"
    text = ast.get_docstring(ast.parse(Path(found.origin).read_text(encoding="utf-8"))) or ""
    return " ".join(text.partition("\n\n")[0].split())
