"""Downloads the published NAS-Bench-101 files, checks them, and imports them into the cache."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import pooch
import requests

from backends.tabular.gathering import Progress, silent
from backends.tabular.import_tfrecord import import_tfrecord
from backends.tabular.shelf import cache_folder
from harness.core.errors import TableError, UnknownNameError
from harness.core.space import SearchSpace

CHUNK = 1 << 20
"""Bytes between two reports of progress."""

TIMEOUT = 30
"""Seconds without an answer after which a download gives up."""


@dataclass(frozen=True, slots=True)
class Published:
    """A published file: where it is, its SHA-256, and about how large it is in GB."""

    url: str
    sha256: str
    gigabytes: float


PUBLISHED = {
    "nasbench101": Published(
        "https://storage.googleapis.com/nasbench/nasbench_only108.tfrecord",
        "4c39c3936e36a85269881d659e44e61a245babcb72cb374eacacf75d0e5f4fd1",
        0.5,
    ),
    "nasbench101-full": Published(
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
    on_download: Progress = silent,
    on_import: Progress = silent,
    folder: Path | None = None,
    published: Published | None = None,
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


def download(source: Published, folder: Path, on_progress: Progress = silent) -> Path:
    """The published file in ``folder``, downloaded if it is not there yet, and checked; raises TableError."""
    pooch.get_logger().setLevel("WARNING")  # progress and errors are ours to tell
    try:
        path = pooch.retrieve(
            source.url,
            f"sha256:{source.sha256}",
            fname=source.url.rsplit("/", 1)[-1],
            path=folder,
            downloader=Resuming(on_progress),
        )
    except ValueError as error:  # pooch's word for a wrong digest
        raise TableError(f"{source.url} is not the published file: its SHA-256 differs; it was removed") from error
    except (requests.RequestException, OSError) as error:
        reason = " ".join(str(error).split())
        raise TableError(
            f"cannot download {source.url} ({source.gigabytes:g} GB) to {str(folder)!r}: {reason}; "
            "run the command again to go on where it stopped"
        ) from error
    return Path(path)


class Resuming:
    """Downloads to a file of its own beside the target, where the next call goes on; pooch's downloader starts anew."""

    def __init__(self, on_progress: Progress) -> None:
        self.on_progress = on_progress

    def __call__(self, url: str, output_file: str, pooch_object: Any) -> None:
        part = Path(output_file).parent / (url.rsplit("/", 1)[-1] + ".part")
        with part.open("ab") as file:
            self._append(url, file, pooch_object)
        part.replace(output_file)

    def _append(self, url: str, file: BinaryIO, pooch_object: Any) -> None:
        bar = _Bar(self.on_progress, file)
        downloader = pooch.HTTPDownloader(
            progressbar=bar,
            chunk_size=CHUNK,
            timeout=TIMEOUT,
            headers={"Range": f"bytes={bar.before}-"} if bar.before else {},
            hooks={"response": bar.begin},
        )
        try:
            downloader(url, file, pooch_object)
        except requests.HTTPError as error:
            if getattr(error.response, "status_code", None) != requests.codes.requested_range_not_satisfiable:
                raise  # otherwise all bytes were there already, and their digest decides


class _Bar:
    """What pooch wants of a progress bar; it sets ``total`` to the bytes that this connection will bring."""

    def __init__(self, on_progress: Progress, file: BinaryIO) -> None:
        self.on_progress, self.file = on_progress, file
        self.before, self.total = file.tell(), 0

    def begin(self, response: requests.Response, *_: Any, **__: Any) -> None:
        """Start anew where the server sends the whole file instead of the rest."""
        if response.status_code == requests.codes.ok:
            self.file.truncate(0)
            self.before = 0

    def update(self, _: int) -> None:
        """Report how many bytes of how many lie on the disk."""
        self.on_progress(self.file.tell(), self.before + self.total)

    def reset(self) -> None:
        """Nothing to go back to: reports say where the file stands."""

    def close(self) -> None:
        """Nothing to close."""
