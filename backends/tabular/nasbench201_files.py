"""The files that NAS-Bench-201 was published in: PyTorch's, and compressed pickles of one cell or of all."""

from __future__ import annotations

import bz2
import hashlib
import re
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backends.tabular.import_tfrecord import existing_file
from backends.tabular.nasbench201_pickles import load_results
from harness.core.errors import TableError
from harness.files.bounded_files import ARCHIVE_FAILURES, BoundedFile, largest_content

ENDING = ".pickle.pbz2"

TORCH_MAGIC = 0x1950A86A20F9469CFC6C
"""The first of the pickles in a file of PyTorch before 1.6 (torch/serialization.py, MAGIC_NUMBER)."""

MOST_CELLS = 10**6
"""One more than the largest index of a cell; the benchmark has 15,625 cells."""

ENCRYPTED = 1
"""The bit in the flags of an archive's member (PKWARE, APPNOTE.TXT, 4.4.4)."""

EXPECTED = f"a folder of *{ENDING}, or a file *{ENDING} or *.pth"


@dataclass(frozen=True, slots=True)
class CellResults:
    """What the benchmark holds of one cell: its index there, and its results by what their training is called."""

    index: int
    results: Mapping[Any, Any]


@dataclass(frozen=True, slots=True)
class CellResultsSource:
    """The cells of a source one after the other, how many there are, and the SHA-256 of what they are read from."""

    entries: Iterator[CellResults]
    total: int
    sha256: str


def entries_of(source: str | Path) -> CellResultsSource:
    """Open a source of one of the published forms; raises TableError for any other.

    A folder (NATS-Bench's ``NATS-tss-v1_0-3ffb9-simple``) is read cell by cell. A single file is in memory whole: the
    published ones take some 30 GB there.
    """
    path = Path(source)
    if path.is_dir():
        return _of_folder(path)
    if existing_file(path).name.endswith(ENDING):
        with _decompressed(path) as file:
            return _of_whole(path, load_results(file, repr(str(path))))
    if path.suffix == ".pth":
        return _of_whole(path, _load_pth(path))
    raise TableError(f"{str(path)!r} is none of the files of NAS-Bench-201; expected {EXPECTED}")


def _of_folder(folder: Path) -> CellResultsSource:
    names = {path.name.removesuffix(ENDING): path for path in folder.glob(f"*{ENDING}")}
    paths = {int(name): path for name, path in names.items() if re.fullmatch("[0-9]{1,6}", name)}
    if not paths:
        raise TableError(f"folder {str(folder)!r} has no cells of NAS-Bench-201; expected files such as 000000{ENDING}")
    entries = (_read(index, paths[index]) for index in sorted(paths))
    return CellResultsSource(entries, len(paths), _digest(paths[index] for index in sorted(paths)))


def _digest(paths: Iterator[Path]) -> str:
    """SHA-256 over the names and the SHA-256 of each file."""
    whole = hashlib.sha256()
    for path in paths:
        whole.update(f"{path.name} {_file_digest(path)}\n".encode())
    return whole.hexdigest()


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(index: int, path: Path) -> CellResults:
    with _decompressed(path) as file:
        results = load_results(file, repr(str(path)))
    if not isinstance(results, dict):
        raise TableError(f"{str(path)!r} holds no results of a cell, but {type(results).__name__!r}")
    return CellResults(index, results)


@contextmanager
def _decompressed(path: Path) -> Iterator[BoundedFile]:
    with path.open("rb") as file:
        if file.read(3) != b"BZh":
            raise TableError(f"{str(path)!r} is not compressed by bzip2: it did not arrive whole, or is another file")
    with bz2.BZ2File(path) as content:
        yield BoundedFile(content, largest_content(path.stat().st_size))


def _of_whole(path: Path, content: Any) -> CellResultsSource:
    """The cells of a file that holds them all (nats_bench/api_topology.py, NATStopology; nas_201_api/api_201.py)."""
    found = content.get("arch2infos") if isinstance(content, dict) else None
    if not isinstance(found, dict) or not all(
        type(index) is int and 0 <= index < MOST_CELLS and isinstance(each, dict) for index, each in found.items()
    ):
        raise TableError(f"{str(path)!r} holds no 'arch2infos', the results of each cell; expected {EXPECTED}")
    entries = (CellResults(index, found[index]) for index in sorted(found))
    return CellResultsSource(entries, len(found), _file_digest(path))


def _load_pth(path: Path) -> Any:
    """The object that PyTorch saved, in its form since 1.6 (an archive) or the one before (pickles in a row)."""
    source = repr(str(path))
    if zipfile.is_zipfile(path):
        with _member(path) as content:
            return load_results(content, source)
    with path.open("rb") as raw:
        file = BoundedFile(raw, path.stat().st_size)
        if load_results(file, source) != TORCH_MAGIC:
            raise TableError(f"{source} is no file that PyTorch saved")
        for _ in ("protocol", "machine"):
            load_results(file, source)
        return load_results(file, source)


@contextmanager
def _member(path: Path) -> Iterator[BoundedFile]:
    """The pickle in an archive of PyTorch, which neither compresses nor encrypts; raises TableError."""
    try:
        with zipfile.ZipFile(path) as archive:
            found = [each for each in archive.infolist() if each.filename.endswith("/data.pkl")]
            if len(found) != 1 or found[0].flag_bits & ENCRYPTED:
                raise TableError(f"{str(path)!r} is an archive, but none that PyTorch saved")
            with archive.open(found[0]) as content:
                yield BoundedFile(content, largest_content(min(found[0].compress_size, path.stat().st_size)))
    except ARCHIVE_FAILURES as error:
        raise TableError(f"{str(path)!r} is a damaged archive ({' '.join(str(error).split())})") from error
