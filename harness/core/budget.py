"""The cost of answers, and the budget of a search."""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.core.errors import SettingError


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of answers: charged queries, epochs of training, and seconds of training (simulated by a table).

    Where repeated queries are free, as on a table by default, ``queries`` are evaluations: distinct trainings.
    """

    queries: int = 0
    epochs: float = 0.0
    seconds: float = 0.0

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.queries + other.queries, self.epochs + other.epochs, self.seconds + other.seconds)


@dataclass(frozen=True, slots=True)
class Budget:
    """Upper limits on a search's total cost; ``None`` sets no limit."""

    queries: int | None = None
    epochs: float | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for name in ("queries", "epochs", "seconds"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise SettingError(f"a budget cannot be {value!r} {name}; give a number above 0, or leave it out")

    def allows(self, spent: Cost) -> bool:
        """Whether the search may ask more queries after it has spent ``spent``."""
        pairs = ((spent.queries, self.queries), (spent.epochs, self.epochs), (spent.seconds, self.seconds))
        return all(limit is None or used < limit for used, limit in pairs)

    def room(self, spent: Cost, width: int) -> int:
        """How many queries may be asked at once: at most ``width``, never more than the queries left."""
        return width if self.queries is None else min(width, self.queries - spent.queries)
