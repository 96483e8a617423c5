"""The decorator ``NAME+score-gradient`` of an oracle NAME: estimates ``Gradient`` from Scores of sampled architectures.

So policies that follow slopes of a mixture also run on oracles that cannot be differentiated, such as a table. The rows
of a mixture, clipped at 0 and scaled to sum to 1, are the probabilities of independent decisions; samples outside the
space are drawn again. The loss of a mixture is the mean of ``metric.high - value`` over this distribution. With samples
``a`` of losses ``L``, each compared with the mean ``b`` of the other losses, the slope

    mean over the samples of (L - b) [a_i = j] / m_ij

is the score-function estimator (Williams, "Simple statistical gradient-following algorithms for connectionist
reinforcement learning", 1992, with the leave-one-out baseline of Kool, van Hoof and Welling, "Buy 4 REINFORCE samples,
get a baseline for free!", 2019). It is an unbiased estimate of the slope of that loss, also with rejection: scaling and
rejecting change ``log p(a)`` by a term that is the same for all ``a``, and ``L - b`` has mean 0. A choice of weight 0
is never drawn, and its slope is returned as 0.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from harness.core.budget import Cost
from harness.core.errors import IncompatibleError, SettingError
from harness.core.features import OracleFeatures, repeated_queries
from harness.core.oracle import (
    Answer,
    Failed,
    Gradient,
    Oracle,
    Query,
    QueryKind,
    Score,
    Scored,
    Slope,
    State,
    Update,
    require_answerable,
)
from harness.core.random import stream
from harness.core.space import Architecture, Choices, Mixture, SearchSpace

NAME = "score-gradient"

MAX_BATCHES = 100
"""After this many rejected batches the space's sampler draws the missing rows, so that no mixture hangs a search."""

MIN_BATCH = 32
"""The smallest number of rows drawn at once."""

MIN_SAMPLES = 2
"""The fewest losses for an estimate, since each loss is compared with the mean of the others."""

Floats = npt.NDArray[np.float64]


class ScoreGradient:
    """Answers each Gradient with ``samples`` Scores of the inner oracle, which answers all other queries itself.

    A Gradient costs as much as its Scores. Failed samples are left out; with fewer than two values it answers Failed.
    All Gradients before the next Update use the same random numbers, so that only their mixtures differ. ``unrolled``
    has no effect without shared weights; with shared weights it is refused, since only the inner oracle could take the
    virtual step.
    """

    supports: frozenset[QueryKind]

    def __init__(self, oracle: Oracle, seed: int, *, samples: int = 10) -> None:
        if samples < MIN_SAMPLES:
            raise SettingError(f"setting 'samples' cannot be {samples!r}: it must be at least {MIN_SAMPLES}")
        self.oracle = oracle
        self.space, self.metric = oracle.space, oracle.metric
        self.supports = oracle.supports | {Gradient}
        features = OracleFeatures.of(oracle)
        self.independent, self.shares_weights, self.width = oracle.independent, features.shares_weights, features.width
        self.samples = samples
        self._seed = seed
        self._updates = 0

    @property
    def repeated(self) -> int:
        """The number of Scores of cells that were scored before, including the Scores of Gradients."""
        return repeated_queries(self.oracle)

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        """One answer a query, in order; the inner oracle receives all Scores in one batch.

        Raises IncompatibleError or SpaceError as the inner oracle does, and IncompatibleError for an unrolled Gradient
        of shared weights; then nothing is charged and no state changes.
        """
        require_answerable(self, queries)
        if self.shares_weights and any(isinstance(query, Gradient) and query.unrolled for query in queries):
            raise IncompatibleError(f"{NAME} cannot take a virtual step of shared weights; use first-order gradients")
        updates, samples, asked = self._updates, list[Choices](), list[Query]()
        for query in queries:
            if isinstance(query, Gradient):
                rows = sample_from_mixture(self.space, query.mixture, self._stream(updates), self.samples)
                samples.append(rows)
                asked += [Score(Architecture(tuple(row))) for row in rows.tolist()]
            else:
                updates += isinstance(query, Update)
                asked.append(query)
        answers = iter(self.oracle.answer(asked))
        self._updates = updates
        return list(self._combine_answers(queries, iter(samples), answers))

    def _stream(self, updates: int) -> np.random.Generator:
        return stream(self._seed, "oracle", NAME, updates)

    def _combine_answers(
        self, queries: Sequence[Query], samples: Iterator[Choices], answers: Iterator[Answer]
    ) -> Iterator[Answer]:
        """The answers to ``queries``; a Gradient's answer is estimated from the answers to its samples."""
        for query in queries:
            if isinstance(query, Gradient):
                rows = next(samples)
                yield estimate_slope(query.mixture, rows, [next(answers) for _ in rows], self.metric.high)
            else:
                yield next(answers)

    def state_dict(self) -> State:
        """The number of Updates so far, and the state of the inner oracle."""
        return {"updates": self._updates, "oracle": self.oracle.state_dict()}

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        self._updates = int(state["updates"])
        self.oracle.load_state_dict(state["oracle"])


def choice_probabilities(mixture: Mixture) -> list[Floats]:
    """The probabilities of each decision's choices: rows clipped at 0 and scaled to sum to 1; uniform if all are 0."""
    rows = [np.maximum(np.asarray(row, dtype=np.float64), 0) for row in mixture]
    return [row / row.sum() if row.sum() > 0 else np.full(len(row), 1 / len(row)) for row in rows]


def sample_from_mixture(space: SearchSpace, mixture: Mixture, rng: np.random.Generator, count: int) -> Choices:
    """Draw ``count`` architectures of the space, shape (count, decisions), with the probabilities of the mixture."""
    bounds = [np.cumsum(row)[:-1] for row in choice_probabilities(mixture)]
    found = np.empty((0, len(bounds)), np.int64)
    for _ in range(MAX_BATCHES):
        if len(found) >= count:
            break
        uniform = rng.random((max(MIN_BATCH, 2 * count), len(bounds)))
        columns = [np.searchsorted(bound, uniform[:, i], side="right") for i, bound in enumerate(bounds)]
        drawn = np.stack(columns, axis=1).astype(np.int64)
        found = np.concatenate([found, drawn[space.keys(drawn) >= 0]])
    found = found[:count]
    return np.concatenate([found, space.sample_many(rng, count - len(found))])


def estimate_slope(mixture: Mixture, rows: Choices, answers: Sequence[Answer], high: float) -> Slope | Failed:
    """The mean loss and the estimated slope from the Scores of sampled ``rows``, shape (samples, decisions)."""
    cost = sum((answer.cost for answer in answers), Cost())
    valid = np.array([isinstance(answer, Scored) for answer in answers], dtype=bool)
    losses = np.array([high - answer.value for answer in answers if isinstance(answer, Scored)])
    if len(losses) < MIN_SAMPLES:
        return Failed(f"{len(losses)} of {len(answers)} sampled architectures have a value; a slope needs 2", cost)
    # L - b with b the mean of the other losses
    advantages = (losses - losses.mean()) * len(losses) / (len(losses) - 1)
    gradient = []
    for row, column in zip(mixture, rows[valid].T, strict=True):
        weights = np.asarray(row, dtype=np.float64)
        sums = np.bincount(column, advantages, minlength=len(weights)) / len(losses)
        gradient.append(np.divide(sums, weights, out=np.zeros_like(sums), where=weights > 0))
    return Slope(float(losses.mean()), tuple(tuple(part.tolist()) for part in gradient), cost)


OWN_SETTINGS = [p for p in inspect.signature(ScoreGradient).parameters.values() if p.kind is p.KEYWORD_ONLY]


@functools.cache
def score_gradient(inner: Any) -> Any:
    """The decorated class of an oracle class; its constructor takes the settings of both.

    Raises IncompatibleError for an oracle that answers Gradients itself, answers no Scores, or has a setting that
    ScoreGradient has too.
    """
    if Gradient in inner.supports or Score not in inner.supports:
        does = "answers Gradient queries itself" if Gradient in inner.supports else "answers no Score queries"
        raise IncompatibleError(f"oracle class {inner.__name__} {does}; leave '+{NAME}' out")
    parameters = [p for p in inspect.signature(inner).parameters.values() if p.kind is p.KEYWORD_ONLY]
    own = {p.name for p in OWN_SETTINGS}
    if taken := own & {p.name for p in parameters}:
        raise IncompatibleError(
            f"oracle class {inner.__name__} and '+{NAME}' both have a setting {min(taken)!r}; "
            f"rename the oracle's to use them together"
        )

    def __init__(self: ScoreGradient, space: SearchSpace, seed: int, **settings: Any) -> None:  # noqa: N807
        own_settings = {name: settings.pop(name) for name in own & settings.keys()}
        ScoreGradient.__init__(self, inner(space, seed, **settings), seed, **own_settings)

    first = list(inspect.signature(__init__).parameters.values())[:-1]
    constructor: Any = __init__  # its signature and annotations define the names and types of the settings
    constructor.__signature__ = inspect.Signature([*first, *parameters, *OWN_SETTINGS])
    constructor.__annotations__ = typing.get_type_hints(inner.__init__) | typing.get_type_hints(ScoreGradient.__init__)
    members = {"supports": inner.supports | {Gradient}, "__init__": __init__, "__doc__": inner.__doc__}
    return type(f"{inner.__name__}ScoreGradient", (ScoreGradient,), {**members, **_passed_on(inner)})


def _passed_on(inner: Any) -> dict[str, Any]:
    """The optional members of a decorated class, taken from the inner class."""
    features = OracleFeatures.of(inner)
    members = {
        "shares_weights": features.shares_weights,
        "width": features.width,
        "protocol": staticmethod(features.protocol),
        "space_of": staticmethod(features.space_of),
    }
    return {**members, "truth": lambda self: self.oracle.truth()} if features.truth else members
