"""BayesNAS: switches under a sparse Bayesian prior, weak choices pruned (Zhou et al., ICML 2019), on any space.

Every choice has a switch s >= 0. The rows of a query are each decision's switches divided by their sum. Steps of the
switches, which descend the loss plus ``penalty`` * omega * |s|, alternate with steps of the shared weights. At the end
of an epoch, each choice's prior variance gamma and penalty weight omega are estimated from the curvature h of the loss:
C = 1/(1/gamma + h/penalty), omega = sqrt(1/gamma - C/gamma^2), gamma = s/omega (Zhou et al. 2019, Sec. 4; the formulas
are those of BayesNAS/BayesNAS, search/Algorithm.py). Each decision takes the choice with the largest gamma; where these
choices do not form a cell of the space, the most probable cell by gamma is recommended.

The released code leaves most of a search open: it trains the weights for one epoch on 10 % of the data, then weights
and switches for one epoch on 90 %, estimates once, and writes the gammas to a file, which its authors read by hand;
there is no threshold, no default penalty, no script. It also fixes the edges of its one cell by hand. Chosen here:

* Switches learn from the validation loss, the only loss whose slope an oracle gives; in the released code they learn
  from the training loss. Their optimiser is the released one.
* A mixture depends on the ratios of a decision's switches alone. Their mean is set back to 1 after each step, so that
  the penalty separates the choices and does not shrink all of them.
* h is the second derivative of the loss along the line from the mixture to the choice, divided by the square of the sum
  of switches. It is computed from differences of slopes: one ``Gradient`` at the mixture, and one for each choice at
  the fraction ``probe`` of the line, all on one batch. This is exact for a quadratic loss. The released code propagates
  an approximation through the layers.
* h/penalty is at least ``least_curvature``: without this bound, a choice along whose line the loss has no positive
  curvature would get an infinite gamma. ``probe`` is a tenth because smaller probes are lost in the rounding of float32
  slopes.
* gamma and omega start at 1; ``start='random'`` draws them from (0, 1), as released. With a single estimate, chance
  then ranks choices of equal switches.
* The released code combines the gamma of an operation with that of its edge, 1/(1/gamma + 1/gamma_edge). A space does
  not say which edge an operation belongs to, so each decision has its own gamma here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import torch

from harness.core.space import SearchSpace
from policies.parts.alternation import AlternatingPolicy, QueryGroup
from policies.parts.ranges import require_at_least, require_within
from policies.parts.relaxed import RelaxedSpace, centred
from policies.parts.step import Floats


class BayesNAS(AlternatingPolicy):
    """Trains weights for ``warmup`` epochs, then weights and switches for ``epochs``; an epoch has ``updates`` steps.

    Each of the ``epochs`` ends with an estimate of gamma and omega. As published, there is one warm-up epoch and one
    epoch with switches. A warm-up epoch takes ``warmup_updates`` steps (``None``: ``updates``). ``lr`` and ``momentum``
    are those of the switches' optimiser.
    """

    recipe: ClassVar[str] = "bayesnas"
    implied: ClassVar[Mapping[str, Any]] = {"warmup_updates": None}
    kept: ClassVar[tuple[str, ...]] = ("gamma", "omega", "_estimated")

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        epochs: int = 1,
        updates: int = 2500,  # 45,000 training images in batches of 18
        warmup: int = 1,
        warmup_updates: int | None = 278,  # 5,000 images, a tenth of the data
        lr: float = 0.1,
        momentum: float = 0.9,
        penalty: float = 0.01,  # published results: 0.005, 0.007 and 0.01
        probe: float = 0.1,
        least_curvature: float = 1.0,
        start: Literal["ones", "random"] = "ones",
    ) -> None:
        require_at_least(0, lr=lr)
        require_at_least(1e-6, penalty=penalty, least_curvature=least_curvature)
        require_within(0, 0.999999, momentum=momentum)
        require_within(1e-6, 1, probe=probe)
        inside = RelaxedSpace(space.options).inside
        sgd = partial(torch.optim.SGD, lr=lr, momentum=momentum)
        super().__init__(
            space,
            rng,
            inside.astype(np.float64),
            sgd,
            epochs=epochs,
            updates=updates,
            warmup=warmup,
            warmup_updates=warmup_updates,
        )
        self.penalty, self.probe, self.least_curvature = penalty, probe, least_curvature
        # (decision, choice) of every choice of a decision that has several
        self._probed = np.argwhere(inside & (inside.sum(axis=1) > 1)[:, None])
        shape = inside.shape
        self.gamma, self.omega = rng.random((2, *shape)) if start == "random" else np.ones((2, *shape))
        self._estimated = 0

    def _relax(self, epoch: int) -> Floats:
        rows: Floats = self.parameters / self.parameters.sum(axis=1, keepdims=True)
        return rows

    def _slope(self, rows: Floats, slope: Floats) -> Floats:
        switches = self.parameters
        loss = centred(rows, slope) / switches.sum(axis=1, keepdims=True)
        return np.where(self.relaxation.inside, loss + self.penalty * self.omega * np.sign(switches), 0.0)

    def _move(self, slope: Floats) -> None:
        """One step of the optimiser; then the switches are clipped at 0 and scaled to a mean of 1."""
        super()._move(slope)
        self.parameters[:] = rescaled(self.parameters, self.relaxation.inside)

    def _begin(self) -> QueryGroup:
        if self._estimated == self.epoch:
            return super()._begin()
        trained, rows = self._pending_updates(), self._relax(self.epoch)
        return QueryGroup([*trained, rows, *probes(rows, self._probed, self.probe)], len(trained))

    def _finish(self, group: QueryGroup) -> None:
        if self._estimated == self.epoch:
            super()._finish(group)
            return
        self._estimated += 1
        second = curvatures(group.rows[group.updates], np.array(group.slopes), self._probed, self.probe)
        known = self._probed[~np.isnan(second)]  # a NaN changes nothing
        at = tuple(known.T)
        sums = self.parameters.sum(axis=1)[at[0]]
        h = np.maximum(second[~np.isnan(second)] / sums**2, self.least_curvature * self.penalty)
        self.omega[at] = omegas(self.gamma[at], h, self.penalty)
        self.gamma[at] = self.parameters[at] / self.omega[at]

    def _preferences(self) -> Floats:
        """The gammas of the current switches; right after an estimate they equal ``gamma``."""
        preferences: Floats = self.parameters / self.omega
        return preferences


def omegas(gamma: Floats, h: Floats, penalty: float) -> Floats:
    """sqrt(1/gamma - C/gamma^2) with C = 1/(1/gamma + h/penalty), in a form without cancellation at small gammas."""
    return np.sqrt(h / (penalty + gamma * h))


def rescaled(switches: Floats, inside: npt.NDArray[np.bool_]) -> Floats:
    """Switches clipped at 0 and scaled to a mean of 1 for each decision; if none is positive, the largest is kept."""
    largest = np.where(inside, switches, -np.inf).argmax(axis=1)
    positive = np.maximum(switches, 0.0)
    empty = positive.sum(axis=1) == 0
    positive[empty, largest[empty]] = 1.0
    scaled: Floats = positive * (inside.sum(axis=1) / positive.sum(axis=1))[:, None]
    return scaled


def probes(rows: Floats, choices: npt.NDArray[np.int64], share: float) -> list[Floats]:
    """Copies of ``rows``, each moved by the fraction ``share`` towards one of ``choices``, (decision, choice) pairs."""
    moved = []
    for decision, choice in choices.tolist():
        near = rows.copy()
        near[decision] *= 1 - share
        near[decision, choice] += share
        moved.append(near)
    return moved


def curvatures(rows: Floats, slopes: Floats, choices: npt.NDArray[np.int64], share: float) -> Floats:
    """Second derivatives of the loss along the lines from ``rows`` to each of ``choices``, shape (probes,).

    ``slopes``, shape (1 + probes, decisions, options), were taken at ``rows`` and at their ``probes``; a NaN slope
    gives a NaN derivative.
    """
    decisions, options = choices.T
    lines = -rows[decisions]
    lines[np.arange(len(choices)), options] += 1
    changes = slopes[1:, :][np.arange(len(choices)), decisions] - slopes[0, decisions]
    second: Floats = (changes * lines).sum(axis=1) / share
    return second
