"""Weight sharing: one supernet that ``Update`` trains and that scores every architecture with the same weights."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import torch
from torch import Tensor

from backends.data.datasets import load
from backends.data.images import Images
from backends.devices import memory_guard, resolve_device
from backends.networks.nasbench101 import Skeleton
from backends.supernet.batches import Batches
from backends.supernet.cells import NASBench101Cells, Point
from backends.supernet.recipe import Recipe, full_name, load_recipe
from backends.supernet.weights import Chunk, SharedWeights, Statistics
from harness.core.budget import Cost
from harness.core.errors import IncompatibleError
from harness.core.oracle import (
    Answer,
    Failed,
    Gradient,
    Metric,
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
from harness.core.random import stream
from harness.core.space import Architecture, Mixture, SearchSpace
from harness.spaces.nasbench101 import NASBench101

DEFAULT_PROTOCOL = "spos"
"""Whose protocol trains the weights for a policy that has none of its own: uniform single paths."""

DIVERGED = "the training of the shared weights diverged"


class SupernetOracle:
    """Answers from one set of shared weights, trained by a recipe of ``backends/supernet/recipes``.

    ``recipe`` is a full name (``cifar10/darts``), a file, or a family (``digits``, ``cifar10``), which takes each
    policy's own published protocol; ``recipe_digest``, filled in by ``protocol``, holds a run to the recipe's content.
    What decides the ranking is a setting: ``batch_norm`` (see ``SharedWeights``) and, as in eval-nas,
    ``widths='doubled'`` (stacks twice as wide behind the same stem), ``running_momentum=0.997`` (of the averages that
    ``batch_norm='running'`` uses), ``slices='random'``, and ``search_metric='test'``.

    A Score costs one query and so does a Gradient; an Update costs its share of an epoch for each point.
    ``seconds='measured'`` charges the time that answers took, which no two runs share; ``'none'`` charges 0.
    """

    supports: frozenset[QueryKind] = frozenset({Score, Update, Gradient})
    independent = False
    shares_weights = True

    def __init__(
        self,
        space: SearchSpace,
        seed: int,
        *,
        recipe: str = "digits",
        recipe_digest: str = "",
        search_metric: Literal["validation", "test"] = "validation",
        batch_norm: Statistics = "recalibrated",
        widths: Literal["nasbench", "doubled"] = "nasbench",
        running_momentum: float | None = None,
        slices: Chunk = "first",
        precision: Literal["float32", "bfloat16"] = "float32",
        device: str = "auto",
        verify: bool = True,
        seconds: Literal["measured", "none"] = "measured",
    ) -> None:
        if not isinstance(space, NASBench101):
            raise IncompatibleError(f"oracle 'supernet' holds NAS-Bench-101 cells, not those of {space.name!r}")
        self.space: SearchSpace = space
        self.metric = Metric("accuracy", search_metric, 0.0, 1.0)
        self._recipe = load_recipe(full_name(recipe, DEFAULT_PROTOCOL), recipe_digest)
        place, part = resolve_device(device), self._recipe.data
        data = load(
            part.dataset,
            train_images=part.train_images,
            validation_images=part.validation_images,
            noise=part.noise,
            verify=verify,
        ).to(place)
        sizes = skeleton(self._recipe, data, widths, running_momentum)
        self._cells = NASBench101Cells(space, sizes, int(stream(seed, "oracle", "weights").integers(2**62)), place)
        batches = Batches(data, getattr(data, search_metric), self._recipe, seed)
        self._weights = SharedWeights(
            self._cells,
            batches,
            self._recipe,
            seed,
            statistics=batch_norm,
            chunk=slices,
            mixed=precision == "bfloat16",
        )
        self._measured = seconds == "measured"

    @property
    def steps_per_epoch(self) -> int:
        """How many Updates of one point cost an epoch."""
        return self._recipe.steps_per_epoch

    @staticmethod
    def protocol(settings: Mapping[str, Any], recipe: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """The settings with the recipe in full, and the policy's settings that the recipe brings."""
        name = full_name(settings["recipe"], recipe)
        read = load_recipe(name)
        return {**settings, "recipe": name, "recipe_digest": read.digest()}, read.search

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        """One answer a query, in order.

        Raises IncompatibleError for a Score after some epochs of its own training, SpaceError for a foreign
        architecture, and ResourceError where memory does not suffice.
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
        """A query's number, which an accelerator may still be computing, and the rows of a slope."""
        match query:
            case Score(architecture, _, batches):
                return self._weights.score(self._cells.discrete(architecture), batches), ()
            case Update(points):
                return self._weights.update([self._point(point) for point in points]).double(), ()
            case Gradient(mixture, unrolled):
                slope = self._weights.unrolled_slope if unrolled else self._weights.slope
                loss, rows = slope(self._cells.rows(mixture))
                return loss.double(), rows

    def _point(self, point: Mixture | Architecture) -> Point:
        return self._cells.discrete(point) if isinstance(point, Architecture) else self._cells.point(point)

    def _answer(self, query: Query, value: float, rows: Sequence[Tensor], seconds: float) -> Answer:
        match query:
            case Score():
                return Scored(value, Cost(1, 0.0, seconds))
            case Update(points):
                cost = Cost(0, len(points) / self._recipe.steps_per_epoch, seconds)
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
        """Go back to where ``state_dict`` was taken."""
        self._weights.load_state_dict(state)


def skeleton(recipe: Recipe, data: Images, widths: str, running_momentum: float | None) -> Skeleton:
    """The sizes of a recipe's supernet on these images."""
    part, doubled = recipe.network, widths == "doubled"
    return Skeleton(
        width=part.width * (2 if doubled else 1),
        stem=part.width if doubled else None,
        stacks=part.stacks,
        modules=part.modules,
        image_channels=data.channels,
        classes=data.classes,
        batch_norm_momentum=part.batch_norm_momentum if running_momentum is None else running_momentum,
    )
