"""The policy's contract: ask for queries, be told the trials, recommend an architecture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from harness.core.oracle import Query, QueryKind, State, Trial
from harness.core.space import Architecture

BASELINE = "random"
"""The policy that the others are tested against: one uniform draw a seed (Yu et al. 2020, Sec. 3.1)."""


@runtime_checkable
class Policy(Protocol):
    """A search policy over one space, driven by the driver's loop.

    Constructors take ``(space, rng, *, settings)`` with the published values as defaults; the settings are plain types.
    What a policy may declare besides stands in ``harness.core.features``: ``recipe`` and ``trains_some``.
    """

    needs: frozenset[QueryKind]
    """The query kinds that it asks."""

    def ask(self, limit: int) -> list[Query]:
        """The next queries, at most ``limit`` (>= 1), fewer where the policy's own batch is smaller; [] when finished.

        How many it asks depends on ``limit`` and its settings alone, never on who evaluates them.
        """

    def tell(self, trials: Sequence[Trial]) -> None:
        """The answers to the last ``ask``, in its order; a prefix of them where the budget ended in between."""

    def recommend(self) -> Architecture:
        """The best architecture known so far: pure, and legal at any time, even before the first ``tell``."""

    def state_dict(self) -> State:
        """All that the search depends on, the generator's state included."""

    def load_state_dict(self, state: State) -> None:
        """Go back to where ``state_dict`` was taken."""
