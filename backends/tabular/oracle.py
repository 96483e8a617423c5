"""The oracle that looks architectures up in a ground-truth table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from backends.tabular.layout import METRICS, SECONDS
from backends.tabular.named_tables import open_table
from backends.tabular.table import Bools, Floats, Keys, Table, mean_of_recorded
from harness.core.budget import Cost
from harness.core.errors import IncompatibleError, SettingError
from harness.core.measures import QUALITIES, Measure
from harness.core.oracle import Answer, Failed, Query, QueryKind, Score, Scored, State, Update, Updated
from harness.core.random import stream
from harness.core.space import SearchSpace

FREE = Cost()

SPLITS = tuple(dict.fromkeys(metric.partition("_")[0] for metric in METRICS if metric != SECONDS))
"""The data splits that a search may see: what the names of metrics begin with."""


class TabularOracle:
    """Answers ``Score`` from a table and ``Update``, which a table has no use for, at once and free.

    A Score is the search metric after one of the table's budgets: an accuracy, or the negated natural logarithm of a
    perplexity. It costs the query, its epochs, and the seconds that the table recorded (0 where it recorded none).

    ``repeat`` says what a Score is and what it costs. ``'mean'``, as published searches on tables have it: the mean of
    the repeats (the mean perplexity, as in Yu et al. 2020, Fig. 7, whose logarithm is taken after that), charged as one
    training of mean length. A search so gets less noise than the training that it pays for. ``'all'``: the same value,
    charged as the trainings that it is the mean of. ``'sample'``: the value and the cost of one repeat, drawn by the
    seed, the cell and the epochs alone, so that a cell asked again in the same run gives the same draw.

    Where validation and test are of the same trainings, the judged truth shares the luck of what the search saw. A cell
    that the table lacks, or with a diverged training behind its value, is Failed. Isomorphic architectures are one
    cell. A cell that is asked again at the same budget is free, as if the search kept its results, so that a charged
    query is an evaluation: a distinct training. Then costs depend on what was asked before, and the oracle is not
    ``independent``. ``duplicates='charge'`` charges it again, as if it were trained anew. ``epochs`` is the budget of a
    Score that names none, and the largest that policies of several budgets are told of (``None``: the full one).
    """

    supports: frozenset[QueryKind] = frozenset({Score, Update})
    shares_weights = False

    def __init__(
        self,
        space: SearchSpace,
        seed: int,
        *,
        table: str = "nasbench101-v5-digits",
        search_metric: str = "validation",
        repeat: Literal["mean", "sample", "all"] = "mean",
        duplicates: Literal["charge", "free"] = "free",
        epochs: int | None = None,
    ) -> None:
        _require_choice("repeat", repeat, ("mean", "sample", "all"))
        _require_choice("duplicates", duplicates, ("charge", "free"))
        self.space = space
        self.table = open_table(table)
        self.table.require(space)
        self.column, self._measure = _searchable(self.table, search_metric)
        self.metric = self._measure.metric(search_metric)
        self.repeat = repeat
        self.duplicates = duplicates
        self.independent = duplicates == "charge"
        self.epochs = self.table.epochs[self.table.budget(epochs)]
        self._salt = stream(seed, "oracle", "repeat").integers(2**64, dtype=np.uint64)
        self._seen = np.zeros(len(self.table) * len(self.table.epochs), dtype=bool)
        self._asked = 0
        self._repeated = 0

    @staticmethod
    def protocol(
        settings: Mapping[str, Any], recipe: str, space: SearchSpace
    ) -> tuple[Mapping[str, Any], dict[str, Any]]:
        """The settings as they are, and the table's ``budgets`` for policies that train by several of them."""
        table = open_table(settings["table"])
        return settings, {"budgets": table.epochs[: table.budget(settings["epochs"]) + 1]}

    @property
    def asked(self) -> int:
        """How many Scores this run asked of cells in the table."""
        return self._asked

    @property
    def repeated(self) -> int:
        """How many of them had been asked before, as the same cell in any labelling and at the same budget."""
        return self._repeated

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        """One answer a query, in order.

        Raises IncompatibleError for another kind of query or a budget that the table lacks, SpaceError for an
        architecture outside the space; then nothing is charged or counted.
        """
        scores = [query for query in queries if isinstance(query, Score)]
        for query in queries:
            if not isinstance(query, Score | Update):
                raise IncompatibleError(f"oracle 'tabular' answers Score and Update, not {type(query).__name__}")
        scored = iter(self._answer_scores(scores) if scores else [])
        return [next(scored) if isinstance(query, Score) else Updated(None, FREE) for query in queries]

    def state_dict(self) -> State:
        """The cells seen, as places in the table (cell x budget), and the two counts."""
        return {"seen": np.flatnonzero(self._seen), "asked": self._asked, "repeated": self._repeated}

    def load_state_dict(self, state: State) -> None:
        """Go back to where ``state_dict`` was taken."""
        self._seen = np.zeros_like(self._seen)
        self._seen[np.asarray(state["seen"], dtype=np.int64)] = True
        self._asked, self._repeated = int(state["asked"]), int(state["repeated"])

    def look_up(self, rows: Keys, budgets: Keys) -> TableScores:
        """What the table holds at rows (-1: absent) and places of ``table.epochs``, both of shape (queries,)."""
        values, seconds = np.full(len(rows), np.nan), np.zeros(len(rows))
        trained = np.zeros(len(rows), dtype=np.int64)
        for budget in np.unique(budgets).tolist():
            here = np.flatnonzero(budgets == budget)
            epochs, part = self.table.epochs[budget], rows[here]
            used = self._used(self.table.recorded(epochs, part), part, epochs)
            values[here] = self._measure.scores(mean_of_recorded(self.table.values(self.column, epochs, part), used))
            trained[here] = used.sum(axis=1)
            if SECONDS in self.table.metrics:
                spent = mean_of_recorded(self.table.values(SECONDS, epochs, part), used)
                seconds[here] = np.nan_to_num(spent, nan=0.0)
        return TableScores(values, seconds, trained)

    def _answer_scores(self, queries: list[Score]) -> list[Answer]:
        rows = self.table.rows(self.space.require([query.architecture for query in queries]))
        asked = (self.epochs if query.epochs is None else query.epochs for query in queries)
        budgets = np.array([self.table.budget(epochs) for epochs in asked], dtype=np.int64)
        found = self.look_up(rows, budgets)
        again = self._count(rows, budgets, found.trained > 0)
        charged = ~again if self.duplicates == "free" else np.ones(len(queries), dtype=bool)
        columns = (rows, budgets, found.values, found.seconds, found.trained, charged)
        return [self._answer_one(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]

    def _answer_one(self, row: int, budget: int, value: float, seconds: float, trained: int, charged: bool) -> Answer:
        epochs = self.table.epochs[budget]
        if not trained:
            lack = "this cell" if row < 0 else f"a training of {epochs} epochs of this cell"
            return Failed(f"table {self.table.name!r} lacks {lack}", Cost(1))
        trainings = trained if self.repeat == "all" else 1
        cost = Cost(1, trainings * epochs, trainings * seconds) if charged else FREE
        if value != value:
            return Failed(f"a training of {epochs} epochs of this cell diverged", cost)
        return Scored(value, cost)

    def _count(self, rows: Keys, budgets: Keys, trained: Bools) -> Bools:
        """Mark these trainings as seen; returns which of them had been asked before, (queries,)."""
        places = rows * len(self.table.epochs) + budgets
        first = np.zeros(len(rows), dtype=bool)
        first[np.unique(places, return_index=True)[1]] = True
        again: Bools = trained & (~first | self._seen[places])
        self._seen[places[trained]] = True
        self._asked += int(trained.sum())
        self._repeated += int(again.sum())
        return again

    def _used(self, recorded: Bools, rows: Keys, epochs: int) -> Bools:
        """Which repeats a Score is the mean of, (queries, repeats): all that are recorded, or one drawn among them."""
        if self.repeat != "sample":
            return recorded
        draw = drawn_repeats(self.table.keys[rows].astype(np.uint64), epochs, self._salt, recorded.sum(axis=1))
        chosen: Bools = recorded & (recorded.cumsum(axis=1) == draw[:, None] + 1)
        return chosen


@dataclass(frozen=True, slots=True)
class TableScores:
    """The scores (NaN: absent or diverged), the seconds, and the trainings behind each; shape (queries,)."""

    values: Floats
    seconds: Floats
    trained: Keys


def drawn_repeats(keys: npt.NDArray[np.uint64], epochs: int, salt: np.uint64, counts: Keys) -> Keys:
    """A draw below each count, (queries,), that depends on the cell's key, the epochs and the salt alone.

    By the mixing function of SplitMix64 (Steele, Lea & Flood 2014) on arrays: a generator a cell would be too slow.
    """
    with np.errstate(over="ignore"):
        mixed = _mix(_mix(salt + keys) + np.uint64(epochs))
    return np.minimum(((mixed >> np.uint64(11)) * 2.0**-53 * counts).astype(np.int64), counts - 1)


def _mix(words: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _searchable(table: Table, search_metric: str) -> tuple[str, Measure]:
    """The table's column for a data split, and its measure; raises SettingError or IncompatibleError."""
    _require_choice("search_metric", search_metric, SPLITS)
    columns = {f"{search_metric}_{measure.name}": measure for measure in QUALITIES}
    for column, measure in columns.items():
        if column in table.metrics:
            return column, measure
    way_out = "`--search-metric test`" if any(name.startswith("test_") for name in table.metrics) else "another table"
    known = ", ".join(table.metrics) or "no metric"
    raise IncompatibleError(f"table {table.name!r} has no {' or '.join(columns)}, only {known}; give {way_out}")


def _require_choice(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise SettingError(f"{name} must be one of {', '.join(map(repr, known))}, not {value!r}")
