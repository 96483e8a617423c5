"""GDAS: DARTS with one sampled choice a decision, and slopes as if it were soft (Dong, Yang, "Searching for a Robust
Neural Architecture in Four GPU Hours", CVPR 2019, Sec. 3.2), on any space.

A query is a one-hot mixture: each decision takes the choice with the largest sum of logit and fresh Gumbel noise. The
slope in the logits is that of softmax((logits + noise) / T), as if the cell were mixed by it. T falls linearly from 10
to 0.1. Numbers and loop are those of the NAS-Bench-201 search (D-X-Y/AutoDL-Projects,
exps/NAS-Bench-201-algos/GDAS.py), except that here the logits take their step before the shared weights, as in all
differentiable policies here.

What slope the choices get that were not drawn is a setting. ``slopes='all'`` gives each its own, of the operation that
was not drawn. The released code saves the time for that: it adds their weights, which are 0, to the edge's output, so
that they get the slope of an operation whose output is 1 everywhere (models/cell_searchs/search_cells.py,
forward_gdas). An oracle answers with slopes of operations, so this cannot be asked for. ``slopes='chosen'`` gives them
none, as the paper says of its backward pass (Sec. 3.2), and as earlier versions did.

An oracle must answer ``Gradient`` itself: slopes estimated from scores of sampled architectures (``+score-gradient``)
are zero at a one-hot mixture, whose samples are all the same cell. Where edges can be left out, as in NAS-Bench-101,
GDAS may leave out all of them: on shared weights of the digits each of ten seeds ended at the cell without operations.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar, Literal

import numpy as np
import torch

from harness.core.space import SearchSpace
from policies.parts.alternation import AlternatingPolicy
from policies.parts.ranges import require_at_least
from policies.parts.relaxed import softmax_slope
from policies.parts.step import Floats


class GDAS(AlternatingPolicy):
    """Takes ``epochs`` of ``updates`` alternating steps; Adam moves the logits (``lr``, betas 0.5 and 0.999, decay).

    ``slopes`` are those of ``all`` choices, or of the ``chosen`` ones alone. The temperature falls from ``temperature``
    to ``least_temperature``.
    """

    recipe: ClassVar[str] = "gdas"
    implied: ClassVar[Mapping[str, Any]] = {"slopes": "chosen"}
    kept: ClassVar[tuple[str, ...]] = ("_soft",)

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        epochs: int = 250,
        updates: int = 391,  # 25,000 training images in batches of 64
        temperature: float = 10.0,
        least_temperature: float = 0.1,
        slopes: Literal["all", "chosen"] = "all",
        lr: float = 3e-4,
        weight_decay: float = 1e-3,
        init_scale: float = 1e-3,
    ) -> None:
        require_at_least(0, lr=lr, weight_decay=weight_decay, init_scale=init_scale)
        require_at_least(1e-6, temperature=temperature, least_temperature=least_temperature)
        start = init_scale * rng.standard_normal((len(space.options), max(space.options)))
        adam = partial(torch.optim.Adam, lr=lr, betas=(0.5, 0.999), weight_decay=weight_decay, fused=True)
        super().__init__(space, rng, start, adam, epochs=epochs, updates=updates)
        self._hottest, self._coldest, self._of_chosen = temperature, least_temperature, slopes == "chosen"
        self._soft: Floats = np.zeros(self.relaxation.inside.shape)
        """The soft rows of the latest one-hot mixture, which is a Gradient's, since a Gradient is drawn last."""

    def temperature(self, epoch: int) -> float:
        """The temperature of an epoch, counted from 0."""
        done = epoch / max(self.epochs - 1, 1)
        return self._hottest - (self._hottest - self._coldest) * done

    def _relax(self, epoch: int) -> Floats:
        noise = self.rng.gumbel(size=self.parameters.shape)
        self._soft = self.relaxation.softmax((self.parameters + noise) / self.temperature(epoch))
        hard: Floats = np.eye(self._soft.shape[1])[self._soft.argmax(axis=1)]
        return hard

    def _slope(self, rows: Floats, slope: Floats) -> Floats:
        straight = rows * slope if self._of_chosen else slope
        return softmax_slope(self._soft, straight) / self.temperature(self.epoch)
