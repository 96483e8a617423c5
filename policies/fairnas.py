"""FairNAS: every operation trained equally often (Chu et al., "FairNAS: Rethinking Evaluation Fairness of Weight
Sharing Neural Architecture Search", ICCV 2021: "strict fairness").

One step draws an architecture by the space's sampler and, for each of its decisions that choose an operation, a
permutation of the m operations. The j-th of m networks takes the j-th operation of every permutation; the gradients of
all m are summed into one step of the shared weights (``Update`` with m points). So one step trains every operation of
every vertex exactly once. The numbers are those of Yu et al. 2020 (eval-nas, scripts/nasbench-oneshot-search.sh and
search_policies/cnn/procedures/fairnas_procedure.py).

The points are mixtures, not architectures: an oracle brings an Architecture into canonical form, which may move an
operation to another vertex, where it would be trained a second time.

Departures from the released code of eval-nas: in eval-nas the permuted operations overwrite the sampled cell in the
search space's table, so that later scores are those of other cells; here sampled cells stay unchanged. The search after
training is that of SPOS, either evolution or the pool of eval-nas: the original search, NSGA-II on accuracy and size,
was never released with its settings (fairnas/FairNAS only evaluates models that were found).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from harness.core.errors import IncompatibleError
from harness.core.oracle import Query, State, Update
from harness.core.space import Architecture, Choices, SearchSpace
from policies.parts.step import SearchStep
from policies.spos import SPOS

ROUNDS = 100
"""After this many batches of draws, a space counts as one without fair steps."""


class FairNAS(SPOS):
    """SPOS with strictly fair steps; all operation decisions must have the same number of options."""

    recipe: ClassVar[str] = "fairnas"

    def _training(self) -> SearchStep:
        return FairStep(Update, fair_rows(self.space, self.rng, self.updates), space=self.space)

    def load_state_dict(self, state: State) -> None:
        """Restore the state that ``state_dict`` returned."""
        super().load_state_dict(state)
        if self._step.kind is Update:
            self._step = FairStep(Update, self._step.rows, self._step.values, space=self.space)


@dataclass(slots=True, eq=False)
class FairStep(SearchStep):
    """A step of Updates, each with one one-hot mixture for each of its m rows; ``rows`` is (updates, m, decisions)."""

    space: SearchSpace = field(kw_only=True)

    def take(self, limit: int) -> list[Query]:
        """The next Updates without an answer, at most ``limit``."""
        groups = self.rows[len(self.values) :][:limit].tolist()
        return [Update(tuple(self.space.one_hot(Architecture(tuple(row))) for row in rows)) for rows in groups]


def width(space: SearchSpace) -> int:
    """The number m of operations of every operation decision; raises IncompatibleError if the decisions differ."""
    widths = sorted({space.options[i] for i in space.operations})
    if len(widths) != 1:
        found = f"they have {' and '.join(map(str, widths))}" if widths else "it has no such decisions"
        raise IncompatibleError(
            f"policy 'fairnas' needs a space whose operation decisions all have the same number of options, but in "
            f"space {space.name!r} {found}; take policy 'spos', or another space"
        )
    return widths[0]


def fair_rows(space: SearchSpace, rng: np.random.Generator, count: int) -> Choices:
    """Groups of m rows that differ in the permuted operations alone, shape (count, m, decisions).

    A group with a row outside the space is drawn again; raises IncompatibleError if too few groups are found.
    """
    groups = np.empty((0, width(space), len(space.options)), np.int64)
    for _ in range(ROUNDS):
        if len(groups) >= count:
            break
        drawn = _permuted(space, rng, space.sample_many(rng, max(32, count - len(groups))))
        inside = (space.keys(drawn.reshape(-1, len(space.options))) >= 0).reshape(drawn.shape[:2])
        groups = np.concatenate([groups, drawn[inside.all(axis=1)]])
    if len(groups) < count:
        raise IncompatibleError(
            f"policy 'fairnas' found no fair step in space {space.name!r}: with their operations permuted, its "
            f"architectures leave the space; take policy 'spos', or another space"
        )
    return groups[:count]


def _permuted(space: SearchSpace, rng: np.random.Generator, rows: Choices) -> Choices:
    """Each of ``rows`` m times, shape (rows, m, decisions), with the operations of each decision in a random order."""
    m, operations = width(space), list(space.operations)
    groups = np.repeat(rows[:, None, :], m, axis=1)
    orders = np.tile(np.arange(m)[:, None], (len(rows), 1, len(operations)))
    groups[:, :, operations] = rng.permuted(orders, axis=1)
    return groups
