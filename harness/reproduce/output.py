"""Writes a reproduced item into a folder: its page as CSV, LaTeX and JSON, and its figure, atomically."""

from __future__ import annotations

import os
from pathlib import Path

from harness.core.errors import SettingError
from harness.files.atomic_write import atomic_output
from harness.output.figure_files import save
from harness.output.page import Page, render
from harness.reproduce.cells import Missing
from harness.reproduce.item import FigureFactory

FORMATS = {".csv": "csv", ".tex": "latex", ".json": "json"}
FIGURES = (".svg", ".png")


def require_folder(folder: str | Path) -> Path:
    """The folder, created if it does not exist; raises SettingError if it is not writable."""
    target = Path(folder)
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingError(f"--output {str(folder)!r} cannot be a folder: {error.strerror or error}") from error
    if not os.access(target, os.W_OK):
        raise SettingError(f"--output {str(folder)!r} is a folder that cannot be written in; choose another")
    return target


def write(folder: str | Path, name: str, page: Page, figure: FigureFactory | Missing) -> list[Path]:
    """Write the page ``name`` in every format, and the figure if there is one; returns the files written."""
    target = require_folder(folder)
    written = [target / f"{name}{ending}" for ending in FORMATS]
    for path, form in zip(written, FORMATS.values(), strict=True):
        with atomic_output(path, "--output") as part:
            part.write_text(render(page, form), encoding="utf-8")
    if not isinstance(figure, Missing):
        drawn = figure()
        for ending in FIGURES:
            save(drawn, target / f"{name}{ending}", option="--output")
            written.append(target / f"{name}{ending}")
    return written
