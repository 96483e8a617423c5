"""Writes figures to files atomically, in the format that the file's ending names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.core.errors import SettingError
from harness.files.atomic_write import atomic_output, require_writable_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNDATED: Mapping[str, Mapping[str, Any]] = {
    ".png": {"Software": None},
    ".svg": {"Date": None},
    ".pdf": {"CreationDate": None},
}
"""The possible endings, each with the metadata to leave out: it would make two files of one figure differ."""

DOTS_PER_INCH = 150


def require_plottable(path: str | Path, option: str = "--plot") -> Path:
    """The path of a figure that a user gave by ``option``.

    Raises SettingError for another ending, or if no file can be written there.
    """
    if Path(path).suffix.lower() not in UNDATED:
        raise SettingError(f"{option} {str(path)!r} must end in {', '.join(UNDATED)}: the ending chooses the form")
    return require_writable_file(path, option)


def save(figure: Figure, path: str | Path, option: str = "--plot") -> None:
    """Write a figure atomically; the same figure gives the same bytes."""
    from matplotlib import rc_context

    target = require_plottable(path, option)
    ending = target.suffix.lower()
    with atomic_output(target, option) as part, rc_context({"svg.hashsalt": "harness"}):
        figure.savefig(part, format=ending[1:], dpi=DOTS_PER_INCH, metadata=dict(UNDATED[ending]))
