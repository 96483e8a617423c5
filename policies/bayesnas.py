"""BayesNAS: switches under a sparse Bayesian prior, weak choices pruned (Zhou et al., ICML 2019), on any space.

Every choice has a switch s >= 0, and the rows of a query are the switches of each decision over their sum. They follow
the slope of the loss plus ``penalty`` * omega * |s|, the shared weights follow in turn, and at the end of an epoch each
choice has its prior variance gamma and the weight omega of its penalty estimated anew from the curvature h of the loss:
C = 1/(1/gamma + h/penalty), omega = sqrt(1/gamma - C/gamma^2), gamma = s/omega (Zhou et al. 2019, Sec. 4; the formulas
are those of BayesNAS/BayesNAS, search/Algorithm.py). The choice of the largest gamma survives in every decision, or the
cell of the space that is most probable by gamma.

The released code leaves most of a search open: it trains the weights for one epoch on 10 % of the data and weights and
switches for one on 90 %, estimates once, and writes the gammas to a file, which its authors read by hand; there is no
threshold, no default penalty, no script. It also fits one wiring of one cell that it fixes by hand. Chosen here:

* Switches learn from the validation loss, whose slope is the only one that an oracle gives; in the released code from
  the training loss. Their optimiser is the released one.
* Only the ratios of a decision's switches reach a mixture. Their mean is set back to 1 after each step, so that the
  penalty tells choices apart and does not wear all of them down.
* h is the second derivative of the loss along the line from the mixture to the choice, over the square of the sum of
  switches, from differences of slopes: a ``Gradient`` at the mixture and one a choice at ``probe`` of the way, all on
  one batch. This is exact for a quadratic loss. The released code propagates an approximation through the layers.
* h/penalty is at least ``least_curvature``: a choice towards which the loss is flat or bends down would else have an
  infinite gamma, whatever its switch. Small probes drown in the rounding of float32 slopes, hence a tenth of the way.
* gamma and omega start at 1; ``start='random'`` draws them from (0, 1), as released, which with a single estimate lets
  chance rank choices of equal switches.
* The released code joins the gamma of an operation with that of its edge, 1/(1/gamma + 1/gamma_edge). A space does not
  say which decision is whose parent, and each decision stands alone here.
"""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
import torch

from harness.core.oracle import State
from harness.core.space import SearchSpace
from policies.parts.alternation import AlternatingPolicy, QueryGroup
from policies.parts.ranges import require_at_least, require_within
from policies.parts.relaxed import RelaxedSpace, centred
from policies.parts.step import Floats


class BayesNAS(AlternatingPolicy):
    """``warmup`` epochs of the weights, then ``epochs`` with switches, each ended by an estimate; ``updates`` steps.

    The published search has one of each. ``lr`` and ``momentum`` are those of the switches.
    """

    recipe: ClassVar[str] = "bayesnas"

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        epochs: int = 10,
        updates: int = 2500,  # 45,000 training images in batches of 18
        warmup: int = 1,
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
        super().__init__(space, rng, inside.astype(np.float64), sgd, epochs=epochs, updates=updates, warmup=warmup)
        self.penalty, self.probe, self.least_curvature = penalty, probe, least_curvature
        self._probed = np.argwhere(
            inside & (inside.sum(axis=1) > 1)[:, None]
        )  # (decision, choice) of every real choice
        shape = inside.shape
        self.gamma, self.omega = rng.random((2, *shape)) if start == "random" else np.ones((2, *shape))
        self._estimated = 0

    def _relax(self, epoch: int) -> Floats:
        rows: Floats = self.parameters / self.parameters.sum(axis=1, keepdims=True)
        return rows

    def _slope(self, rows: Floats, slope: Floats) -> Floats:
        switches = self.parameters
        loss = centred(rows, slope) / switches.sum(axis=1, keepdims=True)
        total: Floats = np.where(self.relaxation.inside, loss + self.penalty * self.omega * np.sign(switches), 0.0)
        return total

    def _move(self, slope: Floats) -> None:
        """One step of the optimiser, then back to switches of no less than 0 and a mean of 1."""
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
        slopes = np.array(group.slopes)
        bends = curvatures(group.rows[group.updates], slopes, self._probed, self.probe)
        self._estimate(bends)

    def _estimate(self, bends: Floats) -> None:
        """New gammas and omegas from second derivatives towards the probed choices, NaN where there is none."""
        known = self._probed[~np.isnan(bends)]
        at = tuple(known.T)
        sums = self.parameters.sum(axis=1)[at[0]]
        h = np.maximum(bends[~np.isnan(bends)] / sums**2, self.least_curvature * self.penalty)
        self.omega[at] = omegas(self.gamma[at], h, self.penalty)
        self.gamma[at] = self.parameters[at] / self.omega[at]

    def _preferences(self) -> Floats:
        """The gammas that the present switches would have, which are ``gamma`` itself right after an estimate."""
        preferences: Floats = self.parameters / self.omega
        return preferences

    def state_dict(self) -> dict[str, Any]:
        """Also the gammas, the omegas, and how often they were estimated."""
        bayes = {"gamma": self.gamma.copy(), "omega": self.omega.copy(), "estimated": self._estimated}
        return super().state_dict() | bayes

    def load_state_dict(self, state: State) -> None:
        """Go back to where ``state_dict`` was taken."""
        super().load_state_dict(state)
        self.gamma, self.omega = (np.array(state[name], np.float64) for name in ("gamma", "omega"))
        self._estimated = state["estimated"]


def omegas(gamma: Floats, h: Floats, penalty: float) -> Floats:
    """sqrt(1/gamma - C/gamma^2) with C = 1/(1/gamma + h/penalty), free of its cancellation at small gammas."""
    return np.sqrt(h / (penalty + gamma * h))


def rescaled(switches: Floats, inside: npt.NDArray[np.bool_]) -> Floats:
    """The positive parts of switches, each decision's scaled to a mean of 1; the largest alone if none is positive."""
    largest = np.where(inside, switches, -np.inf).argmax(axis=1)
    positive = np.maximum(switches, 0.0)
    lost = positive.sum(axis=1) == 0
    positive[lost, largest[lost]] = 1.0
    scaled: Floats = positive * (inside.sum(axis=1) / positive.sum(axis=1))[:, None]
    return scaled


def probes(rows: Floats, choices: npt.NDArray[np.int64], share: float) -> list[Floats]:
    """``rows`` moved by ``share`` of the way to each of ``choices``, shape (probes, 2) of decision and choice."""
    moved = []
    for decision, choice in choices.tolist():
        near = rows.copy()
        near[decision] *= 1 - share
        near[decision, choice] += share
        moved.append(near)
    return moved


def curvatures(rows: Floats, slopes: Floats, choices: npt.NDArray[np.int64], share: float) -> Floats:
    """Second derivatives of the loss along the lines from ``rows`` to each of ``choices``, shape (probes,).

    ``slopes``, shape (1 + probes, decisions, options), were taken at ``rows`` and at their ``probes``; a derivative is
    NaN where a slope is.
    """
    decisions, options = choices.T
    lines = -rows[decisions]
    lines[np.arange(len(choices)), options] += 1
    changes = slopes[1:, :][np.arange(len(choices)), decisions] - slopes[0, decisions]
    bends: Floats = (changes * lines).sum(axis=1) / share
    return bends
