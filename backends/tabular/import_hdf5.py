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
from backends.tabular.import_rows import TableImport
from backends.tabular.import_tfrecord import RECIPE, existing_file, provenance_of
from backends.tabular.layout import ACCURACIES, SECONDS, Array
from harness.core.errors import TableError
from harness.core.progress import ProgressCallback, silent
from harness.core.space import SearchSpace
from harness.spaces.nasbench101_keys import INPUT, OPERATIONS, OUTPUT

NAMES = ("hash", "num_vertices", "trainable_parameters", "adjacency", "operations", "metrics")
BUDGETS = (4, 12, 36, 108)
LABELS = {-1: INPUT, -2: OUTPUT, **dict(enumerate(OPERATIONS))}
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
            cells, budgets = _cells_and_budgets(path, file)
            for start in range(0, cells, CHUNK_CELLS):
                part = {name: file[name][start : start + CHUNK_CELLS] for name in NAMES}
                for place, cell in enumerate(_rows(part), start=start + 1):
                    _take(table_import, place, cell, budgets)
                on_progress(min(start + CHUNK_CELLS, cells), cells)
    except (OSError, RuntimeError, KeyError) as error:
        reason = " ".join(str(error).split())
        raise TableError(f"{str(path)!r} is no readable HDF5 file, or a truncated one ({reason})") from error
    table_import.check_hashes(lambda keys, given: first_wrong_hash(space, keys, given, on_progress))
    table_import.write(output, recipe=RECIPE, provenance=provenance_of(path, "nasbench-hdf5"))


def _cells_and_budgets(path: Path, file: h5py.File) -> tuple[int, tuple[int, ...]]:
    """The number of cells and the epochs of the budgets; raises TableError unless the layout is the expected one."""
    if missing := [name for name in NAMES if name not in file]:
        raise TableError(f"{str(path)!r} is no nasbench.hdf5: it lacks {', '.join(missing)}")
    cells, *shape = file["metrics"].shape
    shapes = {"adjacency": (cells, 7, 7), "operations": (cells, 7)} | dict.fromkeys(NAMES[:3], (cells,))
    wrong = [name for name, expected in shapes.items() if file[name].shape != expected]
    if wrong or len(shape) != 4 or shape[2:] != [2, 4] or shape[0] not in (1, 4):
        raise TableError(
            f"{str(path)!r} is no nasbench.hdf5: metrics has the shape {file['metrics'].shape}, expected (cells, "
            "4 or 1 budgets, repeats, 2, 4)" + (f"; {', '.join(wrong)} do not fit" if wrong else "")
        )
    return cells, BUDGETS if shape[0] == 4 else BUDGETS[-1:]


def _rows(part: Mapping[str, Array]) -> Iterator[Mapping[str, Array]]:
    for values in zip(*part.values(), strict=True):
        yield dict(zip(part, values, strict=True))


def _take(table_import: TableImport, place: int, cell: Mapping[str, Array], budgets: tuple[int, ...]) -> None:
    vertices = int(cell["num_vertices"])
    module_hash = bytes(cell["hash"]).decode("ascii", "replace")
    codes = cell["operations"][:vertices].tolist()
    if not set(codes) <= LABELS.keys():
        raise table_import.error(place, f"operations are {codes}, but must be among {sorted(LABELS)}")
    graph = _digits(cell["adjacency"][:vertices, :vertices]), ",".join(LABELS[code] for code in codes)
    if table_import.find(module_hash) is not None:
        raise table_import.error(place, f"the hash {module_hash} is there twice")
    parameters = int(cell["trainable_parameters"])
    number = table_import.add(module_hash, graph, place, parameters=parameters, module_hash=module_hash)
    for epochs, repeats in zip(budgets, cell["metrics"].astype(np.float64), strict=True):
        for values in repeats:
            table_import.trainings.add(number, epochs, values.ravel().tolist(), place)


def _digits(matrix: Array) -> str:
    return "".join(map(str, matrix.astype(int).ravel().tolist()))
