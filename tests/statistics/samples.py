"""Samples for Hypothesis, and the numbers within a result."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from hypothesis import strategies as st

FINITE = st.floats(-1e6, 1e6).map(lambda x: round(x, 6))
SAMPLES = st.lists(FINITE, min_size=2, max_size=12).filter(lambda values: max(values) - min(values) > 1e-3)
ANYTHING = st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=4)

SLOPES = st.floats(0.01, 100)
SHIFTS = st.floats(-1000, 1000).map(lambda x: round(x, 3))


def numbers_in(result: object) -> Iterator[float]:
    """Every float of a result: of a dataclass, of a tuple, or itself."""
    if dataclasses.is_dataclass(result) and not isinstance(result, type):
        for field in dataclasses.fields(result):
            yield from numbers_in(getattr(result, field.name))
    elif isinstance(result, tuple):
        for part in result:
            yield from numbers_in(part)
    elif isinstance(result, float):
        yield result
