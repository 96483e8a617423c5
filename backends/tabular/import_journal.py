"""Imports the journal of a table that was built by training every cell (harness/execution/building.py)."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from backends.tabular.hash_check import hashes_of
from backends.tabular.import_rows import TableImport
from backends.tabular.import_tfrecord import existing_file, provenance_of
from backends.tabular.journal import JournalRow, damaged, is_learning_curve, read_journal, require_row
from backends.tabular.layout import ACCURACIES, PERPLEXITIES, SECONDS
from harness.core.errors import SettingError
from harness.core.progress import ProgressCallback, silent
from harness.core.space import CellDescription, SearchSpace

MEASURED = {**{name: name for name in ACCURACIES}, SECONDS: "seconds"}
"""The table's metrics with their names in a journal whose rows are single results."""


@dataclass(frozen=True, slots=True)
class _RowFormat:
    """A form of rows: the columns of its results, and the function that adds a row's results to an import."""

    columns: tuple[str, ...]
    take: Callable[[TableImport, int, JournalRow], None]


def import_journal(
    source: str | Path, space: SearchSpace, output: str | Path, on_progress: ProgressCallback = silent
) -> None:
    """Write the table of a journal, finished or not; progress is in rows.

    A row is a training at one budget with its accuracies, or the whole course of a training with its perplexities after
    each epoch. The recipe is the header's, as JSON; a training that diverged has NaN. Raises TableError, with the
    number of the row below the header, for what is wrong.
    """
    path = existing_file(source)
    header, rows = read_journal(path)
    form = _learning_curve_format(rows) if rows and is_learning_curve(rows[0]) else RESULT_FORMAT
    table_import = TableImport(space, repr(str(path)), "row", form.columns)
    for place, row in enumerate(rows, start=1):
        try:
            require_row(row, curve=form is not RESULT_FORMAT, keys_alone=False)
            form.take(table_import, place, row)
        except SettingError as error:
            raise damaged(path, place - 1, str(error)) from error
        except (IndexError, ValueError) as error:
            raise table_import.error(place, "it is no cell of this space, or it has no epochs") from error
        on_progress(place, len(rows))
    making = {name: value for name, value in header.items() if name not in ("recipe", "space", "repeats")}
    provenance = provenance_of(path, "journal") | making
    table_import.add_hashes(lambda keys: hashes_of(space, keys))
    table_import.write(output, recipe=json.dumps(header["recipe"], sort_keys=True), provenance=provenance)


def _cell(table_import: TableImport, place: int, row: JournalRow, description: CellDescription) -> int:
    cell = table_import.find(description)
    return table_import.add(description, description, place, parameters=row["parameters"]) if cell is None else cell


def _take_result(table_import: TableImport, place: int, row: JournalRow) -> None:
    values = [*_values(row["final"], row.get("diverged", False)), *_values(row["half"], False)]
    cell = _cell(table_import, place, row, table_import.space.described(row["adjacency"], row["operations"]))
    table_import.trainings.add(cell, row["epochs"], values, place, row["repeat"])


def _values(measured: Mapping[str, Any], diverged: bool) -> list[float]:
    """The numbers of one moment, in the order of MEASURED."""
    values = {name: float(measured[name]) for name in MEASURED.values()}
    return [math.nan if diverged and name != "seconds" else value for name, value in values.items()]


RESULT_FORMAT = _RowFormat(
    tuple(f"{stage}/{metric}" for stage in ("final", "halfway") for metric in MEASURED), _take_result
)


def _learning_curve_format(rows: Sequence[JournalRow]) -> _RowFormat:
    """The form of rows that are courses; the longest one says which epochs a diverged training would have reached."""
    whole = max((row["epochs"] for row in rows if is_learning_curve(row)), key=len)

    def take(table_import: TableImport, place: int, row: JournalRow) -> None:
        cell = _cell(table_import, place, row, str(row["architecture"]))
        for epoch, *values in _diverged_curve(row, whole) if row.get("diverged", False) else _measured(row):
            table_import.trainings.add(cell, epoch, values, place, row["repeat"])

    return _RowFormat(tuple(f"final/{metric}" for metric in (*PERPLEXITIES, SECONDS)), take)


CurvePoint: TypeAlias = tuple[int, float, float, float]
"""Epochs, validation and test perplexity (NaN where it is no finite number), and seconds from the beginning."""


def _measured(row: JournalRow) -> list[CurvePoint]:
    """What a course has measured, epoch by epoch."""
    columns = [map(_finite, row[name]) for name in (*PERPLEXITIES, "seconds")]
    return list(zip(row["epochs"], *columns, strict=True))


def _diverged_curve(row: JournalRow, whole: Sequence[int]) -> list[CurvePoint]:
    """The course of a training that diverged: no value at the end, nor after it was stopped, at no more seconds."""
    moments = _measured(row)
    spent = moments[-1][3] if moments else math.nan
    moments += [(epoch, math.nan, math.nan, spent) for epoch in whole[len(moments) :]]
    return [*moments[:-1], (whole[-1], math.nan, math.nan, moments[-1][3])]


def _finite(value: float | None) -> float:
    return float(value) if value is not None and math.isfinite(value) else math.nan
