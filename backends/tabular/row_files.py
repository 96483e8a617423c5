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

from backends.tabular.parquet_rows import ParquetRows
from harness.core.errors import TableError
from harness.files.bounded_files import BoundedFile, largest_content

SourceRow: TypeAlias = tuple[int, Sequence[Any]]
"""A place (a line of a CSV file, a row of a Parquet file, both from 1) with its values in the order of the header."""


@dataclass(frozen=True, slots=True)
class SourceRows:
    """The rows of an open file, what they are called, and how much of ``total`` is ``done`` (bytes or rows).

    ``read`` takes the places of the columns that are wanted; the values of others may be None.
    """

    unit: str
    header: Sequence[str]
    read: Callable[[Sequence[int]], Iterator[SourceRow]]
    done: Callable[[], int]
    total: int


@contextmanager
def open_rows(path: Path) -> Iterator[SourceRows]:
    """The file's rows while the context lasts; raises TableError where the file is damaged or too large."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
            file.seek(0)
            size = path.stat().st_size
            if magic == b"PAR1":
                parquet = ParquetRows(file)
                yield SourceRows("row", parquet.header, parquet.read, lambda: parquet.done, parquet.total)
                return
            packed = magic[:2] == b"\x1f\x8b"
            content = BoundedFile(gzip.GzipFile(fileobj=file), largest_content(size)) if packed else file
            with io.TextIOWrapper(io.BufferedReader(content), encoding="utf-8-sig", newline="") as text:
                yield _csv(text, file.tell, size)
    except (OSError, EOFError, zlib.error, UnicodeDecodeError, csv.Error, pyarrow.ArrowException) as error:
        raise TableError(f"cannot read {str(path)!r}: {' '.join(str(error).split())[:400]}") from error


def _csv(text: io.TextIOWrapper[Any], done: Callable[[], int], size: int) -> SourceRows:
    """The rows that are not empty; a quoted line break makes a row end some lines further down."""
    reader = csv.reader(text, strict=True)
    header = [name.strip() for name in next(reader, [])]
    return SourceRows(
        "line", header, lambda wanted: ((reader.line_num, values) for values in reader if values), done, size
    )
