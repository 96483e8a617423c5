"""The oracle that trains every architecture it is asked about, from scratch."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from backends.standalone.cell_trainer import CellTrainer
from backends.standalone.cells import Cell
from backends.standalone.recipes import load_recipe, recipe_path
from backends.standalone.training import Curve
from harness.core.budget import Cost
from harness.core.errors import IncompatibleError, SettingError
from harness.core.oracle import (
    Answer,
    Failed,
    Metric,
    Query,
    QueryKind,
    Score,
    Scored,
    State,
    Update,
    Updated,
    require_answerable,
)
from harness.core.space import Architecture, SearchSpace
from harness.spaces.nasbench101_keys import matrix_of_key


class StandaloneOracle:
    """Answers `Score` with the validation accuracy of one training by `recipe`, a name beside the tables or a file.

    The training's seed follows from the run's seed, the canonical cell and the epochs, so that isomorphic cells have
    one value and a cell asked again has the same. `Update` is free: nothing is shared. A training that diverged is
    `Failed`. `seconds='measured'` charges the processor time of the training, which no two runs share to the last
    digit; `'none'` charges 0, so that whole answers repeat. `device` is where it trains, `cpu` or `cuda`.
    """

    supports: frozenset[QueryKind] = frozenset({Score, Update})
    independent = True
    shares_weights = False
    metric = Metric("accuracy", "validation", 0.0, 1.0)

    def __init__(
        self,
        space: SearchSpace,
        seed: int,
        *,
        recipe: str = "nasbench101-v5-digits",
        seconds: Literal["measured", "none"] = "measured",
        device: str = "cpu",
    ) -> None:
        if space.scheme != "nasbench101":
            raise IncompatibleError(f"oracle 'standalone' trains NAS-Bench-101 cells, not those of {space.name!r}")
        if seconds not in ("measured", "none"):
            raise SettingError(f"setting 'seconds' cannot be {seconds!r}: it must be 'measured' or 'none'")
        self.space = space
        self.budgets = load_recipe(recipe_path(recipe)).epochs
        self._trainer = CellTrainer(replace(load_recipe(recipe_path(recipe)), seed=seed), device)
        self._measured = seconds == "measured"

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        """One answer a query, in order.

        Raises IncompatibleError for another kind of query or a budget that the recipe lacks, SpaceError for an
        architecture outside the space; then nothing has been trained.
        """
        require_answerable(self, queries)
        for query in queries:
            if isinstance(query, Score) and query.epochs not in (None, *self.budgets):
                raise IncompatibleError(f"{query.epochs!r} epochs is no budget of the recipe; it has {self.budgets!r}")
        return [self._score(query) if isinstance(query, Score) else Updated(None, Cost()) for query in queries]

    def state_dict(self) -> State:
        """Nothing: answers depend on the query and the seed alone."""
        return {}

    def load_state_dict(self, state: State) -> None:
        """Nothing to restore."""

    def _score(self, query: Score) -> Answer:
        epochs = max(self.budgets) if query.epochs is None else query.epochs
        (curve,) = self._trainer.curves(self._cell(query.architecture), epochs, repeats=[0])
        cost = Cost(1, epochs, curve.final.seconds if self._measured else 0.0)
        return _answer(curve, cost)

    def _cell(self, architecture: Architecture) -> Cell:
        key = np.array([self.space.key(architecture)], dtype=np.int64)
        return Cell(*matrix_of_key(int(self.space.canonical_keys(key)[0])))


def _answer(curve: Curve, cost: Cost) -> Answer:
    if curve.diverged:
        return Failed(f"the training diverged within {curve.epochs} epochs", cost)
    return Scored(curve.final.validation_accuracy, cost)
