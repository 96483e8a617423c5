"""Downloads published files: resumes interrupted downloads, and checks the files against their digests."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import pooch
import requests

from harness.core.errors import HarnessError
from harness.core.progress import ProgressCallback

CHUNK = 1 << 20
"""Bytes between two progress reports."""

TIMEOUT = 30
"""Seconds without an answer after which a download gives up."""


def download(
    url: str, digest: str, folder: Path, on_progress: ProgressCallback, *, size: str, trouble: type[HarnessError]
) -> Path:
    """The path of the published file in ``folder``, downloaded if it is missing, and checked.

    Progress is in bytes of the file. ``digest`` is written as ``sha256:4c39…`` or ``md5:c58f…``; ``size``, such as
    ``170 MB``, is for the message. Raises ``trouble`` without a network, for a file with another digest (which is
    removed), and if the disk is full.
    """
    pooch.get_logger().setLevel("WARNING")  # the harness reports progress and errors itself
    name, algorithm = url.rsplit("/", 1)[-1], {"sha256": "SHA-256", "md5": "MD5"}[digest.partition(":")[0]]
    try:
        path = pooch.retrieve(url, digest, fname=name, path=folder, downloader=_Resuming(on_progress))
    except ValueError as error:  # pooch raises it for a wrong digest
        raise trouble(f"{url} is not the published file: its {algorithm} differs; it was removed") from error
    except (requests.RequestException, OSError) as error:
        reason = " ".join(str(error).split())
        raise trouble(
            f"cannot download {url} ({size}) to {str(folder)!r}: {reason}; "
            "run the command again to go on where it stopped"
        ) from error
    return Path(path)


class _Resuming:
    """Downloads to a ``.part`` file next to the target, which the next call continues; pooch's own starts over."""

    def __init__(self, on_progress: ProgressCallback) -> None:
        self.on_progress = on_progress

    def __call__(self, url: str, output_file: str, pooch_object: Any) -> None:
        part = Path(output_file).parent / (url.rsplit("/", 1)[-1] + ".part")
        with part.open("ab") as file:
            bar = _Bar(self.on_progress, file)
            rest = {"Range": f"bytes={bar.before}-"} if bar.before else {}
            request = {"timeout": TIMEOUT, "headers": rest, "hooks": {"response": bar.begin}}
            try:
                pooch.HTTPDownloader(progressbar=bar, chunk_size=CHUNK, **request)(url, file, pooch_object)
            except requests.HTTPError as error:
                if getattr(error.response, "status_code", None) != requests.codes.requested_range_not_satisfiable:
                    raise  # otherwise the file was complete already, and its digest decides
        part.replace(output_file)


class _Bar:
    """The progress bar that pooch expects; pooch sets ``total`` to the bytes that this connection will deliver."""

    def __init__(self, on_progress: ProgressCallback, file: BinaryIO) -> None:
        self.on_progress, self.file = on_progress, file
        self.before, self.total = file.tell(), 0

    def begin(self, response: requests.Response, *_: Any, **__: Any) -> None:
        """Start over if the server sends the whole file instead of the rest."""
        if response.status_code == requests.codes.ok:
            self.file.truncate(0)
            self.before = 0

    def update(self, _: int) -> None:
        """Report the bytes on the disk and the size of the file."""
        self.on_progress(self.file.tell(), self.before + self.total)

    def reset(self) -> None:
        """Do nothing: each report gives the absolute position in the file."""

    def close(self) -> None:
        """Do nothing."""
