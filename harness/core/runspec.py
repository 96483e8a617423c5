"""The specification of a run, whose digest is the run's id, and the provenance of its results."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import math
import os
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from harness import __version__
from harness.core.budget import Budget
from harness.core.errors import SettingError, StoreError


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """The complete specification of one search: two runs with the same digest give the same result.

    ``settings`` holds every setting of every part, resolved (``{"policy": {...}, "oracle": {...}}``), in plain types;
    tuples become lists. ``table`` is the table's name, for display only: the run's digest covers ``table_digest``
    instead. Both are ``None`` for an oracle without a table. ``sources`` are the digests of the sources of parts that
    are plug-ins, by kind (``{"policy": "ab12..."}``): an edited plug-in makes another run.
    """

    policy: str
    oracle: str
    space: str
    table: str | None = None
    table_digest: str | None = None
    search_metric: str
    seed: int
    budget: Budget
    settings: Mapping[str, Any] = field(hash=False)
    version: str = __version__
    sources: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "settings", _plain(self.settings, ""))

    @property
    def digest(self) -> str:
        """SHA-256, in hexadecimal, of the canonical JSON of all fields but the table's name."""
        identity = {name: value for name, value in self._mapping().items() if name != "table"}
        return hashlib.sha256(_canonical(identity).encode()).hexdigest()

    def to_json(self) -> str:
        """The canonical JSON (sorted keys, no spaces), which ``from_json`` reads back."""
        return _canonical(self._mapping())

    @classmethod
    def from_json(cls, text: str) -> RunSpec:
        """Read a specification back; raises StoreError for a text that this version cannot read."""
        try:
            content = json.loads(text)
            return cls(**(content | {"budget": Budget(**content["budget"])}))
        except (ValueError, TypeError, KeyError) as error:
            raise StoreError(f"a stored run specification cannot be read ({error}): {text[:80]!r}") from error

    def _mapping(self) -> dict[str, Any]:
        content = {part.name: getattr(self, part.name) for part in fields(self)}
        # 5 and 5.0 epochs are one budget and must be one digest.
        limits = {name: value if value is None else float(value) for name, value in asdict(self.budget).items()}
        limits["queries"] = self.budget.queries
        if not self.sources:  # runs without plug-ins keep the digests of earlier versions
            del content["sources"]
        return content | {"budget": limits}


def _canonical(content: Mapping[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def _plain(value: Any, path: str) -> Any:
    """The value in JSON's own types; raises SettingError for what JSON cannot hold."""
    match value:
        case np.generic():
            return _plain(value.item(), path)
        case None | bool() | int() | str():
            return value
        case float() if math.isfinite(value):
            return value
        case list() | tuple():
            return [_plain(item, f"{path}[{i}]") for i, item in enumerate(value)]
        case Mapping() if all(isinstance(key, str) for key in value):
            return {key: _plain(item, f"{path}.{key}".lstrip(".")) for key, item in value.items()}
    raise SettingError(f"setting {path or 'settings'} is {value!r}; expected finite numbers, text, lists and mappings")


def provenance() -> dict[str, Any]:
    """The provenance of a run: versions, machine, and the git revision if the package lies in a clone."""
    numerical = ("numpy", "scipy", *(("torch",) if "torch" in sys.modules else ()))  # torch only if the run imported it
    return {
        "harness": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu_count": os.cpu_count(),
        "packages": {name: importlib.metadata.version(name) for name in numerical},
        "git_revision": _git_revision(),
    }


def _git_revision() -> str | None:
    """The commit of the clone, with ``-dirty`` where tracked files differ from it; ``None`` outside of a clone."""
    root = Path(__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return None
    command = ["git", "-C", str(root), "describe", "--always", "--dirty", "--exclude=*", "--abbrev=40"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return found.stdout.strip() or None


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested settings as dotted names: {'nao': {'pool': 3}} becomes {'nao.pool': 3}."""
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        name = f"{prefix}{key}"
        flat |= flatten(value, f"{name}.") if isinstance(value, Mapping) else {name: value}
    return flat
