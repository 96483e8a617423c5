"""The rows of a leaderboard as the figures show them: a name, a colour and a dash each, the same in every figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from harness.output.figure_style import COLOURS, GREY

HUES = tuple(colour for colour in COLOURS if colour != "#000000")
"""Without black, which cannot be seen on a dark page."""

DASHES: tuple[tuple[int, ...], ...] = ((), (6, 3), (2, 2), (8, 3, 2, 3))
"""Lengths of stroke and gap in pixels; a colour that comes again comes with the next one."""


@dataclass(frozen=True, slots=True)
class Series:
    """What a row of the leaderboard looks like; ``dash`` is empty for a solid line."""

    label: str
    colour: str
    dash: tuple[int, ...]

    @property
    def dash_text(self) -> str:
        """As SVG has it."""
        return " ".join(map(str, self.dash)) or "none"


def series_of(labels: Sequence[str], grey: Sequence[bool]) -> tuple[Series, ...]:
    """The looks of rows by their names, in their order; those of the baseline are ``grey`` and dashed."""
    hues, greys = count(), count(len(HUES), len(HUES))
    pairs = zip(labels, grey, strict=True)
    return tuple(_series(label, next(greys), GREY) if plain else _series(label, next(hues)) for label, plain in pairs)


def _series(label: str, place: int, colour: str | None = None) -> Series:
    return Series(label, colour or HUES[place % len(HUES)], DASHES[place // len(HUES) % len(DASHES)])
