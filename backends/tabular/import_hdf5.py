"""Imports ``nasbench.hdf5``, the HDF5 form of nasbench_full.tfrecord that several research repositories share.

Its layout, from the script tfrecord_2_hdf5.py that those repositories carry: ``hash`` (cells,), ``num_vertices``
(cells,), ``trainable_parameters`` (cells,), ``adjacency`` (cells, 7, 7) and ``operations`` (cells, 7) padded with
zeros, where operations are -1 input, 0 conv3x3-bn-relu, 1 conv1x1-bn-relu, 2 maxpool3x3, -2 output; and ``metrics``
(cells, 4, 3, 2, 4): budgets 4, 12, 36, 108 epochs; repeats; halfway, final; training time in seconds, train,
validation, test accuracy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import h5py
import numpy as np

from backends.tabular.hash_check import first_wrong_hash
from backends.tabular.import_rows import MOST_PARAMETERS, TableImport
from backends.tabular.import_tfrecord import RECIPE, existing_file, provenance_of
from backends.tabular.layout import ACCURACIES, SECONDS, Array
from harness.core.errors import TableError
from harness.core.progress import ProgressCallback, silent
from harness.core.quoting import quoted
from harness.core.space import SearchSpace
from harness.files.hdf5_layout import DatasetLayout, datasets
from harness.spaces.nasbench101_keys import INPUT, OPERATIONS, OUTPUT

LAYOUT = {
    "metrics": DatasetLayout("fiu", ("cells", "budgets", "repeats", 2, 4)),
    "hash": DatasetLayout("SO", ("cells",)),
    "num_vertices": DatasetLayout("iuf", ("cells",)),
    "trainable_parameters": DatasetLayout("iuf", ("cells",)),
    "adjacency": DatasetLayout("iufb", ("cells", 7, 7)),
    "operations": DatasetLayout("iuf", ("cells", 7)),
}
LENGTHS = {"cells": (1, 1_000_000), "budgets": (1, 4), "repeats": (1, 100)}
"""The data set has 423,624 cells and 3 repeats."""

BUDGETS = (4, 12, 36, 108)
LABELS = {-1: INPUT, -2: OUTPUT, **dict(enumerate(OPERATIONS))}
RANGES = {
    "num_vertices": (2, 7),
    "adjacency": (0, 1),
    "operations": (-2, 2),
    "trainable_parameters": (0, MOST_PARAMETERS),
}
METRIC_ORDER = (SECONDS, *ACCURACIES)
COLUMNS = (*(f"halfway/{metric}" for metric in METRIC_ORDER), *(f"final/{metric}" for metric in METRIC_ORDER))
CHUNK_CELLS = 8192
"""Cells read at once."""


def import_hdf5(
    source: str | Path, space: SearchSpace, output: str | Path, on_progress: ProgressCallback = silent
) -> None:
    """Write the table of a ``nasbench.hdf5``; progress is in cells, read and then checked.

    Four budgets are taken for 4, 12, 36 and 108 epochs and a single one for 108, since the file does not name them.
    Raises TableError for a file of another layout or a truncated one, and names the cell (from 1) for wrong content
    or a hash that is not the cell's.
    """
    path = existing_file(source)
    table_import = TableImport(space, repr(str(path)), "cell", COLUMNS)
    try:
        with h5py.File(path, "r") as file:
            found = _opened(path, file)
            cells = len(found["metrics"])
            for start in range(0, cells, CHUNK_CELLS):
                part = {name: _part(dataset, start) for name, dataset in found.items()}
                _require_ranges(table_import, start, part)
                for place, cell in enumerate(_rows(part), start=start + 1):
                    _take(table_import, place, cell)
                on_progress(min(start + CHUNK_CELLS, cells), cells)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())[:400]
        raise TableError(f"{str(path)!r} is no readable HDF5 file, or a truncated one ({reason})") from error
    table_import.check_hashes(lambda keys, given: first_wrong_hash(space, keys, given, on_progress))
    table_import.write(output, recipe=RECIPE, provenance=provenance_of(path, "nasbench-hdf5"))


def _opened(path: Path, file: h5py.File) -> Mapping[str, h5py.Dataset]:
    """The datasets of the file; raises TableError unless the layout is the expected one."""
    try:
        found = datasets(file, path, LAYOUT, LENGTHS)
    except ValueError as error:
        raise TableError(f"{str(path)!r} is no nasbench.hdf5: {error}") from error
    if found["metrics"].shape[1] not in (1, 4):
        shape = found["metrics"].shape
        raise TableError(f"{str(path)!r} is no nasbench.hdf5: metrics has the shape {shape}, expected 4 or 1 budgets")
    return found


def _part(dataset: h5py.Dataset, start: int) -> Array:
    """The next cells of a dataset; texts of variable length one by one, since many may be one long text."""
    if dataset.dtype.kind != "O":
        return np.asarray(dataset[start : start + CHUNK_CELLS])
    texts = [dataset[place] for place in range(start, min(start + CHUNK_CELLS, len(dataset)))]
    return np.array([text if len(text) <= 32 else b"too long" for text in texts], dtype="S32")


def _require_ranges(table_import: TableImport, start: int, part: Mapping[str, Array]) -> None:
    """Raise TableError for the first number that is not whole or out of range; rows begin at ``start``."""
    for name, (low, high) in RANGES.items():
        values = part[name].astype(np.float64)
        right = (values >= low) & (values <= high) & (values == np.rint(values))
        wrong = ~right.reshape(len(values), -1).all(axis=1)
        if wrong.any():
            place = int(np.argmax(wrong))
            told = quoted(part[name][place].tolist())
            raise table_import.error(start + place + 1, f"{name} is {told}, but must be whole, from {low} to {high}")


def _rows(part: Mapping[str, Array]) -> Iterator[Mapping[str, Array]]:
    for values in zip(*part.values(), strict=True):
        yield dict(zip(part, values, strict=True))


def _take(table_import: TableImport, place: int, cell: Mapping[str, Array]) -> None:
    vertices = int(cell["num_vertices"])
    module_hash = bytes(cell["hash"]).decode("ascii", "replace")
    codes = cell["operations"][:vertices].tolist()
    graph = _digits(cell["adjacency"][:vertices, :vertices]), ",".join(LABELS[code] for code in codes)
    if table_import.find(module_hash) is not None:
        raise table_import.error(place, f"the hash {module_hash} is there twice")
    parameters = int(cell["trainable_parameters"])
    number = table_import.add(module_hash, graph, place, parameters=parameters, module_hash=module_hash)
    budgets = BUDGETS if len(cell["metrics"]) == 4 else BUDGETS[-1:]
    for epochs, repeats in zip(budgets, cell["metrics"].astype(np.float64), strict=True):
        for values in repeats:
            table_import.trainings.add(number, epochs, values.ravel().tolist(), place)


def _digits(matrix: Array) -> str:
    return "".join(map(str, matrix.astype(int).ravel().tolist()))
