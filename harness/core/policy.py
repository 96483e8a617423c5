"""The policy's contract: it asks queries, receives their answers, and recommends an architecture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from harness.core.oracle import Query, QueryKind, State, Trial
from harness.core.space import Architecture

BASELINE = "random"
"""The policy that the others are tested against: one uniform draw a seed (Yu et al. 2020, Sec. 3.1)."""


@runtime_checkable
class Policy(Protocol):
    """A search policy over one space; the driver calls it.

    Constructors take ``(space, rng, *, settings)`` with defaults, those of a publication where there is one; the
    settings are plain types. ``harness.core.features`` describes the optional members.
    """

    needs: frozenset[QueryKind]
    """The kinds of query that it asks."""

    def ask(self, limit: int) -> list[Query]:
        """The next queries: at most ``limit`` (>= 1), fewer if the policy's own batch is smaller, [] when finished.

        Their number depends on ``limit`` and the policy's settings alone, never on how the queries are evaluated.
        """

    def tell(self, trials: Sequence[Trial]) -> None:
        """Receive the answers to the last ``ask``, in its order; only a prefix if the budget ended in the batch."""

    def recommend(self) -> Architecture:
        """The best architecture known so far; pure, and legal at any time, even before the first ``tell``."""

    def state_dict(self) -> State:
        """The state that the search depends on, including that of the generator."""

    def load_state_dict(self, state: State) -> None:
        """Restore a state that ``state_dict`` returned."""
