"""A drop-in for ``nasbench.api`` of NAS-Bench-101: the same names, answers and exceptions, from a table file.

    from harness.nasbench_api import ModelSpec, NASBench, OutOfDomainError

    nasbench = NASBench("nasbench_only108.tfrecord")  # or a table's name or .h5 file, which opens at once
    nasbench.query(ModelSpec(matrix, ops))

Intended differences: matrices of floats and of any other type of number hash like integers; a cell of more than 7
vertices raises OutOfDomainError, not TypeError; each object draws repeats with its own generator, in the order that
Python's global one gives for the same seed; hashes are in the order of the table's rows, not of the record file;
``evaluate`` does not train. A table with fewer metrics gives dicts without the missing ones.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import KeysView, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from backends.tabular import Table, open_table
from backends.tabular.import_tfrecord import import_tfrecord
from backends.tabular.layout import ACCURACIES, SECONDS
from harness.core.errors import IncompatibleError, SpaceError
from harness.files.folders import cache_folder
from harness.spaces.nasbench101 import NASBench101
from harness.spaces.nasbench101_hash import hashes, module_hash
from harness.spaces.nasbench101_keys import (
    INPUT,
    MOST_EDGES,
    MOST_VERTICES,
    OPERATIONS,
    OUTPUT,
    alive,
    key_of_matrix,
    matrix_of_key,
    predecessors_of,
)

PUBLISHED_NAMES = {SECONDS: "training_time", **{name: name for name in ACCURACIES}}
"""The metrics that queries return, in their order, with the names that nasbench.api gives them."""

HDF5_MAGIC = b"\x89HDF"


class OutOfDomainError(Exception):
    """The cell, or the number of epochs, is outside the search space."""


class ModelSpec:
    """A cell: an adjacency matrix and a label for each vertex, as given and without dead parts.

    ``matrix`` and ``ops`` are None, and ``valid_spec`` is False, where the output is not connected to the input.
    """

    def __init__(self, matrix: npt.ArrayLike, ops: Sequence[str], data_format: str = "channels_last") -> None:
        """Copy and prune; raises ValueError for a matrix that is not square, 0/1 and strictly upper triangular."""
        self.original_matrix = np.array(matrix)
        self.original_ops = list(ops)
        self.data_format = data_format
        if self.original_matrix.ndim != 2 or self.original_matrix.shape[0] != self.original_matrix.shape[1]:
            raise ValueError("matrix must be square")
        if len(self.original_matrix) != len(self.original_ops):
            raise ValueError("length of ops must match matrix dimensions")
        try:
            kept = alive(predecessors_of(self.original_matrix))
        except SpaceError as error:
            raise ValueError(f"matrix must be upper triangular, of 0 and 1: {error}") from error
        self.valid_spec = bool(kept)
        self.matrix: npt.NDArray[Any] | None = self.original_matrix[np.ix_(kept, kept)] if kept else None
        self.ops: list[str] | None = [self.original_ops[vertex] for vertex in kept] if kept else None

    def hash_spec(self, canonical_ops: Sequence[str]) -> str:
        """The hash that names the cell in the data set; ``canonical_ops`` are the operations in their published order.

        Raises ValueError for an operation that is not among them, OutOfDomainError for a disconnected cell.
        """
        if self.matrix is None or self.ops is None:
            raise OutOfDomainError("invalid spec, provided graph is disconnected.")
        return module_hash(self.matrix, [list(canonical_ops).index(op) for op in self.ops[1:-1]])


class NASBench:
    """The data set: queries, which are added to the budget counters, and free access to all numbers of a cell.

    ``training_time_spent`` (seconds) and ``total_epochs_spent`` are the budget counters.
    """

    def __init__(self, dataset_file: str | Path, seed: int | None = None) -> None:
        """Open a table by name or path, or a .tfrecord file, which is imported into the cache when it is first used.

        ``seed`` decides which repeats queries return. Raises TableError for a damaged or foreign file.
        """
        self.config = {
            "module_vertices": MOST_VERTICES,
            "max_edges": MOST_EDGES,
            "num_repeats": 3,
            "available_ops": list(OPERATIONS),
        }
        self.table = _open(dataset_file)
        self.table.require(NASBench101())
        self.valid_epochs = set(self.table.epochs)
        self._columns = {stage: _columns(self.table, stage) for stage in ("halfway", "final")}
        self.history: dict[str, Any] = {}
        self._random = random.Random(seed)
        self.reset_budget_counters()

    def query(self, model_spec: ModelSpec, epochs: int = 108, stop_halfway: bool = False) -> dict[str, Any]:
        """One training of the cell, drawn from its repeats, at its end or halfway; counts its time and epochs.

        Raises OutOfDomainError for other epochs and cells outside the space, KeyError for a cell that a partial table
        lacks, IncompatibleError if the table has no halfway values.
        """
        if epochs not in self.valid_epochs:
            raise OutOfDomainError(f"invalid number of epochs, must be one of {self.valid_epochs}")
        row, budget = self._row_of_spec(model_spec), self.table.budget(epochs)
        repeats = self._repeats(row, budget)
        if not repeats:
            raise KeyError(f"table {self.table.name!r} has no training of {epochs} epochs of this cell")
        repeat = repeats[self._random.randint(0, len(repeats) - 1)]
        data = self._fixed(row) | self._measured("halfway" if stop_halfway else "final", row, budget, repeat)
        self.training_time_spent += data.get("training_time", 0.0)
        self.total_epochs_spent += epochs // 2 if stop_halfway else epochs
        return data

    def is_valid(self, model_spec: ModelSpec) -> bool:
        """Whether the cell is within the space."""
        try:
            self._check_spec(model_spec)
        except OutOfDomainError:
            return False
        return True

    def get_budget_counters(self) -> tuple[float, int]:
        """The seconds and the epochs that queries have cost."""
        return self.training_time_spent, self.total_epochs_spent

    def reset_budget_counters(self) -> None:
        """Set both counters to 0."""
        self.training_time_spent = 0.0
        self.total_epochs_spent = 0

    def hash_iterator(self) -> KeysView[str]:
        """The hashes of all cells."""
        return self._row_of_hash.keys()

    def get_metrics_from_hash(self, module_hash: str) -> tuple[dict[str, Any], dict[int, list[dict[str, float]]]]:
        """The fixed numbers of a cell, and by epochs the list of its repeats; adds nothing to the counters.

        Raises KeyError for a hash that the table lacks.
        """
        return self._metrics(self._row_of_hash[module_hash])

    def get_metrics_from_spec(self, model_spec: ModelSpec) -> tuple[dict[str, Any], dict[int, list[dict[str, float]]]]:
        """The same for a specification; raises OutOfDomainError outside the space and KeyError if it is missing."""
        return self._metrics(self._row_of_spec(model_spec))

    def evaluate(self, model_spec: ModelSpec, model_dir: str) -> dict[str, Any]:
        """Raise NotImplementedError: a table does not train."""
        raise NotImplementedError("this API answers from a table; train a cell with the oracle 'standalone' instead")

    @cached_property
    def _row_of_hash(self) -> Mapping[str, int]:
        known = self.table.hashes
        joined = "".join(hashes(self.table.keys.tolist())) if known is None else known.tobytes().hex()
        return {joined[32 * row : 32 * row + 32]: row for row in range(len(self.table))}

    def _check_spec(self, model_spec: ModelSpec) -> None:
        """The rules of the space, applied to the cell without dead parts; raises OutOfDomainError."""
        matrix, ops = model_spec.matrix, model_spec.ops
        if not model_spec.valid_spec or matrix is None or ops is None:
            raise OutOfDomainError("invalid spec, provided graph is disconnected.")
        if len(ops) > MOST_VERTICES:
            raise OutOfDomainError(f"too many vertices, got {len(ops)} (max vertices = {MOST_VERTICES})")
        if (edges := np.count_nonzero(matrix)) > MOST_EDGES:
            raise OutOfDomainError(f"too many edges, got {edges} (max edges = {MOST_EDGES})")
        if ops[0] != INPUT:
            raise OutOfDomainError("first operation should be 'input'")
        if ops[-1] != OUTPUT:
            raise OutOfDomainError("last operation should be 'output'")
        for op in ops[1:-1]:
            if op not in OPERATIONS:
                raise OutOfDomainError(f"unsupported op {op} (available ops = {list(OPERATIONS)})")

    def _row_of_spec(self, model_spec: ModelSpec) -> int:
        self._check_spec(model_spec)
        key = key_of_matrix(model_spec.matrix, model_spec.ops[1:-1])  # type: ignore[arg-type, index]
        row = self.table.row(key)
        if row < 0:
            raise KeyError(f"table {self.table.name!r} lacks this cell")
        return row

    def _repeats(self, row: int, budget: int) -> list[int]:
        recorded = self.table.arrays["recorded"][row, budget].tolist()
        return [repeat for repeat, there in enumerate(recorded) if there]

    def _fixed(self, row: int) -> dict[str, Any]:
        matrix, codes = matrix_of_key(int(self.table.written[row]))
        fixed = {
            "module_adjacency": np.array(matrix, dtype=np.int8),
            "module_operations": [INPUT, *(OPERATIONS[code] for code in codes), OUTPUT],
        }
        parameters = self.table.parameters
        return fixed if parameters is None else fixed | {"trainable_parameters": int(parameters[row])}

    def _measured(self, stage: str, row: int, budget: int, repeat: int) -> dict[str, float]:
        """The numbers of one training at one moment, by their names in nasbench.api."""
        if not self._columns[stage]:
            raise IncompatibleError(f"table {self.table.name!r} has no {stage} values")
        return {name: float(array[row, budget, repeat]) for name, array in self._columns[stage].items()}

    def _metrics(self, row: int) -> tuple[dict[str, Any], dict[int, list[dict[str, float]]]]:
        places = {epochs: self._repeats(row, budget) for budget, epochs in enumerate(self.table.epochs)}
        return self._fixed(row), {
            epochs: [self._point(row, self.table.budget(epochs), repeat) for repeat in repeats]
            for epochs, repeats in places.items()
            if repeats
        }

    def _point(self, row: int, budget: int, repeat: int) -> dict[str, float]:
        stages = [stage for stage, columns in self._columns.items() if columns]
        measured = {stage: self._measured(stage, row, budget, repeat) for stage in stages}
        return {f"{stage}_{name}": value for stage, values in measured.items() for name, value in values.items()}


def _columns(table: Table, stage: str) -> dict[str, npt.NDArray[Any]]:
    """The table's arrays (cells, budgets, repeats) of one moment, by their names in nasbench.api."""
    named = {theirs: table.arrays.get(f"{stage}/{ours}") for ours, theirs in PUBLISHED_NAMES.items()}
    return {name: array for name, array in named.items() if array is not None}


def _open(dataset_file: str | Path) -> Table:
    """Open a table; a record file is imported into the cache first, under a name made of its path, size and time."""
    path = Path(dataset_file)
    if not path.is_file():
        return open_table(dataset_file)
    with path.open("rb") as file:
        if file.read(4) == HDF5_MAGIC:
            return open_table(dataset_file)
    stat = path.stat()
    name = hashlib.sha256(f"{path.resolve()} {stat.st_size} {stat.st_mtime_ns}".encode()).hexdigest()[:16]
    table = cache_folder() / "records" / f"{path.stem}-{name}.h5"
    if not table.is_file():
        table.parent.mkdir(parents=True, exist_ok=True)
        import_tfrecord(path, NASBench101(), table)
    return open_table(table)


__all__: Sequence[str] = ("ModelSpec", "NASBench", "OutOfDomainError")
