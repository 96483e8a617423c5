"""A column of a leaderboard: its name, value and meaning, its printed form, and the views that show it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from harness.core.numbers import Number, Undefined
from harness.leaderboard.leaderboard import Leaderboard
from harness.output.units import CellPart, TableCell, fixed, with_deviation, with_interval
from harness.statistics import Interval

Source = TypeVar("Source")
"""What a column reads: an entry of the leaderboard, or a comparison of an entry."""

View: TypeAlias = Literal["main", "summaries", "uniform", "tests", "power", "report"]
"""A table of columns: the leaderboard, the four kinds that ``--statistics`` adds, and the report's ranking."""

VIEWS: tuple[View, ...] = ("main", "summaries", "uniform", "tests", "power", "report")

METRIC_UNIT = "the metric's"
"""The unit of a value of the judged metric, or of a difference of two; a table converts both to its own unit."""


@dataclass(frozen=True, slots=True)
class ColumnKind:
    """What several columns share: type, unit, printed form in a table's scale, and format option of the sign.

    ``interval`` has two ends, ``comparison`` is the one with a random draw, ``searches`` are those at equal cost.
    """

    type: Literal["text", "integer", "number", "list", "interval", "comparison", "searches"]
    unit: str = ""
    format: Callable[[Any, float], CellPart] | None = None
    sign: str = ""

    def printed(self, value: Any, scale: float) -> CellPart:
        """A value in a table's scale, with two decimals unless ``format`` is given."""
        return fixed(value, 2, scale, sign=self.sign) if self.format is None else self.format(value, scale)


@dataclass(frozen=True, slots=True)
class Heading(Generic[Source]):
    """The head of a column in one view; ``{sign}`` becomes the unit's sign, ``{of_size}`` the number of ranked cells.

    ``meaning`` is the report's explanation, by default the column's. ``beside`` names the attribute printed after the
    value, a deviation or an interval; ``cell`` replaces the whole printed cell, and ``number`` is then the report's
    sort key. ``shown`` tells which leaderboards have the column.
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

    ``value`` reads the value from the source, by default the attribute ``name``; ``Undefined`` holds the reason for a
    missing value. A column without views in ``shows`` is only data. ``export`` is its name in the export, if different;
    ``None`` leaves it out.
    """

    name: str
    meaning: str
    kind: ColumnKind
    value: Callable[[Source], Any] | None = None
    export: str | None = ""
    shows: Mapping[View, Heading[Source]] = field(default_factory=dict)

    def show(self, view: View, heading: Heading[Source]) -> Column[Source]:
        """A copy of the column with a heading in one more view."""
        return replace(self, shows={**self.shows, view: heading})

    def of(self, source: Source) -> Any:
        """Its value for a source."""
        return getattr(source, self.name) if self.value is None else self.value(source)

    def cell(self, heading: Heading[Source], source: Source, unit_scale: float) -> TableCell:
        """The printed cell below a heading; ``unit_scale`` multiplies values of the metric."""
        scale = unit_scale if self.kind.unit == METRIC_UNIT else 1.0
        if heading.cell is not None:
            return (heading.cell(source),)
        if not heading.beside:
            return (self.kind.printed(self.of(source), scale),)
        behind = getattr(source, heading.beside)
        if isinstance(behind, Interval | Undefined) and heading.beside.endswith("interval"):
            return with_interval(self.of(source), behind, scale, sign=self.kind.sign)
        return with_deviation(self.of(source), behind, scale)
