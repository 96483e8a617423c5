"""The supernet oracle: ``Update`` trains one set of shared weights, with which every architecture is scored."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from backends.supernet.build import (
    DEFAULT_FAMILY,
    ImageSettings,
    SupernetContext,
    TextSettings,
    Widths,
    build_supernet,
    fitting_recipe,
    recipe_name,
)
from backends.supernet.image_task import Chunk, Statistics
from backends.training.devices import memory_guard, resolve_device
from backends.training.recipes.text import Average, Sharing, StateNorm
from harness.core.budget import Cost
from harness.core.errors import IncompatibleError
from harness.core.oracle import (
    Answer,
    Failed,
    Gradient,
    Query,
    QueryKind,
    Score,
    Scored,
    Slope,
    State,
    Update,
    Updated,
    require_answerable,
)
from harness.core.space import Architecture, Mixture, SearchSpace

DEFAULT_PROTOCOL = "spos"
"""The protocol for a policy that has none of its own: uniform single paths."""

LENGTH_SETTINGS = ("epochs", "updates")
"""The settings of a policy that determine how long the shared weights are trained."""

DIVERGED = "the training of the shared weights diverged"

UNBOUNDED = "no finite score: the weights diverged, or the states of a recurrent cell grow without bound on a long text"


class SupernetOracle:
    """Answers with one set of shared weights, trained by a recipe of ``backends/training/recipes/supernet``.

    ``recipe`` is a full name (``cifar10/darts``), a file, or a family, which uses each policy's own published protocol:
    ``digits`` and ``cifar10`` for NAS-Bench-101, ``austen``, ``ptb-small`` and ``ptb`` for recurrent cells; ``auto`` is
    the first of these. ``protocol`` fills in ``recipe_digest``, so that a run stops if its recipe has changed.

    Everything that affects the ranking is a setting. For NAS-Bench-101: ``batch_norm`` (see ``ImageTask``) and, as in
    eval-nas, ``widths='doubled'`` (stacks twice as wide after the same stem), ``running_momentum=0.997`` (of the
    averages that ``batch_norm='running'`` uses) and ``slices='random'``; ``precision`` is that of forward passes. For
    recurrent cells: ``sharing``, ``average`` and ``norm`` (see ``SharedRecurrentModel``), by default the recipe's. For
    both: ``search_metric='test'``.

    A Score or a Gradient costs one query; an Update costs its share of an epoch for each point. ``seconds='measured'``
    charges the time of the answers, which differs between runs; ``'none'`` charges 0.
    """

    supports: frozenset[QueryKind] = frozenset({Score, Update, Gradient})
    independent = False
    shares_weights = True

    def __init__(
        self,
        space: SearchSpace,
        seed: int,
        *,
        recipe: str = DEFAULT_FAMILY,
        recipe_digest: str = "",
        search_metric: Literal["validation", "test"] = "validation",
        batch_norm: Statistics = "recalibrated",
        widths: Widths = "nasbench",
        running_momentum: float | None = None,
        slices: Chunk = "first",
        sharing: Sharing | Literal["auto"] = "auto",
        average: Average | Literal["auto"] = "auto",
        norm: StateNorm | Literal["auto"] = "auto",
        precision: Literal["float32", "bfloat16"] = "float32",
        device: str = "auto",
        verify: bool = True,
        seconds: Literal["measured", "none"] = "measured",
    ) -> None:
        name = recipe_name(space, recipe, DEFAULT_PROTOCOL)
        self.space: SearchSpace = space
        self._cells, self._weights, self.metric = build_supernet(
            SupernetContext(space, seed, search_metric, resolve_device(device), verify),
            fitting_recipe(space, name, recipe_digest),
            ImageSettings(batch_norm, widths, running_momentum, slices, precision),
            TextSettings(sharing, average, norm),
        )
        self._measured = seconds == "measured"

    @property
    def steps_per_epoch(self) -> int:
        """The number of Updates with one point that cost one epoch."""
        return self._weights.steps_per_epoch

    @staticmethod
    def protocol(settings: Mapping[str, Any], recipe: str, space: SearchSpace) -> tuple[dict[str, Any], dict[str, Any]]:
        """The settings with the recipe's full name and digest, and the policy settings that the recipe contains.

        A substitute for a protocol that the family lacks gives only the settings for the length of the training.
        """
        asked = settings["recipe"]
        name = recipe_name(space, asked, recipe)
        read = fitting_recipe(space, name)
        whole = name == asked or name.endswith(f"/{recipe}")
        brought = {key: value for key, value in read.search.items() if whole or key in LENGTH_SETTINGS}
        return {**settings, "recipe": name, "recipe_digest": read.digest()}, brought

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        """One answer for each query, in order.

        Raises IncompatibleError for a Score with a number of epochs, SpaceError for an architecture outside the space,
        and ResourceError if memory is too small.
        """
        require_answerable(self, queries)
        for query in queries:
            if isinstance(query, Score) and query.epochs is not None:
                raise IncompatibleError(f"shared weights know no training of {query.epochs} epochs; leave epochs out")
        started = time.perf_counter()
        with memory_guard("the recipe's batch_size, evaluation.batch or width"):
            waiting = [self._begin(query) for query in queries]
            values = torch.stack([value for value, _ in waiting]).tolist() if waiting else []
        seconds = (time.perf_counter() - started) / max(len(queries), 1) if self._measured else 0.0
        parts = zip(queries, values, (rows for _, rows in waiting), strict=True)
        return [self._answer(query, value, rows, seconds) for query, value, rows in parts]

    def _begin(self, query: Query) -> tuple[Tensor, Sequence[Tensor]]:
        """The value of a query, which a GPU may still be computing, and the rows of a gradient."""
        match query:
            case Score(architecture, _, batches):
                return self._weights.score(self._cells.discrete(architecture), batches), ()
            case Update(points):
                return self._weights.update([self._point(point) for point in points]).double(), ()
            case Gradient(mixture, unrolled):
                slope = self._weights.unrolled_slope if unrolled else self._weights.slope
                loss, rows = slope(self._cells.rows(mixture))
                return loss.double(), rows

    def _point(self, point: Mixture | Architecture) -> Any:
        return self._cells.discrete(point) if isinstance(point, Architecture) else self._cells.point(point)

    def _answer(self, query: Query, value: float, rows: Sequence[Tensor], seconds: float) -> Answer:
        match query:
            case Score():
                cost = Cost(1, 0.0, seconds)
                return Scored(value, cost) if math.isfinite(value) else Failed(UNBOUNDED, cost)
            case Update(points):
                cost = Cost(0, len(points) / self.steps_per_epoch, seconds)
                return Updated(value, cost) if math.isfinite(value) else Failed(DIVERGED, cost)
            case Gradient():
                gradient = tuple(tuple(row.tolist()) for row in rows)
                if not math.isfinite(value + sum(map(sum, gradient))):
                    return Failed(DIVERGED, Cost(1, 0.0, seconds))
                return Slope(value, gradient, Cost(1, 0.0, seconds))

    def state_dict(self) -> State:
        """Weights, running statistics, momentum and the position in the data, as NumPy arrays."""
        return self._weights.state_dict()

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        self._weights.load_state_dict(state)
