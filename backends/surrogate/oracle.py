"""The surrogate oracle: predicts the scores of trainings, for spaces that are not fully covered by a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from backends.surrogate.files import Surrogate
from backends.surrogate.model import Prediction
from backends.surrogate.trees import Keys
from harness.core.budget import Cost
from harness.core.errors import IncompatibleError, SettingError
from harness.core.oracle import Answer, Query, QueryKind, Score, Scored, State, Update, Updated
from harness.core.random import stream
from harness.core.space import SearchSpace

FREE = Cost()

REPEATS = ("mean", "sample", "retrain")


class SurrogateOracle:
    """Answers ``Score`` with a fitted surrogate's prediction, and ``Update`` at once, free and without effect.

    A Score is the predicted search metric: an accuracy, or the negated natural logarithm of a perplexity. It costs one
    query, its epochs, and the predicted seconds (0 if no times were learnt). ``repeat='mean'`` gives the expected
    value. ``'sample'`` adds draws of the surrogate's uncertainty about the cell and of the noise of a training. Both
    depend on the seed and the cell alone: a cell gives the same value again in the same run, as in a table.
    ``'retrain'`` draws the noise again for each Score, as another training would, so that the oracle is not
    ``independent``; the draw of the uncertainty stays the same.

    ``surrogate`` is a file of `harness surrogate fit`. ``digest``, ``tau`` and ``caution`` are filled in from it, so
    that the record of a run states the quality of its scores.
    """

    supports: frozenset[QueryKind] = frozenset({Score, Update})
    shares_weights = False

    def __init__(
        self,
        space: SearchSpace,
        seed: int,
        *,
        surrogate: str = "",
        search_metric: str = "validation",
        repeat: Literal["mean", "sample", "retrain"] = "mean",
        digest: str = "",
        tau: float | None = None,
        caution: str = "",
    ) -> None:
        if repeat not in REPEATS:
            raise SettingError(f"repeat must be one of {', '.join(map(repr, REPEATS))}, not {repeat!r}")
        self.surrogate = _opened(surrogate)
        self.surrogate.require(space)
        _require_same(self.surrogate, digest)
        _require_split(self.surrogate, search_metric)
        self.space, self.seed, self.repeat = space, seed, repeat
        self.metric = self.surrogate.facts.measure.metric(search_metric)
        self.independent = repeat != "retrain"
        self._asked = Counter[int]()

    @staticmethod
    def protocol(
        settings: Mapping[str, Any], recipe: str, space: SearchSpace
    ) -> tuple[Mapping[str, Any], dict[str, Any]]:
        """The settings with the file's digest, tau and caution, and its epochs as the ``budgets`` of a policy."""
        surrogate = _opened(settings["surrogate"])
        found = {"digest": surrogate.digest, "tau": surrogate.facts.held_out["tau"], "caution": caution_of(surrogate)}
        return {**settings, **found}, {"budgets": (surrogate.facts.epochs,)}

    @staticmethod
    def space_of(settings: Mapping[str, Any]) -> str:
        """The space that the file was fitted for, which is the default space of a search."""
        return _opened(settings["surrogate"]).facts.space

    @property
    def asked(self) -> int:
        """The number of Scores in this run."""
        return self._asked.total()

    @property
    def repeated(self) -> int:
        """The number of Scores of a cell that was scored before, in any labelling."""
        return self._asked.total() - len(self._asked)

    def answer(self, queries: Sequence[Query]) -> list[Answer]:
        """One answer for each query, in order.

        Raises IncompatibleError for another kind of query and for epochs other than the surrogate's, SpaceError for an
        architecture outside the space; then nothing is charged or counted.
        """
        scores = [query for query in queries if isinstance(query, Score)]
        for query in queries:
            if not isinstance(query, Score | Update):
                raise IncompatibleError(f"oracle 'surrogate' answers Score and Update, not {type(query).__name__}")
        scored = iter(self._answer_scores(scores) if scores else [])
        return [next(scored) if isinstance(query, Score) else Updated(None, FREE) for query in queries]

    def state_dict(self) -> State:
        """The keys of the scored cells, and the number of Scores of each."""
        cells = sorted(self._asked)
        return {
            "keys": np.array(cells, dtype=np.int64),
            "times": np.array([self._asked[cell] for cell in cells], dtype=np.int64),
        }

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        pairs = zip(np.asarray(state["keys"]).tolist(), np.asarray(state["times"]).tolist(), strict=True)
        self._asked = Counter(dict(pairs))

    def _answer_scores(self, queries: list[Score]) -> list[Answer]:
        keys = self.space.canonical_keys(self.space.require([query.architecture for query in queries]))
        for query in queries:
            self._require_epochs(query.epochs)
        unique, places = np.unique(keys, return_inverse=True)
        found = self.surrogate.predict(self.space, unique)
        values = self._values(keys, places, found).clip(self.metric.low, self.metric.high)
        epochs = self.surrogate.facts.epochs
        pairs = zip(values.tolist(), found.seconds[places].tolist(), strict=True)
        return [Scored(value, Cost(1, epochs, seconds)) for value, seconds in pairs]

    def _require_epochs(self, epochs: int | None) -> None:
        if epochs not in (None, self.surrogate.facts.epochs):
            raise IncompatibleError(
                f"surrogate {str(self.surrogate.path)!r} predicts trainings of {self.surrogate.facts.epochs} epochs "
                f"alone, not of {epochs!r}; fit another with --epochs {epochs}"
            )

    def _values(self, keys: Keys, places: Keys, found: Prediction) -> np.ndarray[Any, np.dtype[np.float64]]:
        """The score of each query, (queries,); draws depend on the cell and on the number of its earlier Scores."""
        values, cells = found.mean[places], list[tuple[int, int]]()
        for key in keys.tolist():
            cells.append((key, self._asked[key] if self.repeat == "retrain" else 0))
            self._asked[key] += 1
        if self.repeat == "mean":
            return values
        unknown = [self._draw("unknown", key) for key, _ in cells]
        noise = [self._draw("luck", key, time) for key, time in cells]
        return values + found.spread[places] * unknown + found.noise[places] * noise

    def _draw(self, *names: str | int) -> float:
        """A standard normal deviate that depends on the run's seed and these names alone."""
        return float(stream(self.seed, "oracle", "surrogate", *names).standard_normal())


def caution_of(surrogate: Surrogate) -> str:
    """The caution for readers of results that are based on a surrogate, in one line."""
    facts, held = surrogate.facts, surrogate.facts.held_out
    figures = ", ".join(
        f"{name} {held[key]:.2f}" if held[key] is not None else f"no {name}: {held['reasons'][key]}"
        for name, key in (("tau", "tau"), ("R2", "r2"))
    )
    metric = facts.metric.replace("_", " ")
    return (
        f"its scores are predictions of {metric} at {facts.epochs} epochs (held-out {figures}, on {held['cells']:,} "
        f"cells of {facts.source.name}), and its hours are predicted too"
    )


def _opened(path: str) -> Surrogate:
    if not path:
        raise SettingError(
            "oracle 'surrogate' needs a file: give --set oracle.surrogate=FILE, which `harness surrogate fit` makes"
        )
    return Surrogate.open(path)


def _require_same(surrogate: Surrogate, digest: str) -> None:
    if digest not in ("", surrogate.digest):
        raise IncompatibleError(
            f"surrogate {str(surrogate.path)!r} is another than the run began with: its digest is "
            f"{surrogate.digest[:12]}, not {digest[:12]}"
        )


def _require_split(surrogate: Surrogate, search_metric: str) -> None:
    split = surrogate.facts.split
    if search_metric != split:
        raise IncompatibleError(
            f"surrogate {str(surrogate.path)!r} predicts {surrogate.facts.metric}, but the search is to see the "
            f"{search_metric} data; give --search-metric {split}, or another surrogate"
        )
