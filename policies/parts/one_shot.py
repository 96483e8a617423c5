"""One-shot searches: shared weights are trained first, to the end, and then architectures are scored with them."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np

from harness.core.oracle import QueryKind, Score, State, Update
from harness.core.space import SearchSpace
from policies.parts.ranges import require_at_least
from policies.parts.step import SearchStep, SteppedPolicy, draw


class OneShot(SteppedPolicy):
    """``epochs`` of ``updates`` steps of the shared weights, asked an epoch at a time, and then a search.

    A step trains one architecture by the space's sampler, unless the subclass says otherwise.
    """

    needs: ClassVar[frozenset[QueryKind]] = frozenset({Score, Update})
    recipe: ClassVar[str] = "spos"
    """The published training of shared weights that this search was made for."""

    def __init__(self, space: SearchSpace, rng: np.random.Generator, *, epochs: int, updates: int) -> None:
        require_at_least(0, epochs=epochs, updates=updates)
        super().__init__(space, rng, draw(space, rng, 1)[0])
        self.epochs, self.updates = epochs, updates
        self._epoch = 0
        if epochs and updates:
            self._step = self._begin()  # so that a space that cannot be trained on is refused before anything runs

    def _begin(self) -> SearchStep:
        if self.updates and self._epoch < self.epochs:
            self._epoch += 1
            return self._training()
        return self._search()

    def _training(self) -> SearchStep:
        """The updates of one epoch."""
        return SearchStep(Update, self.space.sample_many(self.rng, self.updates))

    @abstractmethod
    def _search(self) -> SearchStep:
        """The next Scores of the search after the training, or a step without any when it is finished."""

    def state_dict(self) -> dict[str, Any]:
        """Also the number of epochs asked."""
        return super().state_dict() | {"epoch": self._epoch}

    def load_state_dict(self, state: State) -> None:
        """Go back to where ``state_dict`` was taken."""
        super().load_state_dict(state)
        self._epoch = int(state["epoch"])
