"""Trainings one after the other, arranged as arrays (cells, budgets, repeats)."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from backends.tabular.layout import Array
from backends.tabular.table import Bools, Floats, Keys
from harness.core.errors import TableError
from harness.core.measures import QUALITIES, SECONDS, measure_of
from harness.core.quoting import quoted

REPEAT_BY_ORDER = -1
"""The repeat of a training that is numbered by its order among those of the same cell and budget."""

MOST_TRAININGS = 20_000_000
"""The most trainings of one source; the largest published ones have 5 million."""

MOST_EPOCHS = 10**6

EMPTY_PLACES = 100
"""The most places of a table (cells x budgets x repeats) for each training that fills one..."""

FEW_PLACES = 1_000_000
"""...where there are more places than this."""


class TrainingArrays(TypedDict):
    """What ``write_table`` needs of the trainings."""

    epochs: tuple[int, ...]
    recorded: Bools
    final: dict[str, Array]
    halfway: dict[str, Array]


class TrainingColumns:
    """Columns of numbers, 30 bytes and 8 a metric for each training.

    ``columns`` name the metrics as datasets (``final/test_accuracy``); ``titles`` are what the source calls them.
    """

    def __init__(self, columns: tuple[str, ...], error: Callable[[int, str], TableError]) -> None:
        self.columns = columns
        self.titles: Sequence[str] = [column.removeprefix("final/") for column in columns]
        self._error = error
        self._cells, self._epochs, self._repeats = array("i"), array("i"), array("i")
        self._places, self._values = array("q"), array("d")

    def add(self, cell: int, epochs: int, values: Sequence[float], place: int, repeat: int = REPEAT_BY_ORDER) -> None:
        """Add one training with its values in the order of ``columns``, found at ``place`` of the source.

        Raises TableError for epochs or a repeat out of range, and for one training more than MOST_TRAININGS.
        """
        if type(epochs) is not int or not 1 <= epochs <= MOST_EPOCHS:
            expected = f"a whole number from 1 to {MOST_EPOCHS:,}"
            raise self._error(place, f"a training of {quoted(epochs)} epochs; expected {expected}")
        if type(repeat) is not int or not REPEAT_BY_ORDER <= repeat < MOST_TRAININGS:
            raise self._error(place, f"a training is repeat {quoted(repeat)}; expected a whole number from 0 on")
        if len(self._cells) >= MOST_TRAININGS:
            raise self._error(place, f"a table is made of {MOST_TRAININGS:,} trainings at most; import a part of it")
        self._cells.append(cell)
        self._epochs.append(epochs)
        self._repeats.append(repeat)
        self._places.append(place)
        self._values.extend(values)

    def as_arrays(self, rows: Keys, count: int) -> TrainingArrays:
        """Put the trainings of cell ``i`` in row ``rows[i]`` of ``count``, and forget them.

        Raises TableError for values out of range, and where two trainings claim one place with different values.
        """
        values = np.frombuffer(self._values, dtype=np.float64).reshape(-1, len(self.columns))
        self._require_units(values)
        budgets, budget = np.unique(np.frombuffer(self._epochs, dtype=np.int32), return_inverse=True)
        group = rows[np.frombuffer(self._cells, dtype=np.int32)] * len(budgets) + budget
        repeat = np.frombuffer(self._repeats, dtype=np.int32).astype(np.int64)
        if (repeat == REPEAT_BY_ORDER).all():
            repeat = _order_within(group)
        repeats = int(repeat.max()) + 1
        self._require_few_places(count * len(budgets) * repeats, int(repeat.argmax()))
        places = group * repeats + repeat
        self._require_agreement(places, values)
        shape = (count, len(budgets), repeats)
        recorded = _scattered(places, np.ones(len(places), dtype=bool), np.zeros(shape, dtype=bool))
        metrics = {name: self._column(i, places, values, shape) for i, name in enumerate(self.columns)}
        return TrainingArrays(
            epochs=tuple(budgets.tolist()),
            recorded=recorded,
            final={n.removeprefix("final/"): a for n, a in metrics.items() if n.startswith("final/")},
            halfway={n.removeprefix("halfway/"): a for n, a in metrics.items() if n.startswith("halfway/")},
        )

    def _column(self, index: int, places: Keys, values: Floats, shape: tuple[int, ...]) -> Array:
        return _scattered(places, values[:, index], np.full(shape, np.nan))

    def _require_units(self, values: Floats) -> None:
        for index, column in enumerate(self.columns):
            measure = measure_of(column)
            if measure is None:
                continue
            wrong = measure.outside(values[:, index])
            if measure == SECONDS:
                wrong |= np.isnan(values[:, index]) & ~self._diverged(values)
            if wrong.any():
                place = int(np.argmax(wrong))
                message = f"{self.titles[index]} is {float(values[place, index])!r}, but must be {measure.wanted}"
                raise self._error(self._places[place], message)

    def _diverged(self, values: Floats) -> Bools:
        """The trainings without any quality at their end, (trainings,); only their seconds may be unknown."""
        final = [
            i for i, name in enumerate(self.columns) if name.startswith("final/") and measure_of(name) in QUALITIES
        ]
        return np.asarray(np.isnan(values[:, final]).all(axis=1))

    def _require_few_places(self, places: int, training: int) -> None:
        """Raise TableError, which names the training of the largest repeat, for a table that is nearly empty."""
        filled = len(self._cells)
        if places > max(FEW_PLACES, EMPTY_PLACES * filled):
            message = (
                f"with this repeat the table would have {places:,} places (cells x budgets x repeats) for "
                f"{filled:,} trainings; repeats are numbered from 0 on, without gaps"
            )
            raise self._error(self._places[training], message)

    def _require_agreement(self, places: Keys, values: Floats) -> None:
        """Raise TableError where one place is claimed twice with values that differ."""
        order = np.argsort(places, kind="stable")
        twice = np.flatnonzero(np.diff(places[order]) == 0)
        here, there = order[twice + 1], order[twice]
        same = (values[here] == values[there]) | (np.isnan(values[here]) & np.isnan(values[there]))
        differs = ~same.all(axis=1)
        if differs.any():
            pair = int(np.flatnonzero(differs)[np.argmin(here[differs])])
            title = self.titles[int(np.argmin(same[pair]))]
            first = self._places[int(there[pair])]
            message = f"the same cell, epochs and repeat as {first}, but column {title!r} differs"
            raise self._error(self._places[int(here[pair])], message)


def _order_within(group: Keys) -> npt.NDArray[np.int64]:
    """How many members of the same group come before each."""
    order = np.argsort(group, kind="stable")
    new = np.diff(group[order], prepend=-1) != 0
    index = np.arange(len(group))
    within = np.empty(len(group), dtype=np.int64)
    within[order] = index - np.maximum.accumulate(np.where(new, index, 0))
    return within


def _scattered(places: Keys, values: Array, into: Array) -> Array:
    into.reshape(-1)[places] = values
    return into
