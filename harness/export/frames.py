"""Runs and trials of a store as pandas data frames, with the columns of ``harness export``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from harness.export.columns import RUN_COLUMNS, TRIAL_COLUMNS
from harness.export.files import ExportColumns, arrow_batches, arrow_schema
from harness.export.rows import ExportRow, run_rows, trial_rows
from harness.storage.records import Run
from harness.storage.selection import select
from harness.storage.store import Store

if TYPE_CHECKING:
    import pandas


def runs_frame(url: str, wheres: Sequence[str]) -> pandas.DataFrame:
    """One row for each run and truth; raises StoreError if there is no store."""
    return _frame(url, wheres, run_rows, RUN_COLUMNS)


def trials_frame(url: str, wheres: Sequence[str]) -> pandas.DataFrame:
    """One row for each answered Score; raises StoreError if there is no store."""
    return _frame(url, wheres, trial_rows, TRIAL_COLUMNS)


def _frame(
    url: str,
    wheres: Sequence[str],
    rows_of: Callable[[Store, Sequence[Run]], Iterator[ExportRow]],
    columns: ExportColumns,
) -> pandas.DataFrame:
    """A frame of pandas' nullable types: missing values are ``NA``, and whole numbers stay whole."""
    import pandas as pd
    import pyarrow as pa

    with Store.read(url) as store:
        rows = rows_of(store, select(store.runs(), wheres))
        table = pa.Table.from_batches(arrow_batches(rows, columns), arrow_schema(columns))
    nullable: dict[Any, Any] = {pa.string(): pd.StringDtype(), pa.bool_(): pd.BooleanDtype()}
    nullable |= {pa.int64(): pd.Int64Dtype(), pa.float64(): pd.Float64Dtype()}
    frame: pandas.DataFrame = table.to_pandas(types_mapper=nullable.get)
    return frame
