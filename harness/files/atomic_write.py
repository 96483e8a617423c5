"""Files that appear under their name when everything is written, or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.core.errors import SettingError


@contextmanager
def whole_file(path: str | Path, option: str) -> Iterator[Path]:
    """The path to write to, a file beside it that takes its place at the end; ``option`` is who asked for it.

    Raises SettingError where it cannot be written; then nothing is left behind, and what was there stays.
    """
    target = Path(path)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        yield part
        part.replace(target)
    except OSError as error:
        raise SettingError(f"{option} {str(path)!r} cannot be written: {error.strerror or error}") from error
    finally:
        part.unlink(missing_ok=True)
