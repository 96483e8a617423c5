"""Numbers that are defined, or ``Undefined`` with a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Undefined:
    """A number that does not exist, and why: printed as a dash with a footnote, never as nan."""

    reason: str


Number: TypeAlias = float | Undefined
