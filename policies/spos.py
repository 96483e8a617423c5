"""SPOS: shared weights trained on one uniformly drawn path a step, then evolution (Guo et al., "Single Path One-Shot
Neural Architecture Search with Uniform Sampling", ECCV 2020).

The training is that of Yu et al. 2020, Sec. 4.3 (eval-nas, scripts/nasbench-oneshot-search.sh): 200 epochs of 98 steps,
each on one architecture drawn by the space's sampler. The paper's limits on the operations (FLOPs) of a path are left
out, since a space does not know FLOPs. The search is the paper's evolution with its released numbers
(megvii-model/SinglePathOneShot, src/Search/search.py), on validation data: see ``policies/parts/breeding.py``. The
released code breeds and scores one more generation after the last ranking and does not use it; here every scored
generation counts.

``search='pool'`` takes the best of up to ``pool`` random cells instead, as Yu et al. 2020 did. Their code (eval-nas,
search_policies/cnn/random_policy) sorts a pool during training, refreshes it with random cells, and ranks it on the
test set; here the pool is drawn once, after training, and scored on validation data.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from harness.core.oracle import Score, State
from harness.core.space import SearchSpace
from policies.parts.breeding import EvolutionarySearch, EvolutionSizes
from policies.parts.cells import draw_unseen
from policies.parts.one_shot import OneShot
from policies.parts.ranges import require_at_least
from policies.parts.step import SearchStep


class SPOS(OneShot):
    """Takes ``epochs`` of ``updates`` shared-weight steps; scores ``generations`` of ``population`` cells, or a pool.

    The best ``parents`` cells so far breed the next generation: ``mutants`` and ``crossovers`` of it, the rest is
    random. ``mutation`` is the probability that a mutant's decision is redrawn.
    """

    kept: ClassVar[tuple[str, ...]] = (*OneShot.kept, "_pooled")

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        epochs: int = 200,
        updates: int = 98,  # 25,000 training images in batches of 256
        search: Literal["evolution", "pool"] = "evolution",
        population: int = 50,
        generations: int = 20,
        parents: int = 10,
        mutants: int = 25,
        crossovers: int = 25,
        mutation: float = 0.1,
        pool: int = 200,
    ) -> None:
        require_at_least(1, pool=pool)
        sizes = EvolutionSizes(population, generations, parents, mutants, crossovers, mutation)
        super().__init__(space, rng, epochs=epochs, updates=updates)
        self.search, self.pool = search, pool
        self._evolutionary_search = EvolutionarySearch(space, sizes)
        self._pooled = False

    def _search(self) -> SearchStep:
        if self.search == "evolution":
            return SearchStep(Score, self._evolutionary_search.next_generation(self.rng))
        rows = draw_unseen(self.space, self.rng, 0 if self._pooled else self.pool, np.empty(0, np.int64))
        self._pooled = True
        return SearchStep(Score, rows)

    def _finish(self, step: SearchStep) -> None:
        if step.kind is Score:
            self._evolutionary_search.learn(step.rows, np.asarray(step.values, np.float64))

    def state_dict(self) -> dict[str, Any]:
        """Also the state of the evolutionary search after training."""
        return super().state_dict() | {"breeding": self._evolutionary_search.state_dict()}

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        super().load_state_dict(state)
        self._evolutionary_search.load_state_dict(state["breeding"])
