"""Files that appear under their name when everything is written, safe on the disk, or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.core.errors import SettingError


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """The path of a new file beside ``path`` that takes its place if the block ends well, and is removed if not.

    What stood at ``path`` stays until then. Raises OSError where it cannot be written.
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
    """The same for a file that a user asked for by ``option``; raises SettingError where it cannot be written."""
    try:
        with atomic_write(Path(path)) as part:
            yield part
    except OSError as error:
        raise SettingError(f"{option} {str(path)!r} cannot be written: {error.strerror or error}") from error


def require_writable_file(path: str | Path, option: str) -> Path:
    """The path of a file that can be written, as ``option`` asks; SettingError for a folder that is not."""
    target = Path(path)
    if not target.parent.is_dir() or not os.access(target.parent, os.W_OK):
        raise SettingError(
            f"{option} {str(path)!r}: there is no folder {str(target.parent)!r} to write in; make it first"
        )
    if target.is_dir():
        raise SettingError(f"{option} {str(path)!r} is a folder; give the name of a file")
    return target
