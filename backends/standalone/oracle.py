"""The oracle that trains every architecture it is asked about, from scratch."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

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
from harness.core.space import SearchSpace
from harness.spaces.nasbench101_keys import matrix_of_key


class StandaloneOracle:
    """Answers `Score` with the validation accuracy of one training by `recipe`, a known name or a YAML file.

    The training's seed follows from the run's seed, the canonical cell and the epochs, so that isomorphic cells have
    one value and a cell asked again has the same; it is charged in full each time, also where a recipe with continued
    budgets only goes on with what it has trained before. `Update` is free: nothing is shared. A training that diverged
    in all of the recipe's attempts is `Failed`. `seconds='measured'` charges the processor time of the training (on a
    GPU the clock's), which no two runs share to the last digit; `'none'` charges 0, so that whole answers repeat.
    `device` is where it trains, `auto` a GPU where there is one. `verify` asks that the data be the published files.
    """

    supports: frozenset[QueryKind] = frozenset({Score, Update})
    independent = True
    shares_weights = False
    metric = Metric("accuracy", "validation", 0.0, 1.0)
    width = 1
    """A search asks one at a time, so that a kill, or the end of a budget, costs one training at most."""

    def __init__(
        self,
        space: SearchSpace,
        seed: int,
        *,
        recipe: str = "nasbench101-v5-digits",
        recipe_digest: str = "",
        seconds: Literal["measured", "none"] = "measured",
        device: Literal["cpu", "cuda", "auto"] = "cpu",
        verify: bool = True,
    ) -> None:
        if space.scheme != "nasbench101":
            raise IncompatibleError(f"oracle 'standalone' trains NAS-Bench-101 cells, not those of {space.name!r}")
        if seconds not in ("measured", "none"):
            raise SettingError(f"setting 'seconds' cannot be {seconds!r}: it must be 'measured' or 'none'")
        self.space = space
        read = load_recipe(recipe_path(recipe))
        if recipe_digest not in ("", read.digest()):
            raise SettingError(f"recipe {recipe!r} is no longer the one that this run was begun with; start it again")
        self.budgets, read = read.epochs, replace(read, seed=seed)
        self._trainer = CellTrainer(read, device, verify=verify)
        self._measured = seconds == "measured"

    @staticmethod
    def protocol(settings: Mapping[str, Any], recipe: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The settings with the digest of the recipe's content, which a run's identity needs; nothing for a policy."""
        return {**settings, "recipe_digest": load_recipe(recipe_path(settings["recipe"])).digest()}, {}

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        """One answer a query, in order.

        Raises IncompatibleError for another kind of query or a budget that the recipe lacks, SpaceError for an
        architecture outside the space; then nothing has been trained. Raises ResourceError where a GPU's memory is too
        small. A cell that is asked about twice is trained once.
        """
        require_answerable(self, queries)
        for query in queries:
            if isinstance(query, Score) and query.epochs not in (None, *self.budgets):
                raise IncompatibleError(f"{query.epochs!r} epochs is no budget of the recipe; it has {self.budgets!r}")
        asked = [self._training(query) if isinstance(query, Score) else None for query in queries]
        curves = {each: self._trainer.curves(*each, repeats=[0])[0] for each in dict.fromkeys(asked) if each}
        return [Updated(None, Cost()) if each is None else self._answer(curves[each]) for each in asked]

    def state_dict(self) -> State:
        """Nothing: answers depend on the query and the seed alone."""
        return {}

    def load_state_dict(self, state: State) -> None:
        """Nothing to restore."""

    def _training(self, query: Score) -> tuple[Cell, int]:
        """The canonical cell and the epochs."""
        epochs = max(self.budgets) if query.epochs is None else query.epochs
        key = np.array([self.space.key(query.architecture)], dtype=np.int64)
        return Cell(*matrix_of_key(int(self.space.canonical_keys(key)[0]))), epochs

    def _answer(self, curve: Curve) -> Answer:
        cost = Cost(1, curve.epochs, curve.final.seconds if self._measured else 0.0)
        if curve.diverged:
            return Failed(f"the training diverged within {curve.epochs} epochs", cost)
        return Scored(curve.final.validation_accuracy, cost)
