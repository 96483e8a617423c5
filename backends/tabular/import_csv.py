"""Imports CSV files (plain or gzipped) and Parquet files with named columns, for any space."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import Any

from backends.tabular.hash_check import first_wrong_hash
from backends.tabular.import_rows import LONGEST_TEXT, TableImport
from backends.tabular.import_tfrecord import existing_file, provenance_of
from backends.tabular.layout import ACCURACIES, METRICS, PERPLEXITIES
from backends.tabular.row_files import SourceRow, open_rows
from harness.core.errors import SettingError, TableError
from harness.core.progress import ProgressCallback, silent
from harness.core.quoting import quoted
from harness.core.space import CellDescription, SearchSpace

SYNONYMS: Mapping[str, tuple[str, ...]] = {
    "architecture": ("architecture", "arch"),
    "adjacency": ("adjacency", "module_adjacency", "matrix"),
    "operations": ("operations", "module_operations", "ops"),
    "module_hash": ("module_hash", "hash"),
    "epochs": ("epochs",),
    "repeat": ("repeat",),
    "train_accuracy": ("train_accuracy", "mean_train_accuracy"),
    "validation_accuracy": ("validation_accuracy", "valid_accuracy", "mean_validation_accuracy"),
    "test_accuracy": ("test_accuracy", "mean_test_accuracy"),
    "validation_perplexity": ("validation_perplexity", "valid_perplexity", "mean_validation_perplexity"),
    "test_perplexity": ("test_perplexity", "mean_test_perplexity"),
    "training_seconds": ("training_seconds", "training_time", "mean_training_seconds"),
    "trainable_parameters": ("trainable_parameters", "parameters", "params"),
}
"""The names that a column may have; ``halfway_`` may stand before those of the metrics."""

QUALITY_METRICS = (*ACCURACIES, *PERPLEXITIES)
"""The metrics of which a file has at least one."""

NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?|[-+]?(nan|inf|infinity)", re.ASCII | re.IGNORECASE)
"""What a number looks like in a text; Python reads ``1_0`` and digits of other scripts too."""

DIGITS = {0: "0", 1: "1", "0": "0", "1": "1"}
"""The entries of a matrix; true and 1.0 count as 1."""

PROGRESS_INTERVAL = 8192
"""Rows between two reports of progress."""


def import_csv(
    source: str | Path,
    space: SearchSpace,
    output: str | Path,
    on_progress: ProgressCallback = silent,
    *,
    mean_of: int = 1,
    recipe: str = "",
) -> None:
    """Write the table of a CSV or Parquet file whose rows are trainings.

    Progress is in bytes of a CSV file or rows of a Parquet file, then in cells whose hashes were checked.

    Columns (SYNONYMS lists other names): ``architecture``, the space's text form, or ``adjacency`` (row-major 0/1) and
    ``operations`` (a label for each vertex); ``epochs``; at least one accuracy, a fraction, or perplexity; optional
    ``repeat`` (from 0), ``training_seconds``, ``trainable_parameters``, ``module_hash`` (checked). Other columns are
    named in the provenance as ignored. ``nan`` is a training that diverged; one that never took place has no row. The
    course of a training is a row for each of its epochs, with the seconds from its beginning.
    ``mean_of`` says how many repeats each row is the mean of: such a row is one repeat, and the provenance says so.
    Raises TableError that names line and column for all that does not fit.
    """
    if mean_of < 1:
        raise SettingError(f"option 'mean_of' cannot be {mean_of!r}: it is a number of repeats, 1 or more")
    path = existing_file(source)
    with open_rows(path) as file:
        columns = _columns(path, file.header)
        table_import = TableImport(space, repr(str(path)), file.unit, [_dataset(name) for name in columns.metrics])
        table_import.trainings.titles = [file.header[i] for i in columns.metrics.values()]
        reader = _RowReader(table_import, file.header, columns)
        for count, row in enumerate(file.read(columns.used), start=1):
            reader.take(row)
            if count % PROGRESS_INTERVAL == 0:
                on_progress(file.done(), file.total)
    provenance = provenance_of(path, "csv") | columns.provenance(file.header, mean_of)
    table_import.check_hashes(lambda keys, given: first_wrong_hash(space, keys, given, on_progress))
    table_import.write(output, recipe=recipe or f"as recorded in {path.name}", provenance=provenance)


@dataclass(frozen=True, slots=True)
class _ColumnPlaces:
    """Where the columns are: those that describe trainings, and the metrics by name."""

    places: Mapping[str, int]
    metrics: Mapping[str, int]

    @property
    def used(self) -> list[int]:
        """The places of the columns that are read."""
        return [*self.places.values(), *self.metrics.values()]

    def provenance(self, header: Sequence[str], mean_of: int) -> dict[str, object]:
        ignored = [name for i, name in enumerate(header) if i not in self.used]
        means = any(header[i].startswith("mean_") for i in self.metrics.values())
        note = f"mean of {mean_of} repeats" if mean_of > 1 else "mean of repeats" if means else ""
        return ({"ignored_columns": ignored} if ignored else {}) | ({"repeats": note} if note else {})


def _columns(path: Path, header: Sequence[str]) -> _ColumnPlaces:
    """Find the columns; raises TableError for one that is missing or there twice."""
    found = {name: i for name in (*SYNONYMS, *(f"halfway_{m}" for m in METRICS)) for i in _matches(path, header, name)}
    metrics = {name: i for name, i in found.items() if name.removeprefix("halfway_") in METRICS}
    places = {name: i for name, i in found.items() if name not in metrics}
    cell = "architecture" in places or {"adjacency", "operations"} <= places.keys()
    missing = [] if cell else ["'architecture' (or 'adjacency' and 'operations')"]
    missing += [] if "epochs" in places else ["'epochs'"]
    missing += [] if metrics.keys() & set(QUALITY_METRICS) else [f"one of {', '.join(map(repr, QUALITY_METRICS))}"]
    if missing:
        raise TableError(
            f"{str(path)!r} lacks the column {' and '.join(missing)}; it has {', '.join(header) or 'none'}"
        )
    return _ColumnPlaces(places, metrics)


def _matches(path: Path, header: Sequence[str], name: str) -> Iterator[int]:
    prefix = "halfway_" if name.startswith("halfway_") else ""
    known = [prefix + synonym for synonym in SYNONYMS[name.removeprefix("halfway_")]]
    places = [i for i, title in enumerate(header) if title in known]
    if len(places) > 1:
        raise TableError(
            f"{str(path)!r} has {len(places)} columns for {name!r}: {', '.join(header[i] for i in places)}"
        )
    yield from places


def _dataset(name: str) -> str:
    return f"halfway/{name.removeprefix('halfway_')}" if name.startswith("halfway_") else f"final/{name}"


class _RowReader:
    """Adds rows of a file to an import."""

    def __init__(self, table_import: TableImport, header: Sequence[str], columns: _ColumnPlaces) -> None:
        self.table_import, self.header, self.places = table_import, header, columns.places
        self.metrics = tuple(columns.metrics.values())

    def take(self, row: SourceRow) -> None:
        place, values = row
        if len(values) != len(self.header):
            raise self.table_import.error(place, f"{len(values)} values for {len(self.header)} columns")
        description = self._description(place, values)
        parameters = (
            self._whole(place, values, "trainable_parameters", 0) if self._has("trainable_parameters") else None
        )
        module_hash = self._text(place, values, "module_hash") if self._has("module_hash") else None
        cell = self.table_import.find(description)
        if cell is None:
            cell = self.table_import.add(
                description, description, place, parameters=parameters, module_hash=module_hash
            )
        else:
            self.table_import.require_same(cell, place, parameters=parameters, module_hash=module_hash)
        epochs = self._whole(place, values, "epochs", 1)
        repeat = self._whole(place, values, "repeat", 0) if self._has("repeat") else 0
        metrics = [self._number(place, values, column) for column in self.metrics]
        self.table_import.trainings.add(cell, epochs, metrics, place, repeat)

    def _has(self, name: str) -> bool:
        return name in self.places

    def _description(self, place: int, values: Sequence[Any]) -> CellDescription:
        if self._has("architecture"):
            return self._text(place, values, "architecture")
        readers = {"adjacency": _digits, "operations": _labels}
        matrix, labels = (self._read(place, values, name, reader) for name, reader in readers.items())
        return matrix, labels

    def _text(self, place: int, values: Sequence[Any], name: str) -> str:
        return self._read(place, values, name, lambda value: str(value).strip())

    def _read(self, place: int, values: Sequence[Any], name: str, reader: Callable[[Any], str]) -> str:
        """What ``reader`` makes of a value; raises TableError where it makes nothing of it, or the text is too long."""
        value = values[self.places[name]]
        try:
            text = reader(value) if not isinstance(value, str) or len(value) <= LONGEST_TEXT else ""
        except (ValueError, TypeError, KeyError, IndexError, RecursionError):
            text = ""
        if not text:
            expected = EXPECTED[name]
            message = f"column {self.header[self.places[name]]!r} holds {quoted(value)}; expected {expected}"
            raise self.table_import.error(place, message)
        return text

    def _whole(self, place: int, values: Sequence[Any], name: str, low: int) -> int:
        column = self.places[name]
        number = self._number(place, values, column)
        if not low <= number < 2**31 or number != int(number):
            message = f"column {self.header[column]!r} holds {quoted(values[column])}, not a whole number from {low} on"
            raise self.table_import.error(place, message)
        return int(number)

    def _number(self, place: int, values: Sequence[Any], column: int) -> float:
        value = values[column]
        number = _number_of(value)
        if number is None:
            hint = "; write nan for a training that diverged, and no row for one that never took place"
            message = f"column {self.header[column]!r} holds {quoted(value)}, which is no number"
            raise self.table_import.error(place, message + (hint if value in ("", None) else ""))
        return number


EXPECTED = {
    "architecture": "the text form of a cell",
    "module_hash": "a hash of 32 hexadecimal digits",
    "adjacency": "a square matrix of 0 and 1",
    "operations": "a label for each vertex",
}
"""What each column of texts holds, in words."""


def _number_of(value: Any) -> float | None:
    """A number, or a text of decimal digits, as a float; None for anything else."""
    if isinstance(value, str):
        return float(value) if NUMBER.fullmatch(value := value.strip()) else None
    return float(value) if isinstance(value, int | float | Decimal) and not isinstance(value, bool) else None


def _digits(adjacency: Any) -> str:
    """A matrix as its digits in one text, from a text, nested brackets or lists; raises an error for other content."""
    if isinstance(adjacency, str) and not adjacency.lstrip().startswith("["):
        return adjacency.strip()
    rows = json.loads(adjacency) if isinstance(adjacency, str) else adjacency
    nested = isinstance(rows[0], list)
    if nested and any(len(row) != len(rows) for row in rows):
        raise ValueError("rows of different lengths")
    return "".join(DIGITS[entry] for entry in (chain.from_iterable(rows) if nested else rows))


def _labels(operations: Any) -> str:
    if isinstance(operations, str) and not operations.lstrip().startswith("["):
        return operations.strip()
    return ",".join(json.loads(operations) if isinstance(operations, str) else operations)
