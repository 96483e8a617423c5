"""Remembers which table files were found intact, in this process and in the user's cache: each is checked once."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from backends.tabular.table_file import FileState
from harness.files.atomic_write import atomic_write
from harness.files.folders import cache_folder

_KNOWN: dict[Path, dict[str, Any]] = {}


def is_known_intact(path: Path, state: FileState, digest: str) -> bool:
    """Whether the content of the file was found to have this digest, and the file has not changed since."""
    place, wanted = path.resolve(), _record(state, digest)
    if _KNOWN.get(place) != wanted:
        with contextlib.suppress(OSError, ValueError, RecursionError):  # a missing or damaged note counts for nothing
            _KNOWN[place] = json.loads(_note(place).read_text(encoding="utf-8"))
    return _KNOWN.get(place) == wanted


def remember_intact(path: Path, state: FileState, digest: str) -> None:
    """Remember that the content of the file has this digest; if the cache cannot be written, only for this process."""
    place, record = path.resolve(), _record(state, digest)
    _KNOWN[place] = record
    with contextlib.suppress(OSError):
        _note(place).parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(_note(place)) as part:
            part.write_text(json.dumps(record), encoding="utf-8")


def _record(state: FileState, digest: str) -> dict[str, Any]:
    return {**asdict(state), "digest": digest}


def _note(place: Path) -> Path:
    return cache_folder() / "intact" / f"{hashlib.sha256(str(place).encode()).hexdigest()[:32]}.json"
