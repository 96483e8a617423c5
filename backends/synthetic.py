"""A closed-form landscape over any space: an oracle for tests and documentation, which is also its own ground truth.

The value of a mixture ``m`` with rows ``m_i`` is ``sum_i a_i.m_i + sum_i m_i B_i m_(i+1)``, scaled into [0, 1] by the
sums of the extreme coefficients. The coefficients reward single choices and pairs of choices of consecutive decisions;
they are drawn once from the ``landscape`` seed. An architecture has the value of its canonical form, so that equal
cells score the same.

With ``sharing`` above 0 the oracle has shared weights, in closed form too. ``Update`` adds its points to the counts
``n_ij`` of the training of choice ``j`` of decision ``i``. The choice then has the quality
``q_ij = 1 - exp(-n_ij/sharing)``, and values are multiplied by the mean of ``q_i.m_i`` over decisions. So with
untrained weights every architecture scores 0, and uneven training of the choices changes the order of the scores.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from harness.core.budget import Cost
from harness.core.errors import SettingError
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
from harness.core.space import Architecture, Choices, Mixture, SearchSpace

Floats = npt.NDArray[np.float64]


class Landscape:
    """The coefficients of one landscape over a space."""

    def __init__(self, space: SearchSpace, landscape: int) -> None:
        rng = stream(landscape, "landscape", space.name)
        pairs = list(zip(space.options, space.options[1:], strict=False))
        self.single: list[Floats] = [rng.normal(size=n) for n in space.options]
        self.paired: list[Floats] = [rng.normal(scale=0.5, size=pair) for pair in pairs]
        parts = [*self.single, *self.paired]
        self.low = sum(float(part.min()) for part in parts)
        self.span = sum(float(part.max()) for part in parts) - self.low or 1.0

    def values(self, choices: Choices) -> Floats:
        """Values in [0, 1], shape (architectures,), of canonical choices of shape (architectures, decisions)."""
        total = np.full(len(choices), -self.low)
        for i, part in enumerate(self.single):
            total += part[choices[:, i]]
        for i, part in enumerate(self.paired):
            total += part[choices[:, i], choices[:, i + 1]]
        return total / self.span

    def slope(self, mixture: Mixture) -> tuple[float, Mixture]:
        """The value of a mixture and its gradient, one row a decision."""
        rows = [np.asarray(row, dtype=np.float64) for row in mixture]
        gradient = [part.copy() for part in self.single]
        for i, part in enumerate(self.paired):
            gradient[i] += part @ rows[i + 1]
            gradient[i + 1] += rows[i] @ part
        linear = sum(float(a @ row) for a, row in zip(self.single, rows, strict=True))
        pairs = sum(float(rows[i] @ part @ rows[i + 1]) for i, part in enumerate(self.paired))
        scaled = tuple(tuple((part / self.span).tolist()) for part in gradient)
        return (linear + pairs - self.low) / self.span, scaled


class SyntheticSharedWeights:
    """The amount of training of each choice of each decision, and the quality that follows from it."""

    def __init__(self, options: Sequence[int], sharing: float) -> None:
        self.sharing = sharing
        self._trained: list[Floats] = [np.zeros(n) for n in options]

    def train(self, points: Sequence[Mixture]) -> float:
        """Add these points to the counts; returns the mean of 1 - quality over the points before that."""
        losses = [1 - self.quality(point)[0] for point in points]
        for point in points:
            for counts, row in zip(self._trained, point, strict=True):
                counts += row
        return float(np.mean(losses)) if losses else 0.0

    def quality(self, mixture: Mixture, *, unrolled: bool = False) -> tuple[float, list[Floats]]:
        """The quality of a mixture and its gradient, one row a decision; ``unrolled``: after a step on the mixture."""
        total, gradient = 0.0, list[Floats]()
        for counts, row in zip(self._trained, mixture, strict=True):
            weights = np.asarray(row, dtype=np.float64)
            trained = counts + weights if unrolled else counts
            untrained = np.exp(-np.maximum(trained, 0) / self.sharing)
            total += float(weights @ (1 - untrained))
            gradient.append(1 - untrained + (weights * untrained / self.sharing if unrolled else 0.0))
        return total / len(gradient), [part / len(gradient) for part in gradient]

    def state_dict(self) -> State:
        """The counts, one row a decision."""
        return {"trained": [counts.copy() for counts in self._trained]}

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        self._trained = [np.array(counts, dtype=np.float64) for counts in state["trained"]]


class SyntheticOracle:
    """Answers every kind of query from the closed form; ``failures`` is the share of cells whose answer is Failed.

    An epoch costs one second. A Score after ``e`` epochs is the value times ``1 - exp(-5 e / full_epochs)``.
    ``sharing`` above 0 is the number of training steps after which a choice has the quality 1 - 1/e. Then only Update
    trains: a Score has the same value after any number of epochs, and answers cost no epochs or seconds.
    """

    supports: frozenset[QueryKind] = frozenset({Score, Update, Gradient})
    independent = True
    shares_weights = False
    metric = Metric("score", "validation", 0.0, 1.0)

    def __init__(
        self,
        space: SearchSpace,
        seed: int,
        *,
        landscape: int = 0,
        failures: float = 0.0,
        full_epochs: int = 100,
        sharing: float = 0.0,
    ) -> None:
        if not 0 <= failures <= 1 or full_epochs < 1:
            raise SettingError(
                f"failures must lie in [0, 1], not {failures!r}; full_epochs above 0, not {full_epochs!r}"
            )
        if not 0 <= sharing < math.inf:
            raise SettingError(f"sharing must be a number of steps, 0 for no shared weights, not {sharing!r}")
        self.space = space
        self._landscape = Landscape(space, landscape)
        self._failures = failures
        self._full = full_epochs
        self._shared = SyntheticSharedWeights(space.options, sharing) if sharing else None
        self.shares_weights = self._shared is not None
        self.independent = not self.shares_weights

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        """One answer a query, in order; raises SpaceError for an architecture outside the space."""
        require_answerable(self, queries)
        return [self._one(query) for query in queries]

    def _one(self, query: Query) -> Answer:
        match query:
            case Score(architecture, epochs):
                return self._score(self.space.canonical(architecture), self._full if epochs is None else epochs)
            case Update(points):
                return Updated(self._train([self._mixture(point) for point in points]), Cost())
            case Gradient(mixture, unrolled):
                return self._slope(mixture, unrolled)

    def _mixture(self, point: Mixture | Architecture) -> Mixture:
        """A mixture unchanged, or the one-hot mixture of an architecture's canonical form."""
        return self.space.one_hot(self.space.canonical(point)) if isinstance(point, Architecture) else point

    def _train(self, points: Sequence[Mixture]) -> float | None:
        return self._shared.train(points) if self._shared else None

    def _score(self, canonical: Architecture, epochs: int) -> Answer:
        cost = Cost(1, epochs, float(epochs)) if self._shared is None else Cost(1)
        digest = hashlib.sha256(repr(canonical.choices).encode()).digest()
        if int.from_bytes(digest[:8]) < self._failures * 2**64:
            return Failed("the landscape has a hole here", cost)
        value = float(self._landscape.values(np.asarray([canonical.choices], dtype=np.int64))[0])
        if self._shared is None:
            return Scored(value * (1 - math.exp(-5 * epochs / self._full)), cost)
        return Scored(value * self._shared.quality(self.space.one_hot(canonical))[0], cost)

    def _slope(self, mixture: Mixture, unrolled: bool) -> Slope:
        """The loss 1 - value x quality and its gradient, by the product rule."""
        value, rows = self._landscape.slope(mixture)
        if self._shared is None:
            return Slope(1 - value, tuple(tuple(-v for v in row) for row in rows), Cost(1))
        quality, slopes = self._shared.quality(mixture, unrolled=unrolled)
        parts = [-quality * np.asarray(row) - value * part for row, part in zip(rows, slopes, strict=True)]
        return Slope(1 - value * quality, tuple(tuple(part.tolist()) for part in parts), Cost(1))

    def truth(self) -> LandscapeTable:
        """The landscape as the judge's table, without failures."""
        return LandscapeTable(self.space, self._landscape)

    def state_dict(self) -> State:
        """The shared weights; empty without shared weights, since answers then depend on the query alone."""
        return self._shared.state_dict() if self._shared else {}

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        if self._shared:
            self._shared.load_state_dict(state)


class LandscapeTable:
    """The ground truth of a landscape, with the members of a table that the judge reads: one repeat, no noise."""

    name = "synthetic"
    epochs: tuple[int, ...] = (100,)
    repeats = 1
    metrics: tuple[str, ...] = ("validation_accuracy", "test_accuracy")

    def __init__(self, space: SearchSpace, landscape: Landscape) -> None:
        self.space, self.scheme = space.name, space.scheme
        self.keys = np.sort(space.enumerate_keys())
        self._values = landscape.values(space.from_keys(self.keys))
        self.digest = hashlib.sha256(self._values.tobytes()).hexdigest()
        self._space = space

    def __len__(self) -> int:
        return len(self.keys)

    def rows(self, keys: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """The rows of these keys; -1 for keys outside the space."""
        canonical = self._space.canonical_keys(keys)
        rows = np.searchsorted(self.keys, canonical).clip(max=len(self.keys) - 1)
        return np.where(self.keys[rows] == canonical, rows, -1)

    def mean(self, metric: str, epochs: int | None = None) -> Floats:
        """The value of every cell, shape (cells,), which is the same for every metric and number of epochs."""
        return self._values
