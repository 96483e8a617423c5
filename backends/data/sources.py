"""Published files of data sets: their addresses, their folders, and the check that they are the published ones."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.core.errors import DataError
from harness.files.folders import cache_folder

DATA_VARIABLE = "HARNESS_DATA"
"""Environment variable that names the data folder."""


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A published file: its address, its MD5, and its approximate size in MB."""

    url: str
    md5: str
    megabytes: float

    @property
    def file_name(self) -> str:
        """The last part of the address."""
        return self.url.rsplit("/", 1)[-1]


def data_folder() -> Path:
    """The folder of all data: the one that HARNESS_DATA names, or `data` in the user's cache."""
    named = os.environ.get(DATA_VARIABLE)
    return Path(named).expanduser() if named else cache_folder() / "data"


def layout_folder(folder: Path, layouts: Sequence[str], marks: Sequence[str]) -> Path | None:
    """The first of `folder`'s subfolders `layouts`, or `folder` itself, that has one of the files `marks`."""
    candidates = [folder / layout for layout in layouts] + [folder]
    return next((path for path in candidates if any((path / mark).is_file() for mark in marks)), None)


def missing_file_message(name: str, folder: Path, source: str, place: str) -> DataError:
    """The error that says what to download, from where (`source`), and where in `folder` to put it (`place`)."""
    return DataError(
        f"data set {name!r} is not in {str(folder)!r}: run `harness data fetch {name}`, or download {source} and put "
        f"{place}, or name the folder that has it with --data-dir or {DATA_VARIABLE}"
    )


def read(path: Path, md5: str, *, verify: bool) -> bytes:
    """The bytes of a file, which must be the published one unless `verify=False`; raises DataError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DataError(f"cannot read {str(path)!r}: {reason}; expected the published file, MD5 {md5}") from error
    if verify and (found := hashlib.md5(content, usedforsecurity=False).hexdigest()) != md5:
        raise DataError(
            f"{str(path)!r} is not the published file: its MD5 is {found}, expected {md5}; download it again, or pass "
            "verify=false (--no-verify) to use a re-encoded copy"
        )
    return content
