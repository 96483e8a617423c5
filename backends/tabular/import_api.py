"""Imports a ``nasbench.api.NASBench`` object that is already in memory (or anything that looks like one)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from backends.tabular.hash_check import first_wrong_hash
from backends.tabular.import_rows import TableImport
from backends.tabular.import_tfrecord import RECIPE
from backends.tabular.layout import ACCURACIES, SECONDS
from harness.core.progress import ProgressCallback, silent
from harness.core.space import SearchSpace

COLUMNS = tuple(f"{stage}/{metric}" for stage in ("final", "halfway") for metric in (*ACCURACIES, SECONDS))
SOURCE_COLUMNS = tuple(column.replace("/", "_").replace(SECONDS, "training_time") for column in COLUMNS)
"""The names of COLUMNS in NAS-Bench-101, api.py."""


class LiveNASBench(Protocol):
    """What is used of NAS-Bench-101's api.NASBench."""

    def hash_iterator(self) -> Iterable[str]:
        """All hashes."""

    def get_metrics_from_hash(self, module_hash: str) -> tuple[Mapping[str, Any], Mapping[int, Sequence[Any]]]:
        """The fixed statistics, and by epochs the list of repeats with their numbers by name."""


def import_api(
    source: LiveNASBench, space: SearchSpace, output: str | Path, on_progress: ProgressCallback = silent
) -> None:
    """Write the table of a live object; progress is in cells, read and then checked.

    Raises TableError, naming the cell, for what is wrong, a hash that is not the cell's included.
    """
    module_hashes = list(source.hash_iterator())
    table_import = TableImport(space, type(source).__name__ + " object", "cell", COLUMNS)
    for place, module_hash in enumerate(module_hashes, start=1):
        try:
            _take(table_import, place, module_hash, *source.get_metrics_from_hash(module_hash))
        except (KeyError, TypeError, ValueError) as error:
            raise table_import.error(place, f"no entry of a nasbench.api.NASBench ({error!r})") from error
        on_progress(place, len(module_hashes))
    table_import.check_hashes(lambda keys, given: first_wrong_hash(space, keys, given, on_progress))
    table_import.write(output, recipe=RECIPE, provenance={"source": type(source).__name__, "importer": "nasbench-api"})


def _take(
    table_import: TableImport,
    place: int,
    module_hash: str,
    fixed: Mapping[str, Any],
    computed: Mapping[int, Sequence[Any]],
) -> None:
    adjacency = "".join(map(str, np.asarray(fixed["module_adjacency"]).astype(int).ravel().tolist()))
    graph, parameters = (adjacency, ",".join(fixed["module_operations"])), int(fixed["trainable_parameters"])
    cell = table_import.add(module_hash, graph, place, parameters=parameters, module_hash=module_hash)
    for epochs, repeats in computed.items():
        for point in repeats:
            table_import.trainings.add(cell, int(epochs), [float(point[name]) for name in SOURCE_COLUMNS], place)
