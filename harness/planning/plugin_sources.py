"""The source of plug-ins, as part of a run's identity: an edited class is run again, never answered from the store."""

from __future__ import annotations

import hashlib
import inspect
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from harness.planning import registry
from harness.planning.registry import PartKind

OWN_PACKAGES = ("harness", "backends", "policies")
"""The packages of this project, whose version a run records."""


def plugin_sources(names: Mapping[PartKind, str]) -> dict[str, str]:
    """The digests of the sources of those parts that are plug-ins, by kind; empty for this project's own parts."""
    foreign = {kind: name for kind, name in names.items() if not registry.is_built_in(kind, name)}
    return {kind: source_digest(registry.load(kind, name)) for kind, name in foreign.items()}


def source_digest(factory: Any) -> str:
    """SHA-256, in hexadecimal, of the source files that a class is defined by.

    These are the modules of the class and its bases, and the modules that they import by name at their top level, as
    far as they lie in the same package or, for a module of its own, in the same folder. This project's modules and
    those of other distributions do not count.
    """
    bases = factory.__mro__ if inspect.isclass(factory) else (factory,)
    found = dict[str, bytes]()
    for module in filter(None, (sys.modules.get(base.__module__) for base in bases)):
        if not _is_own(module) and (folder := _folder(module)) is not None:
            _add(module, folder, found)
    digest = hashlib.sha256()
    for name in sorted(found):
        digest.update(f"{name} {len(found[name])}\n".encode() + found[name])
    return digest.hexdigest()


def _add(module: ModuleType, folder: Path, found: dict[str, bytes]) -> None:
    """Add the source of a module, and of the modules below the folder that it imports."""
    path = _file(module)
    if module.__name__ in found or path is None or folder not in path.parents:
        return
    found[module.__name__] = path.read_bytes()
    for other in _imported(module):
        if not _is_own(other):
            _add(other, folder, found)


def _imported(module: ModuleType) -> Iterator[ModuleType]:
    """The modules that a module refers to, or from which it took a class or a function."""
    for value in list(vars(module).values()):
        name = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        if isinstance(name, str) and (other := sys.modules.get(name)) is not None:
            yield other


def _is_own(module: ModuleType) -> bool:
    return module.__name__.partition(".")[0] in OWN_PACKAGES


def _folder(module: ModuleType) -> Path | None:
    """The folder of a module's outermost package, or that of the module's file; ``None`` for one without a file."""
    outermost = sys.modules.get(module.__name__.partition(".")[0], module)
    path = _file(outermost) or _file(module)
    return None if path is None or outermost.__name__ in sys.stdlib_module_names else path.parent


def _file(module: ModuleType) -> Path | None:
    """The file of a module's source, if it has one that can be read."""
    name = getattr(module, "__file__", None)
    return Path(name).resolve() if name and Path(name).is_file() else None
