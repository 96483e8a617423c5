"""Opens a table's file: checks its header against the declared layout, and reads its arrays when they are asked for."""

from __future__ import annotations

import json
import os
import weakref
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from backends.tabular.layout import DIGESTED_ATTRIBUTES, SCHEMA, VERSION, Array, dataset_problem
from harness.core.errors import HarnessError, TableError
from harness.files.hdf5_layout import attribute

REBUILD_HINT = "import or build it again"
MOST_DATASETS = 200
TEXTS = (*(name for name in DIGESTED_ATTRIBUTES if name != "schema_version"), "provenance", "digest")


@dataclass(frozen=True, slots=True)
class DatasetPlace:
    """The place of a dataset in a file: its offset in bytes, its shape and its type."""

    offset: int
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize


@dataclass(frozen=True, slots=True)
class FileState:
    """The identity of a file's content: its inode, its size in bytes, and the times of its last changes in ns."""

    device: int
    inode: int
    size: int
    modified: int
    changed: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileState:
        """Read from a file's status."""
        return cls(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


class FileArrays(Mapping[str, Array]):
    """The arrays of an open file by name, read-only; each is read into memory when it is first asked for.

    The file stays open, so another file that takes its name changes nothing here. Reading an array raises TableError if
    the file itself was changed or cut short since it was opened.
    """

    def __init__(self, path: Path, descriptor: int, places: Mapping[str, DatasetPlace], *, keep: bool = True) -> None:
        self._path, self._descriptor, self._places, self._keep = path, descriptor, places, keep
        self.state = FileState.of(os.fstat(descriptor))
        self._read: dict[str, Array] = {}
        self._closing = weakref.finalize(self, os.close, descriptor)

    def __getitem__(self, name: str) -> Array:
        if name in self._read:
            return self._read[name]
        array = self._load(self._places[name])
        if self._keep:
            self._read[name] = array
        return array

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def close(self) -> None:
        """Close the file; arrays that were taken stay valid."""
        self._read.clear()
        self._places = {}
        self._closing()

    def passing(self) -> FileArrays:
        """The same arrays, without keeping them in memory."""
        return FileArrays(self._path, os.dup(self._descriptor), self._places, keep=False)

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of an array, without reading it."""
        return self._places[name].shape

    def _load(self, place: DatasetPlace) -> Array:
        content = np.empty(place.size, dtype=np.uint8)
        done, view = 0, content.data
        while done < place.size and (count := os.preadv(self._descriptor, [view[done:]], place.offset + done)):
            done += count
        now = FileState.of(os.fstat(self._descriptor))
        if done < place.size or (now.size, now.modified) != (self.state.size, self.state.modified):
            raise TableError(f"table {str(self._path)!r} was changed while it was read; give the same command again")
        content.flags.writeable = False
        return content.view(place.dtype).reshape(place.shape)


def open_file(path: Path) -> tuple[dict[str, Any], FileArrays]:
    """Open a table's file: its attributes and its arrays.

    Raises TableError for a file that is missing, damaged, of another schema or of another layout.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        reason = f"there is no table file {str(path)!r}" if isinstance(error, FileNotFoundError) else None
        raise TableError(reason or f"cannot read table {str(path)!r}: {error.strerror}") from error
    try:
        attributes, places = _header(path, descriptor)
        end = os.fstat(descriptor).st_size
        if any(place.offset + place.size > end for place in places.values()):
            raise TableError(f"table {str(path)!r} is truncated; {REBUILD_HINT}")
    except BaseException:
        os.close(descriptor)
        raise
    return attributes, FileArrays(path, descriptor, places)


def _header(path: Path, descriptor: int) -> tuple[dict[str, Any], dict[str, DatasetPlace]]:
    try:
        with os.fdopen(os.dup(descriptor), "rb") as file, h5py.File(file, "r") as content:
            attributes = {name: attribute(content, name) for name in (*TEXTS, "schema_version")}
            _require_attributes(path, attributes)
            places = _places(path, content)
    except HarnessError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())
        raise TableError(f"{str(path)!r} is no readable HDF5 file, or a truncated one ({reason})") from error
    _require_layout(path, places)
    return attributes, places


def _require_attributes(path: Path, attributes: Mapping[str, Any]) -> None:
    if attributes["schema"] != SCHEMA:
        raise TableError(f"{str(path)!r} is an HDF5 file, but no {SCHEMA}; `harness table import` reads others")
    if (version := attributes["schema_version"]) != VERSION:
        raise TableError(f"table {str(path)!r} has schema version {version}, not {VERSION}; {REBUILD_HINT}")
    for name in TEXTS:
        if not _is_text(attributes[name]):
            raise TableError(f"table {str(path)!r} lacks the attribute {name!r}, or it is no text; {REBUILD_HINT}")
    if provenance_of(attributes) is None:
        raise TableError(f"table {str(path)!r}: attribute 'provenance' is no JSON object; {REBUILD_HINT}")


def _is_text(value: Any) -> bool:
    """Whether an attribute is text that can be written as UTF-8."""
    return isinstance(value, str) and value == value.encode("utf-8", "replace").decode()


def provenance_of(attributes: Mapping[str, Any]) -> dict[str, Any] | None:
    """The provenance of a table; ``None`` if the attribute is no JSON object."""
    try:
        found = json.loads(attributes["provenance"])
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _places(path: Path, content: h5py.File) -> dict[str, DatasetPlace]:
    """The datasets at the top level and one level below it; links to other files are not followed."""
    found: dict[str, DatasetPlace] = {}
    for name, item in _datasets(content):
        offset = item.id.get_offset()
        if (offset is None and item.size) or item.dtype.kind not in "iufb":
            raise TableError(
                f"table {str(path)!r}: dataset {name!r} is compressed, or holds no plain numbers; {REBUILD_HINT}"
            )
        found[name] = DatasetPlace(offset or 0, item.shape or (), item.dtype)
        if len(found) > MOST_DATASETS:
            raise TableError(f"table {str(path)!r} holds more than {MOST_DATASETS} datasets; {REBUILD_HINT}")
    return found


def _datasets(group: h5py.Group, prefix: str = "") -> Iterator[tuple[str, h5py.Dataset]]:
    for name in group:
        link = group.get(name, getlink=True)
        item = group[name] if isinstance(link, h5py.HardLink) else None
        if isinstance(item, h5py.Dataset):
            yield prefix + name, item
        elif isinstance(item, h5py.Group) and not prefix:
            yield from _datasets(item, f"{name}/")


def _require_layout(path: Path, places: Mapping[str, DatasetPlace]) -> None:
    if missing := {"keys", "epochs", "recorded"} - places.keys():
        raise TableError(f"table {str(path)!r} lacks {', '.join(sorted(missing))}; {REBUILD_HINT}")
    if {"aliases", "alias_rows"} & places.keys() and not {"aliases", "alias_rows"} <= places.keys():
        raise TableError(f"table {str(path)!r} has only one of aliases and alias_rows; {REBUILD_HINT}")
    shapes = {name: place.shape for name, place in places.items()}
    for name, place in places.items():
        if problem := dataset_problem(name, place.dtype, shapes):
            raise TableError(f"table {str(path)!r}: {problem}; {REBUILD_HINT}")
