"""Downloads published files: checked against their digests, and gone on with where an interrupted download stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Any, BinaryIO

import pooch
import requests

from harness.core.errors import HarnessError
from harness.core.progress import ProgressCallback

CHUNK = 1 << 20
"""Bytes between two reports of progress."""

TIMEOUT = 30
"""Seconds without an answer after which a download gives up."""


def download(
    url: str, digest: str, folder: Path, on_progress: ProgressCallback, *, size: str, trouble: type[HarnessError]
) -> Path:
    """The published file in ``folder``, downloaded if it is not there yet, and checked.

    Progress is in bytes of the file. ``digest`` is as in ``sha256:4c39…`` or ``md5:c58f…``; ``size``, such as
    ``170 MB``, is for the message. Raises ``trouble`` without a network, for a file of another digest (which is
    removed), and where the disk is full.
    """
    pooch.get_logger().setLevel("WARNING")  # progress and errors are ours to tell
    name, algorithm = url.rsplit("/", 1)[-1], {"sha256": "SHA-256", "md5": "MD5"}[digest.partition(":")[0]]
    try:
        path = pooch.retrieve(url, digest, fname=name, path=folder, downloader=_Resuming(on_progress))
    except ValueError as error:  # pooch's word for a wrong digest
        raise trouble(f"{url} is not the published file: its {algorithm} differs; it was removed") from error
    except (requests.RequestException, OSError) as error:
        reason = " ".join(str(error).split())
        raise trouble(
            f"cannot download {url} ({size}) to {str(folder)!r}: {reason}; "
            "run the command again to go on where it stopped"
        ) from error
    return Path(path)


class _Resuming:
    """Downloads to a file of its own beside the target, where the next call goes on; pooch's downloader starts anew."""

    def __init__(self, on_progress: ProgressCallback) -> None:
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

    def __init__(self, on_progress: ProgressCallback, file: BinaryIO) -> None:
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
