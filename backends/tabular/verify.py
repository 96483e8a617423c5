"""Checks what a table says, and sums it up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import groupby, pairwise
from typing import Any

import numpy as np

from backends.tabular.hash_check import first_wrong_hash
from backends.tabular.layout import SECONDS, content_problem, spans
from backends.tabular.table import Bools, Floats, Table
from harness.core.measures import QUALITIES, measure_of
from harness.core.numbers import Undefined
from harness.core.space import SearchSpace
from harness.statistics import NoiseSummary, TruthNoise

RATIO = 10.0
"""How far the seconds of an epoch may differ between two budgets, or between half time and the end, in one unit."""


FIGURES = ("cells", "mean", "std", "best", "std_of_repeats", "standard_error", "separation")
NOISE_FIGURES = ("top_separation", "alike", "cross_fitted_best", "optimism")


def verify(table: Table, space: SearchSpace | None = None) -> list[str]:
    """What is wrong or suspicious in a table, one sentence a finding; an empty list is a clean bill.

    With the table's ``space`` also whether the keys are canonical and the hashes those of the cells, which takes about
    70 microseconds a hash.
    """
    if problem := content_problem(table.arrays):
        return [*_digest(table), problem]
    findings = [finding for check in CHECKS for finding in check(table)]
    return findings + list(_cells(table, space) if space is not None else ())


def info(table: Table) -> dict[str, Any]:
    """What a table holds, as plain values: rows, metrics, budgets, repeats, figures of each metric, and its origin.

    ``figures`` hold for each metric, at the full budget, how many cells have a mean over their repeats, and of these
    means the mean, the population standard deviation ``std`` and the best; and how well they tell cells apart:
    ``std_of_repeats``, the root mean square over cells of the sample standard deviation of a cell's repeats,
    ``standard_error``, that of a cell's mean, and ``separation``, ``std`` divided by it. For accuracies and
    perplexities also ``top_separation``, that of the best cells alone, how many cells are ``alike`` the best one, and
    the ``cross_fitted_best`` with the ``optimism`` of the best mean (``NoiseSummary``). None where it does not exist.
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
        "figures": {metric: _figures(table, metric) for metric in table.metrics},
        "recipe": table.recipe,
        "provenance": table.provenance,
        "digest": table.digest,
    }


def _diverged(table: Table, metric: str) -> int:
    """The recorded trainings without a value of this metric."""
    return int((np.isnan(table.arrays[f"final/{metric}"]) & (table.arrays["recorded"] == 1)).sum())


def _figures(table: Table, metric: str) -> dict[str, float | int | None]:
    means, measure = table.mean(metric), measure_of(metric)
    known = means[~np.isnan(means)]
    if not len(known):
        return dict.fromkeys((*FIGURES, *NOISE_FIGURES)) | {"cells": 0}
    of_repeats, error = _noise(table.values(metric), table.recorded())
    std, best = float(known.std()), float(known.max()) if measure is None else measure.best(known)
    separation = std / error if error else None
    figures = (len(known), float(known.mean()), std, best, of_repeats, error, separation)
    return {**dict(zip(FIGURES, figures, strict=True)), **_noise_figures(table, metric)}


def _noise_figures(table: Table, metric: str) -> dict[str, float | int | None]:
    """The figures of ``noise_of``, None where they do not exist."""
    noise = noise_of(table, metric)
    if isinstance(noise, Undefined):
        return dict.fromkeys(NOISE_FIGURES)
    values = {name: getattr(noise, name) for name in NOISE_FIGURES}
    return {name: None if isinstance(value, Undefined) else value for name, value in values.items()}


def noise_of(table: Table, metric: str) -> NoiseSummary | Undefined:
    """How well a table tells its cells apart by a metric at the full budget."""
    measure = measure_of(metric)
    if measure not in QUALITIES:
        return Undefined(f"cells are not ranked by {metric}")
    found = TruthNoise.of(table.values(metric), table.recorded(), measure.sign)
    return found if isinstance(found, Undefined) else found.summary


def _noise(values: Floats, recorded: Bools) -> tuple[float | None, float | None]:
    """The deviation of a repeat and of a mean from the truth, as root mean squares over the cells, (rows, repeats).

    None where no cell has two repeats of which none diverged.
    """
    counts = recorded.sum(axis=1)
    kept = (counts > 1) & ~np.isnan(np.where(recorded, values, 0.0)).any(axis=1)
    if not kept.any():
        return None, None
    variances = np.var(np.nan_to_num(values[kept]), axis=1, ddof=1, where=recorded[kept])
    return float(np.sqrt(variances.mean())), float(np.sqrt((variances / counts[kept]).mean()))


def _digest(table: Table) -> Iterator[str]:
    if (found := table.found_digest) != table.digest:
        yield f"the content's digest is {found}, but the file says {table.digest}: it was changed or damaged"


def _keys(table: Table) -> Iterator[str]:
    if (table.rows(table.keys) != np.arange(len(table))).any() or (table.rows(table.written) < 0).any():
        yield "some cells are not found by their own keys"


def _units(table: Table) -> Iterator[str]:
    for name, array in table.arrays.items():
        measure = measure_of(name) if "/" in name else None
        if measure is not None and (wrong := int(measure.outside(array).sum())):
            yield f"{wrong} values of {name} are out of range: each must be {measure.wanted}"


def _never_recorded(table: Table) -> Iterator[str]:
    absent = table.arrays["recorded"] == 0
    for name, array in table.arrays.items():
        if "/" in name and not np.isnan(array[absent]).all():
            yield f"{name} has values of trainings that were never recorded"


def _missing_repeats(table: Table) -> Iterator[str]:
    counts = table.arrays["recorded"].sum(axis=2, dtype=np.int64)
    some = ((counts > 0) & (counts < table.repeats)).sum(axis=0).tolist()
    none = (counts == 0).sum(axis=0).tolist()
    for (lacking, absent), budgets in groupby(zip(some, none, table.epochs, strict=True), key=lambda each: each[:2]):
        epochs = spans([count for _, _, count in budgets])
        if lacking:
            yield f"{lacking} of {len(table)} cells lack some of their {table.repeats} repeats at {epochs} epochs"
        if absent:
            yield f"{absent} of {len(table)} cells have no training of {epochs} epochs"


def _times(table: Table) -> Iterator[str]:
    if SECONDS not in table.metrics:
        return
    found = []
    for short, long in pairwise(table.epochs):
        no_longer = table.mean(SECONDS, long) <= table.mean(SECONDS, short)
        if count := int((no_longer & ~_with_diverged(table, long)).sum()):
            found.append(f"{count} cells took no longer to train for {long} epochs than for {short}")
    if found:
        yield found[0] + (f", and so on at {len(found) - 1} later budgets" if len(found) > 1 else "")
    if f"halfway/{SECONDS}" in table.arrays:
        for epochs in table.epochs:
            count = int((table.values(SECONDS, epochs, halfway=True) > table.values(SECONDS, epochs)).sum())
            if count:
                yield f"{count} trainings of {epochs} epochs took longer to half time than to the end"


def _with_diverged(table: Table, epochs: int) -> Bools:
    """The cells, (cells,), with a training that diverged and may have stopped."""
    missing = [np.isnan(table.values(metric, epochs)) for metric in table.metrics]
    diverged: Bools = (np.any(missing, axis=0) & table.recorded(epochs)).any(axis=1)
    return diverged


def _one_unit(table: Table) -> Iterator[str]:
    """Seconds in minutes at some places and not at others show in the seconds of an epoch."""
    if SECONDS not in table.metrics:
        return
    paces = {
        f"at {epochs} epochs": _seconds_per_epoch(table.values(SECONDS, epochs), epochs) for epochs in table.epochs
    }
    if f"halfway/{SECONDS}" in table.arrays:
        half = {epochs: table.values(SECONDS, epochs, halfway=True) for epochs in table.epochs}
        paces |= {
            f"halfway to {epochs} epochs": _seconds_per_epoch(values, epochs / 2) for epochs, values in half.items()
        }
    known = {place: pace for place, pace in paces.items() if pace > 0}
    if known and max(known.values()) > RATIO * min(known.values()):
        fast, slow = min(known, key=known.__getitem__), max(known, key=known.__getitem__)
        yield f"an epoch takes {known[slow]:.3g} seconds {slow} but {known[fast]:.3g} {fast}: seconds or minutes?"


def _seconds_per_epoch(seconds: Floats, epochs: float) -> float:
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
    for measure in QUALITIES:
        seen, kept = f"validation_{measure.name}", f"test_{measure.name}"
        if {seen, kept} <= set(table.metrics) and np.array_equal(
            table.values(seen), table.values(kept), equal_nan=True
        ):
            yield f"{kept} equals {seen} everywhere: one of them is a copy"


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
