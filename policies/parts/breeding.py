"""The evolutionary search of one-shot NAS (Guo et al., "Single Path One-Shot Neural Architecture Search with Uniform
Sampling", ECCV 2020, Algorithm 1), with the loop of the released code (megvii-model/SinglePathOneShot,
src/Search/search.py) on any space's decisions.

The best candidates of all generations so far are the parents. A mutant redraws each decision of one parent with a
small probability, a crossover takes each decision from one of two parents, and random cells complete a generation. No
cell occurs twice. Ten candidates are bred for each wanted one, since candidates that are no cell or not new are
discarded. Spaces have no cost model, so the operations (FLOPs) of a candidate are not limited.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from harness.core.errors import SettingError
from harness.core.oracle import State
from harness.core.space import Choices, SearchSpace
from policies.parts.cells import canonical, draw_unseen, unseen
from policies.parts.kept import kept_state, restore_kept
from policies.parts.ranges import require_at_least, require_within
from policies.parts.step import Floats

TRIES = 10
"""The number of candidates bred for each wanted one (search.py: ``max_iters``)."""

KEPT = ("_parents", "_values", "_seen", "_generation")
"""The attributes of an EvolutionarySearch that are its state."""


@dataclass(frozen=True, slots=True)
class EvolutionSizes:
    """Sizes of a search: candidates a generation, generations, parents, mutants and crossovers a generation; and the
    probability ``mutation`` that a mutant's decision is redrawn."""

    population: int
    generations: int
    parents: int
    mutants: int
    crossovers: int
    mutation: float

    def __post_init__(self) -> None:
        require_at_least(1, population=self.population, parents=self.parents)
        require_at_least(0, generations=self.generations, mutants=self.mutants, crossovers=self.crossovers)
        require_within(0, 1, mutation=self.mutation)
        if self.mutants + self.crossovers > self.population:
            raise SettingError(
                f"settings 'mutants' and 'crossovers' cannot be {self.mutants!r} and {self.crossovers!r}: "
                f"together they must fit into the population of {self.population}"
            )


class EvolutionarySearch:
    """Generations of distinct cells in canonical form, each bred from the best of the earlier generations."""

    def __init__(self, space: SearchSpace, sizes: EvolutionSizes) -> None:
        self.space, self.sizes = space, sizes
        self._parents = np.empty((0, len(space.options)), np.int64)
        self._values = np.empty(0)
        self._seen = np.empty(0, np.int64)
        self._generation = 0

    def next_generation(self, rng: np.random.Generator) -> Choices:
        """The next generation, shape (candidates, decisions); empty after the last or if the space has no new cells."""
        if self._generation >= self.sizes.generations:
            return self._parents[:0]
        rows = self._parents[:0]
        if len(self._parents):
            rows = self._extend(rows, self._mutants(rng), self.sizes.mutants)
            rows = self._extend(rows, self._crossovers(rng), self.sizes.crossovers)
        known = np.concatenate([self._seen, canonical(self.space, rows)])
        rows = np.concatenate([rows, draw_unseen(self.space, rng, self.sizes.population - len(rows), known)])
        keys = canonical(self.space, rows)
        self._seen = np.concatenate([self._seen, keys])
        # a search that found no new cells once stays finished, even if another draw would find some
        self._generation = self._generation + 1 if len(keys) else self.sizes.generations
        return self.space.from_keys(keys)

    def _extend(self, rows: Choices, candidates: Choices, count: int) -> Choices:
        """The rows and up to ``count`` candidates that are cells and new to the search and to the rows."""
        known = np.concatenate([self._seen, canonical(self.space, rows)])
        return np.concatenate([rows, candidates[unseen(self.space, candidates, known)][:count]])

    def _mutants(self, rng: np.random.Generator) -> Choices:
        """Parents with some decisions redrawn; a redraw may give the old choice (search.py: ``get_mutation``)."""
        rows = self._parents[rng.integers(len(self._parents), size=TRIES * self.sizes.mutants)]
        redrawn = rng.random(rows.shape) < self.sizes.mutation
        return np.where(redrawn, rng.integers(self.space.options, size=rows.shape), rows)

    def _crossovers(self, rng: np.random.Generator) -> Choices:
        """Rows with each decision from one of two parents (search.py: ``get_crossover``)."""
        pairs = rng.integers(len(self._parents), size=(2, TRIES * self.sizes.crossovers))
        mothers, fathers = self._parents[pairs[0]], self._parents[pairs[1]]
        children: Choices = np.where(rng.random(mothers.shape) < 0.5, mothers, fathers)
        return children

    def learn(self, rows: Choices, values: Floats) -> None:
        """Keep the best of the parents and these rows as parents, the earlier of equals; NaN (failed) is dropped."""
        valid = ~np.isnan(values)
        rows = np.concatenate([self._parents, rows[valid]])
        values = np.concatenate([self._values, values[valid]])
        best = np.argsort(-values, kind="stable")[: self.sizes.parents]
        self._parents, self._values = rows[best], values[best]

    def state_dict(self) -> dict[str, Any]:
        """The parents with their values, the keys of all cells seen, and the number of generations bred."""
        return kept_state(self, KEPT)

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        restore_kept(self, KEPT, state)
