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


def fixed(number: Number, digits: int, scale: float = 1.0, *, sign: str = "") -> CellPart:
    """A number times ``scale`` with ``digits`` decimals; with ``sign='+'`` a positive one shows its sign."""
    if isinstance(number, Undefined):
        return number
    return f"{round(number * scale, digits) + 0.0:{sign},.{digits}f}"


def whole(number: int | Undefined) -> CellPart:
    """A count with a comma between thousands."""
    return number if isinstance(number, Undefined) else f"{number:,}"


def probability(p: Number) -> CellPart:
    """A probability in five characters: 0.016, 2e-05."""
    if isinstance(p, Undefined):
        return p
    return f"{p:.3f}" if p >= 0.001 else f"{p:.0e}"


def with_deviation(middle: Number, std: Number, scale: float = 1.0) -> TableCell:
    """A mean with its deviation, or the reason why there is no mean."""
    text = fixed(middle, 2, scale)
    return (text,) if isinstance(text, Undefined) else (text, PLUS_MINUS, fixed(std, 2, scale))


def with_interval(middle: Number, interval: Interval | Undefined, scale: float = 1.0, *, sign: str = "") -> TableCell:
    """A number followed by its interval in brackets, or the reason why there is no number."""
    text = fixed(middle, 2, scale, sign=sign)
    if isinstance(text, Undefined):
        return (text,)
    return (text, " ", interval) if isinstance(interval, Undefined) else (text, f" [{bounds(interval, scale)}]")


def bounds(interval: Interval, scale: float = 1.0) -> str:
    """Both ends of an interval: ``1.67, 12.72``."""
    return f"{fixed(interval.low, 2, scale)}, {fixed(interval.high, 2, scale)}"
