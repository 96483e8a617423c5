"""The cells of a reproduced table: our value and the printed one, or why ours is missing and the command for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from harness.core.numbers import Number, Undefined
from harness.output.units import fixed, text, with_deviation
from harness.reproduce.published import Printed, PublishedSection

NOT_MEASURED_YET = "not measured yet"


@dataclass(frozen=True, slots=True)
class MeasuredValue:
    """A value of ours: its printed text, its value in the printed unit, and its deviation if it has one."""

    text: str
    value: float | str
    std: float | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """The reason why a value of ours is missing, and the command that measures it, if there is one."""

    reason: str
    command: str | None = None


Ours: TypeAlias = MeasuredValue | Missing


@dataclass(frozen=True, slots=True)
class ReproducedCell:
    """Our value and the printed one; ``None`` in a column that only the other has."""

    ours: Ours | None
    printed: Printed | None = None


@dataclass(frozen=True, slots=True)
class ReproducedRow:
    """A row with one cell for each column of its section."""

    name: str
    cells: tuple[ReproducedCell, ...]

    @classmethod
    def of(cls, name: str, ours: Sequence[Ours | None], printed: Sequence[Printed | None]) -> ReproducedRow:
        """A row of our values and the printed ones, one each a column."""
        return cls(name, tuple(ReproducedCell(mine, theirs) for mine, theirs in zip(ours, printed, strict=True)))


@dataclass(frozen=True, slots=True)
class ReproducedSection:
    """A table of cells; ``title`` describes our numbers, ``printed`` the paper's."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[ReproducedRow, ...]
    printed: str = ""

    @classmethod
    def of(cls, title: str, printed: PublishedSection, rows: Iterable[ReproducedRow]) -> ReproducedSection:
        """A section with the columns of the printed one."""
        return cls(title, printed.columns, tuple(rows), printed.title)

    @property
    def missing(self) -> Iterator[tuple[str, str, Missing]]:
        """The cells that were not measured, each with its row's and its column's name."""
        for row in self.rows:
            for column, cell in zip(self.columns, row.cells, strict=True):
                if isinstance(cell.ours, Missing):
                    yield row.name, column, cell.ours


def number(value: Number | int, digits: int, *, scale: float = 1.0) -> Ours:
    """A number with ``digits`` decimals; an undefined one is ``Missing`` with its reason."""
    if isinstance(value, Undefined):
        return Missing(value.reason)
    return MeasuredValue(text(fixed(value, digits, scale)), value * scale)


def mean_and_std(mean: Number, std: Number, *, scale: float = 1.0) -> Ours:
    """A mean with its deviation, two decimals each."""
    if isinstance(mean, Undefined):
        return Missing(mean.reason)
    if isinstance(std, Undefined):
        return number(mean, 2, scale=scale)
    return MeasuredValue(text(with_deviation(mean, std, scale)), mean * scale, std * scale)
