"""The formats that tables are imported from, by the names that the command line gives them."""

from __future__ import annotations

import importlib
import inspect
import typing
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from harness.core.errors import SettingError, TableError, UnknownNameError
from harness.core.progress import ProgressCallback, silent
from harness.core.quoting import quoted
from harness.core.space import SearchSpace

FORMATS = {
    "nasbench-tfrecord": "backends.tabular.import_tfrecord:import_tfrecord",
    "nasbench-hdf5": "backends.tabular.import_hdf5:import_hdf5",
    "csv": "backends.tabular.import_csv:import_csv",
    "nasbench201": "backends.tabular.import_nasbench201:import_nasbench201",
    "journal": "backends.tabular.import_journal:import_journal",
}
"""Each importer is called ``(source, space, output, on_progress, **options)``; ``csv`` reads Parquet files too."""


def import_table(
    format_name: str,
    source: str | Path,
    space: SearchSpace,
    output: str | Path,
    on_progress: ProgressCallback = silent,
    **options: Any,
) -> None:
    """Import ``source`` into the table file ``output``.

    ``options`` are those of the format (csv: ``mean_of``, ``recipe``; nasbench201: ``dataset``, ``epochs``). Raises
    UnknownNameError for a format or an option, SettingError for an option's value, TableError for what is wrong with
    the source or the output.
    """
    function = importer(format_name)
    known = [name for name, p in inspect.signature(function).parameters.items() if p.kind is p.KEYWORD_ONLY]
    for name in options:
        if name not in known:
            raise UnknownNameError.among(f"option of table format {format_name!r}", name, known)
    _require_types(function, options)
    if not Path(output).absolute().parent.is_dir():
        raise TableError(f"cannot write {str(output)!r}: its folder does not exist; create it first")
    function(source, space, output, on_progress, **options)


def _require_types(function: Callable[..., None], options: Mapping[str, Any]) -> None:
    """Raise SettingError for an option of another type than the importer declares."""
    types = typing.get_type_hints(function)
    for name, value in options.items():
        try:
            TypeAdapter(types[name]).validate_python(value, strict=True)
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            raise SettingError(f"option {name!r} cannot be {quoted(value)}: {reason}") from error


def importer(format_name: str) -> Callable[..., None]:
    """The import function of a format; raises UnknownNameError."""
    if format_name not in FORMATS:
        raise UnknownNameError.among("table format", format_name, FORMATS)
    module, _, name = FORMATS[format_name].partition(":")
    function: Callable[..., None] = getattr(importlib.import_module(module), name)
    return function
