"""Imports NAS-Bench-101's own files, nasbench_only108.tfrecord and nasbench_full.tfrecord, without TensorFlow."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import sys
from pathlib import Path

from google.protobuf.message import DecodeError

from backends.tabular.import_rows import TableImport
from backends.tabular.layout import ACCURACIES, SECONDS
from backends.tabular.model_metrics import MEASURED, METRICS_CLASS, EvaluationData
from backends.tabular.tfrecord import read_records
from harness.core.errors import TableError
from harness.core.progress import ProgressCallback, silent
from harness.core.quoting import one_line
from harness.core.space import SearchSpace

COLUMNS = tuple(f"{stage}/{metric}" for stage in ("final", "halfway") for metric in (*ACCURACIES, SECONDS))
RECIPE = "the trainings of a NAS-Bench-101 record file (Ying et al. 2019; settings in NAS-Bench-101, lib/config.py)"
PROGRESS_INTERVAL = 8192
"""Records between two reports of progress."""


def import_tfrecord(
    source: str | Path, space: SearchSpace, output: str | Path, on_progress: ProgressCallback = silent
) -> None:
    """Read the record file ``source`` once and write its table; progress is in bytes.

    Repeats are numbered in the file's order, as NAS-Bench-101's api.py does, and the untrained evaluation is dropped as
    there. Raises TableError, with record number and byte offset, for a file that is truncated, damaged or of other
    content, and for cells outside ``space``.
    """
    path = existing_file(source)
    table_import = TableImport(space, repr(str(path)), "record", COLUMNS)
    size = path.stat().st_size
    with path.open("rb", buffering=1 << 20) as file:
        for number, (offset, record) in enumerate(read_records(file, table_import.source), start=1):
            try:
                _take(table_import, record, number)
            except (ValueError, TypeError, RecursionError, DecodeError) as error:
                message = f"at byte {offset}, no NAS-Bench-101 record ({one_line(str(error))})"
                raise table_import.error(number, message) from error
            if number % PROGRESS_INTERVAL == 0:
                on_progress(offset, size)
    on_progress(size, size)
    table_import.write(output, recipe=RECIPE, provenance=provenance_of(path, "nasbench-tfrecord"))


def existing_file(source: str | Path) -> Path:
    """The path of a source file; raises TableError where there is none."""
    path = Path(source)
    if not path.is_file():
        raise TableError(f"there is no file {str(path)!r}")
    if not os.access(path, os.R_OK):
        raise TableError(f"file {str(path)!r} cannot be read: permission denied")
    return path


def provenance_of(path: Path, importer: str) -> dict[str, object]:
    """The name and SHA-256 of a source file, and the importer that read it."""
    with path.open("rb") as file:
        return {"source": path.name, "sha256": hashlib.file_digest(file, "sha256").hexdigest(), "importer": importer}


def _take(table_import: TableImport, record: bytes, number: int) -> None:
    """Add one record: a JSON list of hash, epochs, matrix, labels and base64 protobuf (NAS-Bench-101, api.py)."""
    module_hash, epochs, adjacency, operations, raw = json.loads(record)
    if {type(text) for text in (module_hash, adjacency, operations, raw)} != {str}:
        raise ValueError("hash, matrix, labels and metrics are no texts")
    metrics = METRICS_CLASS.FromString(base64.b64decode(raw))
    _, half, final = metrics.evaluation_data
    if not metrics.HasField("trainable_parameters"):
        raise ValueError("the metrics lack trainable_parameters")
    cell = table_import.find(module_hash)
    if cell is None:
        parameters = metrics.trainable_parameters
        graph = (sys.intern(adjacency), sys.intern(operations))
        cell = table_import.add(module_hash, graph, number, parameters=parameters, module_hash=module_hash)
    elif table_import.description(cell) != (adjacency, operations):
        raise table_import.error(number, f"the hash {module_hash} belongs to another cell above")
    table_import.trainings.add(cell, epochs, (*_values(final), *_values(half)), number)


def _values(evaluation: EvaluationData) -> tuple[float, float, float, float]:
    if missing := [name for name in MEASURED if not evaluation.HasField(name)]:
        raise ValueError(f"an evaluation lacks {', '.join(missing)}")
    return (
        evaluation.train_accuracy,
        evaluation.validation_accuracy,
        evaluation.test_accuracy,
        evaluation.training_time,
    )
