"""What a reproduced table holds: cells of ours and the paper's, and the reason and the command for one not measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from harness.core.numbers import Number, Undefined
from harness.output.units import fixed, text, with_deviation
from harness.reproduce.published import Printed


@dataclass(frozen=True, slots=True)
class MeasuredValue:
    """A number of ours: as it is shown, its value in the unit shown, and its deviation where it has one."""

    text: str
    value: float | str
    std: float | None = None


@dataclass(frozen=True, slots=True)
class Missing:
    """Why there is no number of ours, and the command that would measure it where there is one."""

    reason: str
    command: str | None = None


Ours: TypeAlias = MeasuredValue | Missing


@dataclass(frozen=True, slots=True)
class ReproducedCell:
    """Ours beside the paper's; ``None`` where the column is of the other alone."""

    ours: Ours | None
    printed: Printed | None = None


@dataclass(frozen=True, slots=True)
class ReproducedRow:
    """A row of cells, one a column of its section."""

    name: str
    cells: tuple[ReproducedCell, ...]


@dataclass(frozen=True, slots=True)
class ReproducedSection:
    """A table of cells; its title says what our numbers are of, and its paper's title what the printed ones are."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[ReproducedRow, ...]
    printed: str = ""

    @property
    def missing(self) -> Iterator[tuple[str, str, Missing]]:
        """The cells that were not measured, each with its row's and its column's name."""
        for row in self.rows:
            for column, cell in zip(self.columns, row.cells, strict=True):
                if isinstance(cell.ours, Missing):
                    yield row.name, column, cell.ours


def number(value: Number | int, digits: int, *, scale: float = 1.0) -> Ours:
    """A number with so many decimals; without its value, the reason."""
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


def text_value(text: str) -> MeasuredValue:
    """What is said, not counted."""
    return MeasuredValue(text, text)


def reproduced_cells(ours: Sequence[Ours | None], printed: Sequence[Printed | None]) -> tuple[ReproducedCell, ...]:
    """The cells of a row."""
    return tuple(ReproducedCell(mine, theirs) for mine, theirs in zip(ours, printed, strict=True))
