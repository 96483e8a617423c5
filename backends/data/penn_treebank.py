"""Penn Treebank as Mikolov prepared it for language models: 10,000 words, rare words `<unk>`, numbers `N`."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable
from pathlib import Path

from backends.data.known_datasets import known_dataset
from backends.data.sources import DATA_VARIABLE, read
from backends.data.text import Corpus, words_of
from harness.core.errors import DataError
from harness.files.bounded_files import ARCHIVE_FAILURES

ARCHIVE = "ptb.zip"

LARGEST = 1 << 28
"""Bytes of the largest text; the longest of the known ones has 5 MB."""

FOLDERS = ("ptb", "penn", "simple-examples/data")
"""Subfolders that may contain the files; the last is the folder in Mikolov's archive."""


def load(folder: Path, *, verify: bool = True) -> Corpus:
    """The texts from `ptb.zip` in `folder`, else from the three files in a known subfolder or in `folder`.

    Raises DataError if they are missing or damaged; with `verify` also if a text is not the known one.
    """
    train, validation, test = (
        words_of(_text(content, name, verify=verify).splitlines()) for name, content in _contents(folder).items()
    )
    return Corpus("ptb", train, validation, test)


def _contents(folder: Path) -> dict[str, bytes]:
    files = known_dataset("ptb").members
    archive = folder / ARCHIVE
    if archive.is_file():
        return _unzipped(archive, files)
    for place in (*(folder / name for name in FOLDERS), folder):
        if all((place / name).is_file() for name in files):
            return {name: read(place / name, md5, verify=False) for name, md5 in files.items()}
    raise DataError(
        f"data set 'ptb' is not in {str(folder)!r}: it has no public licence, so it cannot be fetched; put Mikolov's"
        f" {', '.join(files)} into {str(folder / FOLDERS[0])!r}, or {ARCHIVE} with them into the folder itself, or"
        f" name the folder that has them with {DATA_VARIABLE}"
    )


def _unzipped(archive: Path, files: Iterable[str]) -> dict[str, bytes]:
    """The contents of the three files of an archive, in any of its folders."""
    try:
        with zipfile.ZipFile(archive) as opened:
            places = {each.filename.rsplit("/", 1)[-1]: each for each in opened.infolist()}
            if large := [name for name in files if places[name].file_size > LARGEST]:
                raise DataError(f"{str(archive)!r}: {large[0]} has more than {LARGEST:,} bytes")
            return {name: opened.read(places[name]) for name in files}
    except (KeyError, *ARCHIVE_FAILURES) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{str(archive)!r} is no archive of {', '.join(files)}: {reason}") from error


def _text(content: bytes, name: str, *, verify: bool) -> str:
    found = hashlib.md5(content, usedforsecurity=False).hexdigest()
    if verify and found != (known := known_dataset("ptb").members[name]):
        raise DataError(
            f"{name} is not the known text: its MD5 is {found}, expected {known}; pass verify=false to use it"
        )
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is no text in UTF-8 ({error})") from error
