"""Reads HDF5 files of a declared layout: the datasets' names, kinds and shapes are checked before one is read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from harness.core.quoting import quoted
from harness.files.bounded_files import largest_content

PLAIN = (h5py.h5t.STRING, h5py.h5t.INTEGER)
"""The types of attributes that are read."""

KINDS = {"i": "whole numbers", "u": "whole numbers", "f": "numbers", "b": "flags", "S": "texts", "O": "texts"}


@dataclass(frozen=True, slots=True)
class DatasetLayout:
    """The kinds of NumPy types that a dataset may have (``iu``), and its shape.

    A length of the shape is a number or a name, which stands for the same number in all datasets of a file.
    """

    kinds: str
    shape: tuple[int | str, ...]

    @property
    def names(self) -> list[str]:
        """The named lengths."""
        return [length for length in self.shape if isinstance(length, str)]


def datasets(
    file: h5py.File, path: Path, layout: Mapping[str, DatasetLayout], lengths: Mapping[str, tuple[int, int]]
) -> dict[str, h5py.Dataset]:
    """The datasets of a layout, unread; ``lengths`` gives the range of each named length.

    Raises ValueError, with what is wrong, where one is missing, of another kind or shape, lies in another file, or
    would take more memory than a file of this size may hold.
    """
    found: dict[str, h5py.Dataset] = {}
    known: dict[str, int] = {}
    most = largest_content(path.stat().st_size)
    for name, expected in layout.items():
        dataset = found[name] = _dataset(file, name)
        _require_kind(name, dataset, expected.kinds)
        _require_shape(name, dataset, expected.shape, known)
        taken = max(int(dataset.nbytes), math.prod(dataset.chunks or (0,)) * dataset.dtype.itemsize)
        if taken > most:
            raise ValueError(f"{name} takes {taken:,} bytes; expected at most {most:,} in a file of this size")
    for length, number in known.items():
        low, high = lengths[length]
        if not low <= number <= high:
            raise ValueError(f"it has {number:,} {length}; expected {low:,} to {high:,}")
    return found


def attribute(file: h5py.File, name: str) -> str | int | None:
    """A single text or whole number; None where there is none of this name and these types."""
    found = file.attrs.get_id(name) if name in file.attrs else None
    if found is None or found.get_space().get_simple_extent_npoints() != 1 or found.get_type().get_class() not in PLAIN:
        return None  # HDF5 itself falls over a text that says that it is a sequence
    value: Any = file.attrs[name]
    if isinstance(value, np.integer):
        return int(value)
    return value if isinstance(value, str) else None


def _dataset(file: h5py.File, name: str) -> h5py.Dataset:
    """A dataset that lies in this file; groups on the way to it are links of this file too."""
    group: Any = file
    for part in name.split("/"):
        link = group.get(part, getlink=True) if isinstance(group, h5py.Group) else None
        group = group[part] if isinstance(link, h5py.HardLink) else None
    if group is None:
        raise ValueError(f"it lacks {name}")
    if not isinstance(group, h5py.Dataset) or group.is_virtual or group.external:
        raise ValueError(f"{name} is no dataset of this file")
    return group


def _require_kind(name: str, dataset: h5py.Dataset, kinds: str) -> None:
    kind = dataset.dtype.kind
    texts = kind != "O" or h5py.check_string_dtype(dataset.dtype) is not None
    if kind not in kinds or not texts or dataset.dtype.shape:
        wanted = " or ".join(dict.fromkeys(KINDS[each] for each in kinds))
        raise ValueError(f"{name} has the type {quoted(str(dataset.dtype))}; expected {wanted}")


def _require_shape(name: str, dataset: h5py.Dataset, shape: tuple[int | str, ...], known: dict[str, int]) -> None:
    """Check a shape against the declared one, and note in ``known`` the lengths that are met first."""
    if dataset.shape is not None and len(dataset.shape) == len(shape):
        for length, number in zip(shape, dataset.shape, strict=True):
            if isinstance(length, str):
                known.setdefault(length, int(number))
    expected = tuple(known.get(length, length) if isinstance(length, str) else length for length in shape)
    if dataset.shape != expected:
        raise ValueError(f"{name} has the shape {dataset.shape}, expected ({', '.join(map(str, shape))})")
