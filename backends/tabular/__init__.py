"""Ground-truth tables: the HDF5 format, its importers, its checks, and the oracle that answers from one (no torch)."""

from backends.tabular.named_tables import known_tables, open_table
from backends.tabular.table import Table
from backends.tabular.writer import write_table

__all__ = ["Table", "known_tables", "open_table", "write_table"]
