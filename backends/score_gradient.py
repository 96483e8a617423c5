"""Any oracle NAME, with every ``Gradient`` estimated from Scores of sampled architectures.

So policies that follow slopes of a mixture run where nothing can be differentiated, such as a table. The rows of a
mixture are read as odds: clipped at 0 and scaled to sum to 1, they are the law of an architecture whose decisions are
independent; what lies outside the space is drawn again. The loss of a mixture is the mean over this law of
``metric.high - value``. With samples ``a`` of losses ``L``, each compared with the mean ``b`` of the others, the slope

    mean over the samples of (L - b) [a_i = j] / m_ij

is the score-function estimator (Williams, "Simple statistical gradient-following algorithms for connectionist
reinforcement learning", 1992, with the leave-one-out baseline of Kool, van Hoof and Welling, "Buy 4 REINFORCE samples,
get a baseline for free!", 2019). It is an unbiased estimate of the slope of that loss, the rejection included: by
scaling or rejecting, ``log p(a)`` changes by a term that is the same for all ``a``, and ``L - b`` has mean 0. It says
nothing about a choice of weight 0, which is never drawn, and its slope is given as 0.
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
"""After so many rejected batches the space's own sampler fills in, so that no mixture can hang a search."""

MIN_BATCH = 32
"""The fewest rows drawn at once."""

MIN_SAMPLES = 2
"""A loss is compared with the others, so a single one says nothing."""

Floats = npt.NDArray[np.float64]


class ScoreGradient:
    """Answers Gradients by ``samples`` Scores of the oracle inside, which answers all else.

    A Gradient costs what its Scores cost. Samples that failed are left out; with fewer than two values it has Failed.
    Until the next Update all Gradients share the same random numbers, so that their differences are differences of
    mixtures. ``unrolled`` changes nothing where no weights are shared; where they are, it is refused, since the virtual
    step cannot be taken from outside.
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
        """How many Scores asked for a cell again, those behind Gradients included."""
        return repeated_queries(self.oracle)

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        """One answer a query, in order; all Scores behind them are asked of the oracle inside at once.

        Raises IncompatibleError or SpaceError as that oracle does, and IncompatibleError for an unrolled Gradient of
        shared weights; then nothing is charged and nothing has changed.
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
        """The answers to ``queries``, each Gradient's from those to its samples."""
        for query in queries:
            if isinstance(query, Gradient):
                rows = next(samples)
                yield estimate_slope(query.mixture, rows, [next(answers) for _ in rows], self.metric.high)
            else:
                yield next(answers)

    def state_dict(self) -> State:
        """The number of Updates so far, and the state of the oracle inside."""
        return {"updates": self._updates, "oracle": self.oracle.state_dict()}

    def load_state_dict(self, state: State) -> None:
        """Go back to where ``state_dict`` was taken."""
        self._updates = int(state["updates"])
        self.oracle.load_state_dict(state["oracle"])


def choice_probabilities(mixture: Mixture) -> list[Floats]:
    """The probabilities of each decision's choices: the rows clipped at 0, scaled to sum to 1, uniform where all 0."""
    rows = [np.maximum(np.asarray(row, dtype=np.float64), 0) for row in mixture]
    return [row / row.sum() if row.sum() > 0 else np.full(len(row), 1 / len(row)) for row in rows]


def sample_from_mixture(space: SearchSpace, mixture: Mixture, rng: np.random.Generator, count: int) -> Choices:
    """``count`` architectures, shape (count, decisions), by the law of the mixture among those of the space."""
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
    """The class of a decorated oracle class: its constructor takes the settings of both.

    Raises IncompatibleError for an oracle that answers Gradients itself, or no Scores, or has a setting of a name that
    is taken here.
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
        mine = {name: settings.pop(name) for name in own & settings.keys()}
        ScoreGradient.__init__(self, inner(space, seed, **settings), seed, **mine)

    first = list(inspect.signature(__init__).parameters.values())[:-1]
    written: Any = __init__  # what the names and types of the settings are read from
    written.__signature__ = inspect.Signature([*first, *parameters, *OWN_SETTINGS])
    written.__annotations__ = typing.get_type_hints(inner.__init__) | typing.get_type_hints(ScoreGradient.__init__)
    members = {"supports": inner.supports | {Gradient}, "__init__": __init__, "__doc__": inner.__doc__}
    return type(f"{inner.__name__}ScoreGradient", (ScoreGradient,), {**members, **_passed_on(inner)})


def _passed_on(inner: Any) -> dict[str, Any]:
    """The optional members of a decorated class: those of the class inside."""
    features = OracleFeatures.of(inner)
    members = {
        "shares_weights": features.shares_weights,
        "width": features.width,
        "protocol": staticmethod(features.protocol),
        "space_of": staticmethod(features.space_of),
    }
    return {**members, "truth": lambda self: self.oracle.truth()} if features.truth else members
