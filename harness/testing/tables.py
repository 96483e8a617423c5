"""Contract checks of ground-truth tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from harness.core.measures import measure_of
from harness.planning.settings import create_space
from harness.testing.contract import require

if TYPE_CHECKING:
    from backends.tabular.table import Table


def rows_are_canonical(table: Table) -> None:
    """Keys are canonical, unique and sorted."""
    keys = np.asarray(table.keys)
    require(bool((np.diff(keys) > 0).all()), "a table's keys must be unique and sorted")
    require(bool((create_space(table.space).canonical_keys(keys) == keys).all()), "a table's keys must be canonical")


def every_row_is_found(table: Table) -> None:
    """Looking up a row's key, or the key of any labelling of its cell, gives the row."""
    keys = np.asarray(table.keys)
    require(bool((table.rows(keys) == np.arange(len(keys))).all()), "looking up a row's key must give the row")
    aliases, rows = create_space(table.space).aliases(keys)
    require(bool((table.rows(aliases) == rows).all()), "looking up a labelling of a cell must give the cell's row")


def values_are_in_range(table: Table) -> None:
    """Accuracies lie in [0, 1], perplexities from 1 on, seconds from 0 on; what was not recorded has no value."""
    for metric in table.metrics:
        measure = measure_of(metric)
        for epochs in table.epochs:
            values = table.values(metric, epochs)
            sound = measure is None or not measure.outside(values).any()
            require(sound, f"{metric} at {epochs} epochs leaves its range: each must be {measure and measure.wanted}")
            absent = ~table.recorded(epochs)
            require(bool(np.isnan(values[absent]).all()), f"{metric} at {epochs} epochs has a value never recorded")


def provenance_is_there(table: Table) -> None:
    """The table gives its space, recipe, source and digest."""
    for name in ("space", "scheme", "recipe", "provenance", "digest"):
        require(bool(getattr(table, name)), f"a table must say its {name}")


TABLE_CHECKS: tuple[Callable[[Table], None], ...] = (
    rows_are_canonical,
    every_row_is_found,
    values_are_in_range,
    provenance_is_there,
)
