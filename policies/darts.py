"""DARTS: a softmax over the choices of every decision, learned by gradient descent (Liu et al., ICLR 2019).

Numbers and loop are those of the NAS-Bench-101 search of eval-nas (github.com/kcyu2014/eval-nas,
search_policies/cnn/darts_policy/configs.py and darts_search_policy.py): at every step the logits follow the slope of
the validation loss, by default after one virtual step of the shared weights (``order='second'``, Liu et al. 2019,
Eq. 6-8), then the shared weights take their step. The first values are 1e-3 N(0, 1), as in DARTS, cnn/model_search.py.

Recurrent cells are relaxed as published, one softmax an edge with none included, summed over predecessors, and read off
by its best operation, in encoding ``edges`` (``space.encoding=edges``; DARTS, rnn/model_search.py); in the default
encoding the predecessor and the operation of each node have a softmax each, whose product weighs the edges.

Here the space defines what is relaxed and how a cell is decoded. The released codes keep two predecessors of each node
(DARTS, cnn/model_search.py), or one predecessor or "drop" (eval-nas, model_search_nasbench.py, where all nodes feed the
output, so that 7 vertices make 11 edges unless a node is dropped, and NAS-Bench-101 allows 9). Here every decision of
the space is relaxed, so that every cell can be reached, and the most probable cell of the space is recommended; in
eval-nas it is the most frequent of 1000 draws.

Further departures from eval-nas, where eval-nas differs from DARTS: the logits follow the validation loss alone (in
eval-nas they are also parameters of the weights' optimiser), and a weight applies to the choice that it names (in
eval-nas the weights of the inputs are shifted by one, and search and decoding exchange 3x3 and 1x1 convolutions). In
eval-nas the edges' logits start at 10 and "drop" at 0; a space does not say which choice drops an edge, so all logits
start alike here.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar, Literal

import numpy as np
import torch

from harness.core.space import SearchSpace
from policies.parts.alternation import AlternatingPolicy
from policies.parts.ranges import require_at_least, require_within
from policies.parts.relaxed import softmax_slope
from policies.parts.step import Floats


class DARTS(AlternatingPolicy):
    """Takes ``epochs`` of ``updates`` alternating steps; Adam moves the logits (``lr``, betas, ``weight_decay``)."""

    recipe: ClassVar[str] = "darts"

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        epochs: int = 200,
        updates: int = 391,  # 25,000 training images in batches of 64
        order: Literal["second", "first"] = "second",
        lr: float = 3e-4,
        beta1: float = 0.5,
        beta2: float = 0.999,
        weight_decay: float = 1e-3,
        init_scale: float = 1e-3,
    ) -> None:
        require_at_least(0, lr=lr, weight_decay=weight_decay, init_scale=init_scale)
        require_within(0, 0.999999, beta1=beta1, beta2=beta2)
        start = init_scale * rng.standard_normal((len(space.options), max(space.options)))
        adam = partial(torch.optim.Adam, lr=lr, betas=(beta1, beta2), weight_decay=weight_decay, fused=True)
        super().__init__(space, rng, start, adam, epochs=epochs, updates=updates)
        self.unrolled = order == "second"

    def _relax(self, epoch: int) -> Floats:
        return self.relaxation.softmax(self.parameters)

    def _slope(self, rows: Floats, slope: Floats) -> Floats:
        return softmax_slope(rows, slope)
