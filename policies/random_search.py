"""Random search: the best of several random architectures, by validation."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from harness.core.oracle import Score
from harness.core.space import SearchSpace
from policies.parts.ranges import require_at_least
from policies.parts.step import SearchStep, SteppedPolicy, draw


class RandomSearch(SteppedPolicy):
    """Scores ``samples`` independent draws of the space's sampler, ``batch`` at a time, and recommends the best."""

    kept: ClassVar[tuple[str, ...]] = ("_drawn",)

    def __init__(self, space: SearchSpace, rng: np.random.Generator, *, samples: int = 100, batch: int = 100) -> None:
        require_at_least(1, samples=samples, batch=batch)
        rows = draw(space, rng, min(batch, samples))
        super().__init__(space, rng, rows[0])
        self.samples, self.batch = samples, batch
        self._drawn = len(rows)
        self._step = SearchStep(Score, rows)

    def _begin(self) -> SearchStep:
        rows = draw(self.space, self.rng, min(self.batch, self.samples - self._drawn))
        self._drawn += len(rows)
        return SearchStep(Score, rows)

    def _finish(self, step: SearchStep) -> None:
        """Nothing to learn: every draw is independent of the others."""
