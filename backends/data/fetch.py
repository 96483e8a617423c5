"""Downloads published data into the data folder, verifies it, and unpacks the needed files."""

from __future__ import annotations

import tarfile
import tempfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from backends.data.known_datasets import known_dataset
from backends.data.sources import data_folder, read
from harness.core.errors import DataError, SettingError
from harness.core.progress import ProgressCallback, silent
from harness.files import downloads


def fetch(name: str, *, folder: Path | None = None, on_progress: ProgressCallback = silent) -> Path:
    """Download a data set and return the folder of its files, in which `datasets.load` finds them.

    Existing files are not downloaded again; an interrupted download continues. Progress is in bytes of the current
    file. `folder` is `data_folder()` by default. Raises UnknownNameError, SettingError for data that comes with a
    package or has no public licence, and DataError without a network, for a file with another MD5 (which is removed),
    and if the disk is full.
    """
    known = known_dataset(name)
    if known.package:
        raise SettingError(f"data set {name!r} comes with {known.package}: there is nothing to fetch")
    if not known.files:
        raise SettingError(f"data set {name!r} has {known.licence}, so it cannot be fetched: see `harness data list`")
    root = folder or data_folder()
    target = root / known.folder
    if known.members and target.exists():
        if all((target / name).is_file() for name in known.members):
            return target
        lacking = f"{str(target)!r} lacks some of the files {list(known.members)}"
        raise DataError(f"{lacking}; move it away and fetch again")
    for file in known.files:
        place, size = root / "downloads" if known.members else target, f"{file.megabytes:g} MB"
        path = downloads.download(file.url, f"md5:{file.md5}", place, on_progress, size=size, trouble=DataError)
        if known.members:
            unpack(path, target, known.members)
    return target


def unpack(archive: Path, target: Path, wanted: Mapping[str, str]) -> None:
    """Extract the files `target.name/...` that are `wanted`, names with their MD5, to the new folder `target`.

    No other member of the archive is written, whatever its name, and the folder is created whole or not at all. Raises
    DataError.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar, tempfile.TemporaryDirectory(dir=target.parent) as workplace:
            members = {member.name: member for member in tar if member.isreg()}
            made = Path(workplace) / target.name
            made.mkdir()
            for name, md5 in wanted.items():
                member = members.get(f"{target.name}/{name}")
                content = tar.extractfile(member) if member else None
                if content is None:
                    raise DataError(f"{str(archive)!r} has no file {target.name + '/' + name!r}")
                (made / name).write_bytes(content.read())
                read(made / name, md5, verify=True)
            made.rename(target)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"cannot unpack {str(archive)!r} to {str(target)!r}: {reason}") from error
