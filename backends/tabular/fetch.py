"""Downloads the published NAS-Bench-101 files, checks them, and imports them into the cache."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from backends.tabular.import_tfrecord import import_tfrecord
from harness.core.errors import TableError, UnknownNameError
from harness.core.progress import ProgressCallback, silent
from harness.core.space import SearchSpace
from harness.files import downloads
from harness.files.folders import cache_folder


@dataclass(frozen=True, slots=True)
class PublishedTable:
    """A published file: where it is, its SHA-256, and about how large it is in GB."""

    url: str
    sha256: str
    gigabytes: float


PUBLISHED = {
    "nasbench101": PublishedTable(
        "https://storage.googleapis.com/nasbench/nasbench_only108.tfrecord",
        "4c39c3936e36a85269881d659e44e61a245babcb72cb374eacacf75d0e5f4fd1",
        0.5,
    ),
    "nasbench101-full": PublishedTable(
        "https://storage.googleapis.com/nasbench/nasbench_full.tfrecord",
        "3d64db8180fb1b0207212f9032205064312b6907a3bbc81eabea10db2f5c7e9c",
        1.95,
    ),
}
"""By the name of the table that is made of it (addresses and digests: NAS-Bench-101, README)."""


def fetch(
    name: str,
    space: SearchSpace,
    *,
    on_download: ProgressCallback = silent,
    on_import: ProgressCallback = silent,
    folder: Path | None = None,
    published: PublishedTable | None = None,
) -> Path:
    """Download and import a published table, and return the table's file, which ``name`` opens from then on.

    What is there is not done again; an interrupted download goes on where it stopped. Progress is in bytes. ``folder``
    is the cache by default. Raises UnknownNameError for a name that is not published, TableError without a network, for
    a file of another SHA-256 (which is removed), and where the disk is full.
    """
    if published is None and name not in PUBLISHED:
        raise UnknownNameError.among("published table", name, PUBLISHED)
    source = published or PUBLISHED[name]
    root = folder or cache_folder()
    table = root / "tables" / f"{name}.h5"
    if not table.is_file():
        table.parent.mkdir(parents=True, exist_ok=True)
        import_tfrecord(download(source, root / "downloads", on_download), space, table, on_import)
    return table


def download(source: PublishedTable, folder: Path, on_progress: ProgressCallback = silent) -> Path:
    """The published file in ``folder``, downloaded if it is not there yet, and checked; raises TableError."""
    return downloads.download(
        source.url,
        f"sha256:{source.sha256}",
        folder,
        on_progress,
        size=f"{source.gigabytes:g} GB",
        trouble=TableError,
    )
