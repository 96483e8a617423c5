"""Numbers as the figures and their tables print them, in one string; a dash where there is none."""

from __future__ import annotations

from harness.core.numbers import Number, Undefined
from harness.output.units import bounds
from harness.output.units import fixed as fixed_or_reason
from harness.statistics import Interval

DASH = "–"


def fixed(number: Number, digits: int = 2) -> str:
    """With so many decimals."""
    text = fixed_or_reason(number, digits)
    return DASH if isinstance(text, Undefined) else text


def span(interval: Interval | Undefined) -> str:
    """An interval in brackets."""
    return DASH if isinstance(interval, Undefined) else f"[{bounds(interval)}]"


def scaled(number: Number, scale: float) -> Number:
    """In the units that are printed."""
    return number if isinstance(number, Undefined) else number * scale


def scaled_interval(interval: Interval | Undefined, scale: float) -> Interval | Undefined:
    """In the units that are printed."""
    if isinstance(interval, Undefined):
        return interval
    return Interval(interval.low * scale, interval.high * scale, interval.level)
