"""Reads the wanted columns of a Parquet file row by row, after its metadata was checked against stated limits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import pyarrow
import pyarrow.compute
import pyarrow.parquet
from pyarrow import types

from backends.tabular.import_rows import LONGEST_TEXT
from backends.tabular.training_arrays import MOST_TRAININGS
from harness.core.errors import TableError

CHUNK_BYTES = 1 << 29
"""The most bytes of one column of one row group, unpacked."""

CHUNK_VALUES = 1 << 26
"""The most single values of one column of one row group."""

BATCH_ROWS = 1024
"""Rows that are unpacked at a time."""

LONGEST_LIST = 256
"""The most values of one place, on average over a batch; a matrix of 7 vertices has 49."""

PLAIN = (
    types.is_integer,
    types.is_floating,
    types.is_decimal,
    types.is_boolean,
    types.is_string,
    types.is_large_string,
    types.is_null,
)
"""What a column may hold, or a list of it, or a list of lists."""

LISTS = (types.is_list, types.is_large_list, types.is_fixed_size_list)


class ParquetRows:
    """The rows of an open Parquet file; ``done`` of ``total`` have been read. Raises TableError, ArrowException."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, opened = file, pyarrow.parquet.ParquetFile(file)
        self._metadata, self._schema = opened.metadata, opened.schema_arrow
        self.header: list[str] = list(self._schema.names)
        self.total: int = self._metadata.num_rows
        self.done = 0
        self._name = repr(getattr(file, "name", "the file"))

    def read(self, wanted: Sequence[int]) -> Iterator[tuple[int, list[Any]]]:
        """Each row's place, from 1, and its values in the order of the header, None in columns that are not wanted."""
        names = [self.header[place] for place in wanted]
        texts = self._require_small(names, wanted)
        try:
            file = pyarrow.parquet.ParquetFile(self._file, metadata=self._metadata, read_dictionary=texts)
        except (KeyError, ValueError, TypeError) as error:
            raise self._error("its schema does not fit its columns; the file is damaged") from error
        for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=names):
            columns: list[Any] = [[None] * batch.num_rows for _ in self.header]
            for place, name in zip(wanted, names, strict=True):
                columns[place] = self._values(name, batch.column(name))
            for values in zip(*columns, strict=True):
                self.done += 1
                yield self.done, list(values)

    def _require_small(self, names: Sequence[str], wanted: Sequence[int]) -> list[str]:
        """Check types and declared sizes of the wanted columns; returns the paths of those that hold texts."""
        for place in wanted:
            field = self._schema.field(place)
            if not _is_plain(field.type, 2):
                raise self._error(f"column {field.name!r} holds {str(field.type)[:80]}; expected numbers or texts")
        if self.total > MOST_TRAININGS:
            raise self._error(f"it has {self.total:,} rows; expected {MOST_TRAININGS:,} at most")
        texts: dict[str, None] = {}
        for group in range(self._metadata.num_row_groups):
            of_group = self._metadata.row_group(group)
            for chunk in (of_group.column(i) for i in range(of_group.num_columns)):
                if chunk.path_in_schema.partition(".")[0] not in names:
                    continue
                if chunk.total_uncompressed_size > CHUNK_BYTES or chunk.num_values > CHUNK_VALUES:
                    raise self._error(
                        f"column {chunk.path_in_schema!r} has {chunk.num_values:,} values of "
                        f"{chunk.total_uncompressed_size:,} bytes in one row group; expected at most "
                        f"{CHUNK_VALUES:,} of {CHUNK_BYTES:,} bytes"
                    )
                if chunk.physical_type == "BYTE_ARRAY":
                    texts[chunk.path_in_schema] = None
        return list(texts)

    def _values(self, name: str, column: Any) -> list[Any]:
        """The values of a batch as Python's, after their number and length were checked."""
        leaves = column
        while any(is_list(leaves.type) for is_list in LISTS):
            leaves = leaves.flatten()
        if len(leaves) > LONGEST_LIST * len(column):
            raise self._error(f"column {name!r} holds lists of more than {LONGEST_LIST} values")
        texts = leaves.dictionary if types.is_dictionary(leaves.type) else leaves
        if types.is_string(texts.type) or types.is_large_string(texts.type):
            longest = pyarrow.compute.max(pyarrow.compute.binary_length(texts)).as_py() or 0
            if longest > LONGEST_TEXT:
                raise self._error(f"column {name!r} holds a text of {longest:,} bytes; expected {LONGEST_TEXT:,}")
        values: list[Any] = column.to_pylist()
        return values

    def _error(self, message: str) -> TableError:
        return TableError(f"{self._name}, from row {self.done + 1} on: {message}")


def _is_plain(kind: Any, levels: int) -> bool:
    if types.is_dictionary(kind):
        return _is_plain(kind.value_type, 0)
    if levels and any(is_list(kind) for is_list in LISTS):
        return _is_plain(kind.value_type, levels - 1)
    return any(is_kind(kind) for is_kind in PLAIN)
