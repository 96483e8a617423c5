"""Checks what a table says, and sums it up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from backends.tabular.hash_check import first_wrong_hash
from backends.tabular.layout import ACCURACIES, SCHEMA, SECONDS, VERSION, digest_of
from backends.tabular.table import Floats, Table
from harness.core.space import SearchSpace

RATIO = 10.0
"""How far the seconds of an epoch may differ between two budgets, or between half time and the end, in one unit."""


def verify(table: Table, space: SearchSpace | None = None) -> list[str]:
    """What is wrong or suspicious in a table, one sentence a finding; an empty list is a clean bill.

    With the table's ``space`` also whether the keys are canonical and the hashes those of the cells, which takes about
    70 microseconds a hash.
    """
    findings = [finding for check in CHECKS for finding in check(table)]
    return findings + list(_cells(table, space) if space is not None else ())


def info(table: Table) -> dict[str, Any]:
    """What a table holds, as plain values: rows, metrics, budgets, repeats, figures of each metric, and its origin.

    ``figures`` hold for each metric the mean, population standard deviation and best (highest; seconds: lowest) of the
    cells' means over repeats at the full budget, and how many cells have one; None where none has.
    """
    return {
        "name": table.name,
        "path": str(table.path),
        "space": table.space,
        "scheme": table.scheme,
        "rows": len(table),
        "metrics": list(table.metrics),
        "halfway_metrics": sorted(
            name.removeprefix("halfway/") for name in table.arrays if name.startswith("halfway/")
        ),
        "epochs": list(table.epochs),
        "repeats": table.repeats,
        "trainings": int(table.arrays["recorded"].sum()),
        "diverged": {metric: _diverged(table, metric) for metric in table.metrics},
        "figures": {metric: _figures(metric, table.mean(metric)) for metric in table.metrics},
        "recipe": table.recipe,
        "provenance": table.provenance,
        "digest": table.digest,
    }


def _diverged(table: Table, metric: str) -> int:
    """The recorded trainings without a value of this metric."""
    return int((np.isnan(table.arrays[f"final/{metric}"]) & (table.arrays["recorded"] == 1)).sum())


def _figures(metric: str, means: Floats) -> dict[str, float | int | None]:
    known = means[~np.isnan(means)]
    if not len(known):
        return {"cells": 0, "mean": None, "std": None, "best": None}
    best = known.min() if metric == SECONDS else known.max()
    return {"cells": len(known), "mean": float(known.mean()), "std": float(known.std()), "best": float(best)}


def _digest(table: Table) -> Iterator[str]:
    attributes = {"schema": SCHEMA, "schema_version": VERSION, "recipe": table.recipe}
    found = digest_of(table.arrays, attributes | {"space": table.space, "scheme": table.scheme})
    if found != table.digest:
        yield f"the content's digest is {found}, but the file says {table.digest}: it was changed or damaged"


def _keys(table: Table) -> Iterator[str]:
    if (np.diff(table.keys) <= 0).any():
        yield "the cells' keys are not sorted and unique"
    elif (table.rows(table.keys) != np.arange(len(table))).any() or (table.rows(table.written) < 0).any():
        yield "some cells are not found by their own keys"


def _units(table: Table) -> Iterator[str]:
    for name, array in table.arrays.items():
        if "/" not in name:
            continue
        high = 1.0 if name.endswith(ACCURACIES) else np.inf
        wrong = int(((array < 0) | (array > high)).sum())
        if wrong:
            wanted = "fractions from 0 to 1" if high == 1 else "0 or more"
            yield f"{wrong} values of {name} are not {wanted}"


def _never_recorded(table: Table) -> Iterator[str]:
    absent = table.arrays["recorded"] == 0
    for name, array in table.arrays.items():
        if "/" in name and not np.isnan(array[absent]).all():
            yield f"{name} has values of trainings that were never recorded"


def _missing_repeats(table: Table) -> Iterator[str]:
    for epochs in table.epochs:
        counts = table.recorded(epochs).sum(axis=1)
        some, none = int(((counts > 0) & (counts < table.repeats)).sum()), int((counts == 0).sum())
        if some:
            yield f"{some} of {len(table)} cells lack some of their {table.repeats} repeats at {epochs} epochs"
        if none:
            yield f"{none} of {len(table)} cells have no training of {epochs} epochs"


def _times(table: Table) -> Iterator[str]:
    if SECONDS not in table.metrics:
        return
    for short, long in pairwise(table.epochs):
        count = int((table.mean(SECONDS, long) <= table.mean(SECONDS, short)).sum())
        if count:
            yield f"{count} cells took no longer to train for {long} epochs than for {short}"
    if f"halfway/{SECONDS}" in table.arrays:
        for epochs in table.epochs:
            count = int((table.values(SECONDS, epochs, halfway=True) > table.values(SECONDS, epochs)).sum())
            if count:
                yield f"{count} trainings of {epochs} epochs took longer to half time than to the end"


def _one_unit(table: Table) -> Iterator[str]:
    """Seconds in minutes at some places and not at others show in the seconds of an epoch."""
    if SECONDS not in table.metrics:
        return
    paces = {f"at {epochs} epochs": _pace(table.values(SECONDS, epochs), epochs) for epochs in table.epochs}
    if f"halfway/{SECONDS}" in table.arrays:
        half = {epochs: table.values(SECONDS, epochs, halfway=True) for epochs in table.epochs}
        paces |= {f"halfway to {epochs} epochs": _pace(values, epochs / 2) for epochs, values in half.items()}
    known = {place: pace for place, pace in paces.items() if pace > 0}
    if known and max(known.values()) > RATIO * min(known.values()):
        fast, slow = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
        yield f"an epoch takes {known[slow]:.3g} seconds {slow} but {known[fast]:.3g} {fast}: seconds or minutes?"


def _pace(seconds: Floats, epochs: float) -> float:
    """The median seconds of an epoch, or 0 where nothing is known."""
    known = seconds[~np.isnan(seconds)]
    return float(np.median(known)) / epochs if len(known) else 0.0


def _cells(table: Table, space: SearchSpace) -> Iterator[str]:
    if space.scheme != table.scheme:
        yield f"the table is of scheme {table.scheme!r}, but space {space.name!r} of {space.scheme!r}"
        return
    if (strange := int((space.canonical_keys(table.keys) != table.keys).sum())) > 0:
        yield f"{strange} keys are not canonical"
    aliases, rows = space.aliases(table.keys)
    if (table.rows(aliases) != rows).any():
        yield "some labellings of a cell do not lead to its row"
    if table.hashes is not None and (row := first_wrong_hash(space, table.keys, table.hashes)) is not None:
        yield f"the hash of row {row} is not that of its cell"


def _leak(table: Table) -> Iterator[str]:
    if {"validation_accuracy", "test_accuracy"} <= set(table.metrics):
        validation, test = table.values("validation_accuracy"), table.values("test_accuracy")
        if np.array_equal(validation, test, equal_nan=True):
            yield "test_accuracy equals validation_accuracy everywhere: one of them is a copy"


CHECKS: tuple[Callable[[Table], Iterator[str]], ...] = (
    _digest,
    _keys,
    _units,
    _never_recorded,
    _missing_repeats,
    _times,
    _one_unit,
    _leak,
)
