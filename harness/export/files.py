"""Writes exported rows in parts, as CSV, JSON, Parquet, Markdown or LaTeX; a file appears only when it is complete.

A CSV text that a spreadsheet would read as a formula, because it begins with ``=``, ``+``, ``-``, ``@``, a tab or a
carriage return, gets a ``'`` before it; numbers never do, and every other format keeps the text as it is.
"""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from harness.core.errors import SettingError
from harness.export.columns import ExportColumn
from harness.export.rows import ExportRow
from harness.files.atomic_write import atomic_output
from harness.output.text_tables import csv_text, latex_table, latex_text, markdown_table, markdown_text

if TYPE_CHECKING:
    import pyarrow

BATCH_ROWS = 50_000
"""The number of Parquet rows that are written together."""

ExportColumns = Sequence[ExportColumn]


def write_csv(rows: Iterable[ExportRow], columns: ExportColumns, out: IO[str]) -> None:
    """Write the names, then one line a row; a missing value is an empty field."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.name for column in columns])
    writer.writerows([_field(row.get(column.name), column) for column in columns] for row in rows)


def _field(value: Any, column: ExportColumn) -> Any:
    match column.type:
        case "boolean" if value is not None:
            return str(value).lower()
        case "json":
            return json_text(value)
        case "text":
            return csv_text(value)
    return value


def json_text(value: Any) -> str | None:
    """A nested value in one line, with sorted keys."""
    return None if value is None else json.dumps(value, sort_keys=True, allow_nan=False, ensure_ascii=False)


def write_json(rows: Iterable[ExportRow], columns: ExportColumns, out: IO[str]) -> None:
    """Write a list of objects, one a line, each with every column."""
    before = "[\n"
    for row in rows:
        whole = {column.name: row.get(column.name) for column in columns}
        out.write(before + json.dumps(whole, allow_nan=False, ensure_ascii=False))
        before = ",\n"
    out.write("[]\n" if before == "[\n" else "\n]\n")


def write_markdown(rows: Iterable[ExportRow], columns: ExportColumns, out: IO[str]) -> None:
    """Write a table of the ``printed`` columns."""
    heads, cells, names = _reading(rows, columns, markdown_text)
    out.writelines(f"{line}\n" for line in markdown_table(heads, cells, names=names))


def write_latex(rows: Iterable[ExportRow], columns: ExportColumns, out: IO[str]) -> None:
    """Write a ``table`` for the package booktabs, of the ``printed`` columns."""
    heads, cells, names = _reading(rows, columns, latex_text)
    out.write(latex_table("Runs", heads, cells, (), names=names))


def _reading(
    rows: Iterable[ExportRow], columns: ExportColumns, escape: Callable[[str], str]
) -> tuple[list[str], list[list[str]], list[int]]:
    """The heads and cells of the ``printed`` columns, and the positions of those with text."""
    printed = [column for column in columns if column.printed]
    names = [place for place, column in enumerate(printed) if column.type == "text"]
    cells = [[escape(_printed(row.get(column.name))) for column in printed] for row in rows]
    return [column.name for column in printed], cells, names


def _printed(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def write_parquet(rows: Iterable[ExportRow], columns: ExportColumns, out: IO[bytes]) -> None:
    """Write row groups of at most ``BATCH_ROWS`` rows; the columns' metadata hold units and meanings."""
    from pyarrow import parquet

    schema = arrow_schema(columns)
    with parquet.ParquetWriter(out, schema, compression="zstd") as writer:
        for batch in arrow_batches(rows, columns):
            writer.write_batch(batch)


def arrow_schema(columns: ExportColumns) -> pyarrow.Schema:
    """The Arrow schema of the columns."""
    import pyarrow as pa

    types = {"text": pa.string(), "json": pa.string(), "integer": pa.int64(), "number": pa.float64()}
    types["boolean"] = pa.bool_()
    meanings = [{"unit": column.unit, "meaning": column.meaning} for column in columns]
    pairs = zip(columns, meanings, strict=True)
    return pa.schema([pa.field(column.name, types[column.type], metadata=told) for column, told in pairs])


def arrow_batches(rows: Iterable[ExportRow], columns: ExportColumns) -> Iterator[pyarrow.RecordBatch]:
    """The rows in Arrow batches; raises SettingError for a whole number of more than 64 bits."""
    import pyarrow as pa

    schema, left = arrow_schema(columns), iter(rows)
    while part := list(itertools.islice(left, BATCH_ROWS)):
        arrays = []
        for column, arrow in zip(columns, schema, strict=True):
            values = [row.get(column.name) for row in part]
            values = list(map(json_text, values)) if column.type == "json" else values
            try:
                arrays.append(pa.array(values, arrow.type))
            except (OverflowError, pa.ArrowInvalid) as error:
                raise SettingError(f"column {column.name!r} does not fit 64 bits ({error}); use csv or json") from error
        yield pa.record_batch(arrays, schema=schema)


@contextmanager
def export_file(path: str | Path, *, binary: bool = False) -> Iterator[IO[Any]]:
    """A file that appears when everything is written; raises SettingError if it cannot be written."""
    target = Path(path)
    if target.is_dir() or not target.parent.is_dir():
        raise SettingError(f"--output {str(path)!r} is no file in a folder that there is; give another name")
    form: dict[str, Any] = {"mode": "wb"} if binary else {"mode": "w", "encoding": "utf-8", "newline": ""}
    with atomic_output(target, "--output") as part, part.open(**form) as out:
        yield out


WRITERS: Mapping[str, Callable[[Iterable[ExportRow], ExportColumns, IO[Any]], None]] = {
    "csv": write_csv,
    "json": write_json,
    "parquet": write_parquet,
    "markdown": write_markdown,
    "latex": write_latex,
}
