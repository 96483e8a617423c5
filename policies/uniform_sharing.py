"""Uniform weight sharing: trains shared weights on one uniformly drawn architecture a step, and scores a fixed set of
architectures with them after chosen epochs, as in the study of Yu et al. 2020, Sec. 4.3.

The training is that of ``spos`` (eval-nas, scripts/nasbench-oneshot-search.sh). The scored cells are the same for every
seed: the given cells, or else the probe of the space. Where cells are given, only these are trained too, for the study
of the amount of sharing (Yu et al. 2020, App. D.1).
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from harness.core.errors import SettingError
from harness.core.oracle import Score, Update
from harness.core.probe import PROBE_CELLS, probe_cells
from harness.core.space import SearchSpace
from policies.parts.one_shot import OneShot
from policies.parts.ranges import require_at_least
from policies.parts.step import BestArchitecture, SearchStep


class UniformSharing(OneShot):
    """Trains for ``epochs`` of ``updates`` steps; scores each cell after each of ``score_epochs`` and after the last.

    Epoch 0 means before the training. ``cells`` (text form) are trained and scored. Without them, training draws from
    all cells of the space, and the probe, at most ``scored`` cells, is scored. Recommends the best of the latest
    scoring.
    """

    kept: ClassVar[tuple[str, ...]] = (*OneShot.kept, "_scorings")

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        epochs: int = 200,
        updates: int = 98,  # 25,000 training images in batches of 256
        score_epochs: tuple[int, ...] = (),
        cells: tuple[str, ...] = (),
        scored: int = PROBE_CELLS,
    ) -> None:
        require_at_least(0, epochs=epochs)
        require_at_least(1, updates=updates, scored=scored)
        self.marks = tuple(sorted({*score_epochs, epochs}))
        for mark in self.marks:
            if not 0 <= mark <= epochs:
                raise SettingError(f"setting 'score_epochs' cannot hold {mark}: the training has epochs 0 to {epochs}")
        self.trains_some = bool(cells)
        scoring = [space.parse(cell) for cell in cells] or probe_cells(space, scored)
        rows = [space.canonical(cell).choices for cell in scoring]
        self._cells = np.array(rows, np.int64).reshape(-1, len(space.options))
        self._scorings = 0
        super().__init__(space, rng, epochs=epochs, updates=updates)
        self._best = BestArchitecture(self._cells[0])

    def _begin(self) -> SearchStep:
        if self._scorings < len(self.marks) and self.marks[self._scorings] == self._epoch:
            self._scorings += 1
            return SearchStep(Score, self._cells)
        return super()._begin()

    def _training(self) -> SearchStep:
        if not self.trains_some:
            return super()._training()
        return SearchStep(Update, self._cells[self.rng.integers(len(self._cells), size=self.updates)])

    def _search(self) -> SearchStep:
        return self._nothing()

    def _finish(self, step: SearchStep) -> None:
        """A complete scoring replaces the earlier one as the source of the recommendation."""
        if step.kind is Score:
            self._best = BestArchitecture.of(step.rows, step.values) or self._best
