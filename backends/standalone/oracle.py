"""The stand-alone oracle, which trains every queried architecture from scratch."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Literal

from backends.standalone.outcomes import TrainingOutcome, outcomes_of
from backends.training.recipes import recipe_digest as digest_of
from backends.training.recipes import recipe_path
from harness.core.budget import Cost
from harness.core.errors import IncompatibleError, SettingError
from harness.core.oracle import (
    Answer,
    Failed,
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


class StandaloneOracle:
    """Answers `Score` with the validation accuracy of one training by `recipe`, a known name or a YAML file.

    For a recurrent cell the score is the negated natural logarithm of the validation perplexity, by a recipe for
    language models; every number of epochs up to the recipe's is a budget, and all budgets belong to one training.

    The training's seed depends on the run's seed, the canonical cell and the epochs (for a recurrent cell on the run's
    seed alone), so that isomorphic cells and repeated queries get the same score. Each query costs its full training,
    even if a recipe with continued budgets only continues an earlier one. `Update` is free: nothing is shared. A
    training that diverges in all of the recipe's attempts is `Failed`. `seconds='measured'` charges the processor time
    of the training (on a GPU the wall-clock time), which differs between runs; `'none'` charges 0, so that whole
    answers are reproducible. `device` is the device of the training; `auto` is a GPU if there is one. `verify` requires
    the data to be the published files.
    """

    supports: frozenset[QueryKind] = frozenset({Score, Update})
    independent = True
    shares_weights = False
    width = 1
    """A search asks one query at a time, so that a kill, or the end of a budget, wastes one training at most."""

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
        if seconds not in ("measured", "none"):
            raise SettingError(f"setting 'seconds' cannot be {seconds!r}: it must be 'measured' or 'none'")
        self.space = space
        if recipe_digest not in ("", digest_of(recipe_path(recipe))):
            raise SettingError(f"recipe {recipe!r} is no longer the one that this run was begun with; start it again")
        self._outcomes = outcomes_of(space, seed, recipe, device=device, verify=verify)
        self.metric, self.budgets = self._outcomes.metric, self._outcomes.budgets
        self._measured = seconds == "measured"

    @staticmethod
    def protocol(settings: Mapping[str, Any], recipe: str, space: SearchSpace) -> tuple[dict[str, Any], dict[str, Any]]:
        """The settings with the recipe's digest, a part of a run's identity; no settings for the policy."""
        return {**settings, "recipe_digest": digest_of(recipe_path(settings["recipe"]))}, {}

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        """One answer for each query, in order.

        Raises IncompatibleError for another kind of query or a budget that the recipe lacks, SpaceError for an
        architecture outside the space, both before any training; ResourceError if a GPU's memory is too small. Queries
        about the same cell share one training.
        """
        require_answerable(self, queries)
        for query in queries:
            if isinstance(query, Score) and query.epochs not in (None, *self.budgets):
                raise IncompatibleError(
                    f"{query.epochs!r} epochs is no budget of the recipe; it has {self._outcomes.known_budgets}"
                )
        outcomes: dict[Hashable, TrainingOutcome] = {}
        return [self._answer(each, outcomes) if isinstance(each, Score) else Updated(None, Cost()) for each in queries]

    def state_dict(self) -> State:
        """An empty state: answers depend on the query and the seed alone."""
        return {}

    def load_state_dict(self, state: State) -> None:
        """Do nothing: the state is empty."""

    def _answer(self, query: Score, outcomes: dict[Hashable, TrainingOutcome]) -> Answer:
        """The answer to one query; `outcomes` holds the trainings of this call, and a new one is added."""
        epochs = max(self.budgets) if query.epochs is None else query.epochs
        training = self._outcomes.name(query.architecture), epochs
        if training not in outcomes:
            outcomes[training] = self._outcomes.train(query.architecture, epochs)
        score, seconds = outcomes[training].score, outcomes[training].seconds
        cost = Cost(1, epochs, seconds if self._measured else 0.0)
        return Failed(f"the training diverged within {epochs} epochs", cost) if score is None else Scored(score, cost)
