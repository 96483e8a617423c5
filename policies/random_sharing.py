"""Random search with weight sharing (Li and Talwalkar, "Random Search and Reproducibility for Neural Architecture
Search", UAI 2019).

The shared weights are trained on one random architecture a step. Then random architectures are scored on one batch of
validation data each, and the best of them on all validation data (liamcli/randomNAS_release,
searchers/random_weight_share.py: 1000 and 10). The epochs and steps are those of Yu et al. 2020 (eval-nas,
scripts/nasbench-oneshot-search.sh). For that many steps the released code would also score 1000 cells once, since it
does so every 10,000 steps. It may score a cell twice that was drawn twice; here the finalists are distinct cells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from harness.core.oracle import Score, State, Trial
from harness.core.space import Architecture, SearchSpace
from policies.parts.cells import unseen
from policies.parts.one_shot import OneShot
from policies.parts.ranges import require_at_least
from policies.parts.step import BestArchitecture, SearchStep


class RandomSharing(OneShot):
    """Takes ``epochs`` of ``updates`` shared-weight steps, scores ``samples`` cells quickly and ``finalists`` fully."""

    kept: ClassVar[tuple[str, ...]] = (*OneShot.kept, "_looked", "_chosen")

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        epochs: int = 200,
        updates: int = 98,  # 25,000 training images in batches of 256
        samples: int = 1000,
        finalists: int = 10,
    ) -> None:
        require_at_least(1, samples=samples, finalists=finalists)
        super().__init__(space, rng, epochs=epochs, updates=updates)
        self.samples, self.finalists = samples, finalists
        self._looked = False
        self._chosen = self._nothing().rows
        self._final: BestArchitecture | None = None

    def _search(self) -> SearchStep:
        if not self._looked:
            self._looked = True
            return SearchStep(Score, self.space.sample_many(self.rng, self.samples), batches=1)
        rows, self._chosen = self._chosen, self._chosen[:0]
        return SearchStep(Score, rows)

    def tell(self, trials: Sequence[Trial]) -> None:
        """Record the answers; all quick scores together choose the finalists, and full scores the recommendation."""
        super().tell(trials)
        if self._step.kind is Score and self._step.batches is None and self._step.values:
            self._final = BestArchitecture.of(self._step.rows[: len(self._step.values)], self._step.values)

    def _finish(self, step: SearchStep) -> None:
        """Choose the finalists, best quick score first: distinct cells without failures."""
        if step.batches is not None:
            quick = np.asarray(step.values, np.float64)
            order = np.argsort(-quick, kind="stable")
            rows = step.rows[order[~np.isnan(quick[order])]]
            self._chosen = rows[unseen(self.space, rows, np.empty(0, np.int64))][: self.finalists]

    def recommend(self) -> Architecture:
        """The finalist with the best full score so far; before the first full score, the best quick score."""
        return (self._final or self._best).architecture

    def state_dict(self) -> dict[str, Any]:
        """Also the best of the finalists that have a full score."""
        return super().state_dict() | {"final": self._final and self._final.state_dict()}

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        super().load_state_dict(state)
        self._final = state["final"] and BestArchitecture.from_state(state["final"])
