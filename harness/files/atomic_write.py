"""Atomic writes: a file appears under its name only when it is complete and safe on the disk."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.core.errors import SettingError


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Yield the path of a temporary file, which replaces ``path`` if the block succeeds and is removed if it fails.

    An existing file at ``path`` stays until then. Raises OSError if the file cannot be written.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    os.close(handle)
    try:
        yield Path(name)
        with open(name, "rb") as file:
            os.fsync(file.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def atomic_output(path: str | Path, option: str) -> Iterator[Path]:
    """``atomic_write`` for a file that a user named by ``option``; raises SettingError if it cannot be written."""
    try:
        with atomic_write(Path(path)) as part:
            yield part
    except OSError as error:
        raise SettingError(f"{option} {str(path)!r} cannot be written: {error.strerror or error}") from error


def require_writable_file(path: str | Path, option: str) -> Path:
    """The path that a user gave by ``option``; raises SettingError if no file can be written there."""
    target = Path(path)
    if not target.parent.is_dir() or not os.access(target.parent, os.W_OK):
        raise SettingError(
            f"{option} {str(path)!r}: there is no folder {str(target.parent)!r} to write in; make it first"
        )
    if target.is_dir():
        raise SettingError(f"{option} {str(path)!r} is a folder; give the name of a file")
    return target
