"""Imports the journal of a table that was built by training every cell (backends/tabular/builder.py)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from backends.progress import Progress, silent
from backends.tabular.gathering import Gathering
from backends.tabular.hash_check import hashes_of
from backends.tabular.import_tfrecord import existing, provenance_of
from backends.tabular.journal import Row, read_journal
from backends.tabular.layout import ACCURACIES, SECONDS
from harness.core.errors import TableError
from harness.core.space import SearchSpace
from harness.spaces.nasbench101_keys import INPUT, OPERATIONS, OUTPUT

MEASURED = {**{name: name for name in ACCURACIES}, SECONDS: "seconds"}
"""The table's metrics with their names in the journal."""

COLUMNS = tuple(f"{stage}/{metric}" for stage in ("final", "halfway") for metric in MEASURED)


def import_journal(source: str | Path, space: SearchSpace, output: str | Path, on_progress: Progress = silent) -> None:
    """Write the table of a journal, finished or not; progress is in rows.

    The recipe is the header's, as JSON; a training that diverged has NaN for its accuracies. Raises TableError, with
    the number of the row below the header, for what is wrong.
    """
    path = existing(source)
    try:
        header, rows = read_journal(path)
        recipe = json.dumps(header["recipe"], sort_keys=True)
    except (KeyError, TypeError, ValueError) as error:
        raise TableError(f"{str(path)!r} is no journal of `harness table build` ({error!r})") from error
    gathering = Gathering(space, repr(str(path)), "row", COLUMNS)
    for place, row in enumerate(rows, start=1):
        try:
            _take(gathering, place, row)
        except (KeyError, TypeError, ValueError, IndexError) as error:
            raise gathering.error(place, f"no row of a journal ({error!r})") from error
        on_progress(place, len(rows))
    making = {name: value for name, value in header.items() if name not in ("recipe", "space", "repeats")}
    provenance = provenance_of(path, "journal") | making
    gathering.add_hashes(hashes_of)
    gathering.write(output, recipe=recipe, provenance=provenance)


def _take(gathering: Gathering, place: int, row: Row) -> None:
    graph = row["adjacency"], ",".join((INPUT, *(OPERATIONS[code] for code in row["operations"]), OUTPUT))
    cell = gathering.find(graph)
    if cell is None:
        cell = gathering.add(graph, graph, place, parameters=int(row["parameters"]))
    values = [*_values(row["final"], row.get("diverged", False)), *_values(row["half"], False)]
    gathering.trainings.add(cell, int(row["epochs"]), values, place, int(row["repeat"]))


def _values(measured: Mapping[str, Any], diverged: bool) -> list[float]:
    """The numbers of one moment, in the order of MEASURED."""
    values = {name: float(measured[name]) for name in MEASURED.values()}
    return [math.nan if diverged and name != "seconds" else value for name, value in values.items()]
