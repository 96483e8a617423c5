"""One-shot searches: shared weights are trained to the end first, and then score architectures."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from harness.core.oracle import QueryKind, Score, Update
from harness.core.space import SearchSpace
from policies.parts.ranges import require_at_least
from policies.parts.step import SearchStep, SteppedPolicy, draw


class OneShot(SteppedPolicy):
    """Trains the shared weights for ``epochs`` of ``updates`` steps, asked one epoch at a time, and then searches.

    A step trains one architecture drawn by the space's sampler, unless a subclass overrides ``_training``.
    """

    needs: ClassVar[frozenset[QueryKind]] = frozenset({Score, Update})
    recipe: ClassVar[str] = "spos"
    """The name of the published training protocol of this search's shared weights."""
    kept: ClassVar[tuple[str, ...]] = ("_epoch",)

    def __init__(self, space: SearchSpace, rng: np.random.Generator, *, epochs: int, updates: int) -> None:
        require_at_least(0, epochs=epochs, updates=updates)
        super().__init__(space, rng, draw(space, rng, 1)[0])
        self.epochs, self.updates = epochs, updates
        self._epoch = 0
        if epochs and updates:
            self._step = self._begin()  # refuses a space that cannot be trained on before anything runs

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
        """The next Scores of the search after the training; an empty step when the search is finished."""
