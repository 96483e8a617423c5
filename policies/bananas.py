"""BANANAS: an ensemble of predictors chooses among mutations of the best cells (White, Neiswanger, Savani, "BANANAS:
Bayesian Optimization with Neural Architectures for Neural Architecture Search", AAAI 2021).

Numbers and loop are those of the released code (naszilla/naszilla, naszilla/nas_algorithms.py and params.py). After
random cells, each step fits five networks to all values so far, on the space's path features, proposes one-decision
mutations of the best cell (``num_arches_to_mutate=1``), and scores those with the best draws from the normal
distribution that the five predictions define (independent Thompson sampling). If the best cell has too few new
mutations, the next best ones up to the fifth are mutated (``patience_factor``). Departures: values are standardised
before the networks are fitted, to suit any metric; the features are all paths, not the most frequent ones alone; two
candidates that describe the same cell count as one; a batch that mutations do not fill is filled with random cells.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from harness.core.oracle import Score
from harness.core.space import Choices, SearchSpace
from policies.evolution import mutate
from policies.networks.ensemble import Ensemble
from policies.parts.cells import canonical, draw_unseen, unseen
from policies.parts.ranges import require_at_least
from policies.parts.step import Floats, SearchStep, SteppedPolicy


class BANANAS(SteppedPolicy):
    """Scores ``initial`` random cells, and then ``batch`` at a time, ``samples`` in all.

    Each batch is chosen from about ``candidates`` mutations: of the best ``parents * patience`` cells, best first, each
    is mutated ``candidates / parents`` times until there are enough. ``parents=10`` with ``patience=0`` is the rule of
    earlier versions: ten parents share the mutations equally, and random cells make up for those that are not new.
    Networks have ``layers`` layers of ``width`` units.
    """

    kept: ClassVar[tuple[str, ...]] = ("_rows", "_values")
    implied: ClassVar[Mapping[str, Any]] = {"patience": 0}

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        samples: int = 150,
        initial: int = 10,
        batch: int = 10,
        candidates: int = 100,
        parents: int = 1,
        patience: int = 5,
        networks: int = 5,
        layers: int = 10,
        width: int = 20,
        epochs: int = 150,
        lr: float = 0.01,
    ) -> None:
        require_at_least(1, samples=samples, initial=initial, batch=batch, candidates=candidates, parents=parents)
        require_at_least(1, networks=networks, layers=layers, width=width, epochs=epochs)
        require_at_least(0, lr=lr, patience=patience)
        rows = draw_unseen(space, rng, min(initial, samples), np.empty(0, np.int64))
        super().__init__(space, rng, rows[0])
        self.samples, self.batch, self.candidates = samples, batch, candidates
        self.parents, self.patience = parents, patience
        self.networks, self.epochs, self.lr = networks, epochs, lr
        self.hidden = [width] * layers
        self._rows, self._values = self._nothing().rows, np.empty(0)
        self._step = SearchStep(Score, rows)

    def _begin(self) -> SearchStep:
        wanted = min(self.batch, self.samples - len(self._rows))
        if wanted <= 0:
            return self._nothing()
        candidates = self._candidates()
        return SearchStep(Score, candidates[self._order(candidates)][:wanted])

    def _candidates(self) -> Choices:
        """Distinct new cells, shape (candidates, decisions): mutations of the best cells first, then random cells."""
        known = canonical(self.space, self._rows)
        ranked = self._rows[np.argsort(-np.nan_to_num(self._values, nan=-np.inf), kind="stable")]
        mutants = self._mutants(ranked, known) if self.patience else self._mutants_in_turn(ranked, known)
        wanted = self.batch if self.patience else self.candidates
        known = np.concatenate([known, canonical(self.space, mutants)])
        return np.concatenate([mutants, draw_unseen(self.space, self.rng, wanted - len(mutants), known)])

    def _mutants(self, ranked: Choices, known: Choices) -> Choices:
        """Mutations of one parent after the other, until there are ``candidates`` (naszilla, get_candidates)."""
        mutants = ranked[:0]
        for parent in ranked[: self.parents * self.patience]:
            if len(mutants) >= self.candidates:
                break
            count = max(1, self.candidates // self.parents)
            mutants = np.stack([*mutants, *(mutate(self.space, self.rng, parent) for _ in range(count))])
            mutants = mutants[unseen(self.space, mutants, known)]
        return mutants

    def _mutants_in_turn(self, ranked: Choices, known: Choices) -> Choices:
        """The new ones among ``candidates`` mutations that the best cells share equally."""
        best = ranked[: self.parents]
        mutants = np.stack([mutate(self.space, self.rng, best[i % len(best)]) for i in range(self.candidates)])
        return mutants[unseen(self.space, mutants, known)]

    def _order(self, candidates: Choices) -> Choices:
        """The indices of the candidates, the most promising first."""
        valid = ~np.isnan(self._values)
        values = self._values[valid]
        if len(candidates) == 0 or len(values) == 0 or np.ptp(values) == 0:
            return self.rng.permutation(len(candidates))
        features = self._features(self._rows[valid])
        ensemble = Ensemble(self.networks, [features.shape[1], *self.hidden, 1], self.rng)
        ensemble.fit(features, (values - values.mean()) / values.std(), epochs=self.epochs, batch=32, lr=self.lr)
        predicted = ensemble.predict(self._features(candidates))
        drawn = self.rng.normal(predicted.mean(axis=0), predicted.std(axis=0))
        return np.argsort(-drawn, kind="stable")

    def _features(self, rows: Choices) -> Any:
        return self.space.path_features(self.space.keys(rows))

    def _finish(self, step: SearchStep) -> None:
        values: Floats = np.asarray(step.values)
        self._rows, self._values = np.concatenate([self._rows, step.rows]), np.concatenate([self._values, values])
