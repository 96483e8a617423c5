"""Prints the numbers of a metric: accuracies in per cent, their differences in points, others unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from harness.core.measures import ACCURACY, measure_of
from harness.core.numbers import Number, Undefined
from harness.statistics import Interval

CellPart: TypeAlias = str | Undefined
TableCell: TypeAlias = tuple[CellPart, ...]
"""Parts of text, or the reason why there is no number."""

PLUS_MINUS = " ± "

DASH = "–"
"""What stands in a plain text for a number that does not exist."""


@dataclass(frozen=True, slots=True)
class Unit:
    """``scale`` multiplies stored numbers; ``sign`` follows the name of a column, and ``word`` a difference."""

    scale: float
    sign: str
    word: str

    def amount(self, number: float) -> str:
        """A difference in words, without its sign: ``7.20 points``, ``0.54 in perplexity``."""
        return f"{self.plain(number)} {self.word}"

    def plain(self, number: float) -> str:
        """A difference without its sign."""
        return f"{abs(number) * self.scale:,.2f}"


def unit_of(metric: str) -> Unit:
    """The unit that numbers of a metric such as ``test_accuracy`` are printed in."""
    measure = measure_of(metric)
    if measure == ACCURACY:
        return Unit(100.0, " %", "points")
    return Unit(1.0, "", f"in {measure.name if measure else metric}")


def text(cell: CellPart | TableCell) -> str:
    """A part or a whole cell as plain text."""
    parts = cell if isinstance(cell, tuple) else (cell,)
    return "".join(DASH if isinstance(part, Undefined) else part for part in parts)


def fixed(number: Number | None, digits: int, scale: float = 1.0, *, sign: str = "") -> CellPart:
    """A number with so many decimals; ``sign`` is ``+`` where a positive one shows it.

    ``None``, which is how a document says that a number does not exist, is a dash here and in what follows.
    """
    if isinstance(number, Undefined):
        return number
    return DASH if number is None else f"{round(number * scale, digits) + 0.0:{sign},.{digits}f}"


def whole(number: int | Undefined | None) -> CellPart:
    """A count with a comma between thousands."""
    if isinstance(number, Undefined):
        return number
    return DASH if number is None else f"{number:,}"


def probability(p: Number | None) -> CellPart:
    """A probability in five characters: 0.016, 2e-05."""
    if p is None or isinstance(p, Undefined) or p >= 0.001:
        return fixed(p, 3)
    return f"{p:.0e}"


def hours(number: Number | None, *, tenths_below: float = 100.0) -> CellPart:
    """Two significant digits of a part of an hour, tenths of some hours, and whole ones from ``tenths_below`` on."""
    if number is None or isinstance(number, Undefined):
        return fixed(number, 1)
    return f"{number:.2g}" if 0 < number < 0.995 else fixed(number, 1 if number < tenths_below else 0)


def with_deviation(
    middle: Number | None, std: Number | None, scale: float = 1.0, *, digits: int = 2, sign: str = ""
) -> TableCell:
    """A mean with its deviation, or the reason why there is no mean."""
    shown = fixed(middle, digits, scale, sign=sign)
    missing = middle is None or isinstance(middle, Undefined)
    return (shown,) if missing else (shown, PLUS_MINUS, fixed(std, digits, scale))


def with_interval(middle: Number, interval: Interval | Undefined, scale: float = 1.0, *, sign: str = "") -> TableCell:
    """A number followed by its interval in brackets, or the reason why there is no number."""
    shown = fixed(middle, 2, scale, sign=sign)
    if isinstance(shown, Undefined):
        return (shown,)
    return (shown, " ", interval) if isinstance(interval, Undefined) else (shown, f" [{bounds(interval, scale)}]")


def between(interval: Interval | Undefined) -> CellPart:
    """Both ends of an interval of ranks: ``19 to 1,284``."""
    return interval if isinstance(interval, Undefined) else f"{interval.low:,.0f} to {interval.high:,.0f}"


def bounds(interval: Interval, scale: float = 1.0) -> str:
    """Both ends of an interval: ``1.67, 12.72``."""
    return f"{fixed(interval.low, 2, scale)}, {fixed(interval.high, 2, scale)}"
