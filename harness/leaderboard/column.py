"""What a column of a leaderboard is: its name, its value, its meaning, how it is printed, and where it shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from harness.core.numbers import Number, Undefined
from harness.leaderboard.leaderboard import Leaderboard
from harness.output.units import CellPart, TableCell, fixed, with_deviation, with_interval
from harness.statistics import Interval

Source = TypeVar("Source")
"""What a column reads: an entry of the leaderboard, or a comparison of one."""

View: TypeAlias = Literal["main", "summaries", "tests", "power", "report"]
"""A table of columns: the leaderboard, the three kinds that ``--statistics`` adds, and the report's ranking."""

VIEWS: tuple[View, ...] = ("main", "summaries", "tests", "power", "report")

METRIC_UNIT = "the metric's"
"""The unit of a number that is a value of the judged metric, or a difference of two; a table prints it in its own."""


@dataclass(frozen=True, slots=True)
class ColumnKind:
    """What several columns are: their type and unit, how a value is printed in the scale of a table, and its sign.

    An ``interval`` has two ends, ``comparison`` is the one with a random draw, ``searches`` are those at equal cost.
    """

    type: Literal["text", "integer", "number", "list", "interval", "comparison", "searches"]
    unit: str = ""
    format: Callable[[Any, float], CellPart] | None = None
    sign: str = ""

    def printed(self, value: Any, scale: float) -> CellPart:
        """A value in the scale of a table, with two decimals where nothing else is said."""
        return fixed(value, 2, scale, sign=self.sign) if self.format is None else self.format(value, scale)


@dataclass(frozen=True, slots=True)
class Heading(Generic[Source]):
    """The head of a column in one view, where ``{sign}`` is the unit's and ``{of_size}`` how many cells are ranked.

    ``meaning`` is the report's explanation, by default that of the column. ``beside`` names the attribute that is
    printed behind the value, a deviation or an interval; ``cell`` prints something else altogether, and ``number`` is
    what the report sorts by then. ``shown`` tells which leaderboards have it.
    """

    text: str
    meaning: str = ""
    beside: str = ""
    cell: Callable[[Source], CellPart] | None = None
    number: Callable[[Source], Number] | None = None
    shown: Callable[[Leaderboard], bool] = lambda _: True


@dataclass(frozen=True, slots=True)
class Column(Generic[Source]):
    """A column; ``name`` is its key in JSON and CSV, ``meaning`` the sentence that documents it.

    ``value`` reads it from its source, by default the attribute of that name; an ``Undefined`` says why there is none.
    One that no view ``shows`` is data alone. ``export`` is its name in the export where that is another one, and
    ``None`` keeps it out.
    """

    name: str
    meaning: str
    kind: ColumnKind
    value: Callable[[Source], Any] | None = None
    export: str | None = ""
    shows: Mapping[View, Heading[Source]] = field(default_factory=dict)

    def show(self, view: View, heading: Heading[Source]) -> Column[Source]:
        """The column with a heading in one view more."""
        return replace(self, shows={**self.shows, view: heading})

    def of(self, source: Source) -> Any:
        """Its value."""
        return getattr(source, self.name) if self.value is None else self.value(source)

    def cell(self, heading: Heading[Source], source: Source, unit_scale: float) -> TableCell:
        """What stands below one of its heads; ``unit_scale`` multiplies values of the metric."""
        scale = unit_scale if self.kind.unit == METRIC_UNIT else 1.0
        if heading.cell is not None:
            return (heading.cell(source),)
        if not heading.beside:
            return (self.kind.printed(self.of(source), scale),)
        behind = getattr(source, heading.beside)
        if isinstance(behind, Interval | Undefined) and heading.beside.endswith("interval"):
            return with_interval(self.of(source), behind, scale, sign=self.kind.sign)
        return with_deviation(self.of(source), behind, scale)
