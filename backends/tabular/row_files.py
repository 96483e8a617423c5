"""Reads CSV files, plain or gzipped, and Parquet files as rows of named values."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow
import pyarrow.parquet

from harness.core.errors import TableError

SourceRow: TypeAlias = tuple[int, Sequence[Any]]
"""A place (a line of a CSV file, a row of a Parquet file, both from 1) with its values in the order of the header."""


@dataclass(frozen=True, slots=True)
class SourceRows:
    """The rows of an open file, what they are called, and how much of ``total`` is ``done`` (bytes or rows)."""

    unit: str
    header: Sequence[str]
    rows: Iterator[SourceRow]
    done: Callable[[], int]
    total: int


@contextmanager
def open_rows(path: Path) -> Iterator[SourceRows]:
    """The file's rows while the context lasts; raises TableError where the file is damaged."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
            file.seek(0)
            if magic == b"PAR1":
                yield _parquet(pyarrow.parquet.ParquetFile(file))
                return
            content = gzip.GzipFile(fileobj=file) if magic[:2] == b"\x1f\x8b" else file
            with io.TextIOWrapper(content, encoding="utf-8-sig", newline="") as text:
                yield _csv(text, file.tell, path.stat().st_size)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error, pyarrow.ArrowException) as error:
        raise TableError(f"cannot read {str(path)!r}: {' '.join(str(error).split())}") from error


def _parquet(file: pyarrow.parquet.ParquetFile) -> SourceRows:
    place = 0

    def rows() -> Iterator[SourceRow]:
        nonlocal place
        for batch in file.iter_batches():
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                place += 1
                yield place, values

    return SourceRows("row", list(file.schema_arrow.names), rows(), lambda: place, file.metadata.num_rows)


def _csv(text: io.TextIOWrapper[Any], done: Callable[[], int], size: int) -> SourceRows:
    """The rows that are not empty; a quoted line break makes a row end some lines further down."""
    reader = csv.reader(text, strict=True)
    header = [name.strip() for name in next(reader, [])]
    return SourceRows("line", header, ((reader.line_num, values) for values in reader if values), done, size)
