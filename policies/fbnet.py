"""FBNet: DARTS with a Gumbel softmax that grows harder from epoch to epoch (Wu et al., CVPR 2019), on any space.

The rows of a query are softmax((logits + Gumbel noise) / T), with fresh noise for every Gradient and every Update, and
T = max(5 exp(-0.045 epoch), 0.05). Numbers and loop are those of the NAS-Bench-101 search of eval-nas
(github.com/kcyu2014/eval-nas, search_policies/cnn/darts_policy/model_search_nasbench_fbnet.py and configs.py): first
order, and a step of the logits at every step of the shared weights. As in Yu et al. 2020, App. D.3, the loss has no
latency term. ``warmup`` epochs train the shared weights alone first, at the first temperature (JunrQ/NAS,
fbnet-pytorch; eval-nas has no warm-up). The departures from eval-nas are those of ``darts``; the cell is decoded from
the logits without noise.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch

from harness.core.space import SearchSpace
from policies.parts.alternation import AlternatingPolicy
from policies.parts.ranges import require_at_least, require_within
from policies.parts.relaxed import softmax_slope
from policies.parts.step import Floats


class FBNet(AlternatingPolicy):
    """Takes ``updates`` steps in each of ``warmup`` + ``epochs``; Adam moves the logits (``lr``, betas, weight decay).

    The temperature starts at ``temperature`` and is multiplied by ``exp(-anneal)`` each epoch, but stays at or above
    ``least_temperature``.
    """

    recipe: ClassVar[str] = "fbnet"
    implied: ClassVar[Mapping[str, Any]] = {"beta1": 0.9, "beta2": 0.999}

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        epochs: int = 200,
        updates: int = 625,  # 40,000 training images in batches of 64
        warmup: int = 0,
        temperature: float = 5.0,
        anneal: float = 0.045,
        least_temperature: float = 0.05,
        lr: float = 0.01,
        beta1: float = 0.5,
        beta2: float = 0.999,
        weight_decay: float = 5e-4,
    ) -> None:
        require_at_least(0, anneal=anneal, lr=lr, weight_decay=weight_decay)
        require_at_least(1e-6, temperature=temperature, least_temperature=least_temperature)
        require_within(0, 0.999999, beta1=beta1, beta2=beta2)
        start = np.zeros((len(space.options), max(space.options)))
        adam = partial(torch.optim.Adam, lr=lr, betas=(beta1, beta2), weight_decay=weight_decay, fused=True)
        super().__init__(space, rng, start, adam, epochs=epochs, updates=updates, warmup=warmup)
        self._hottest, self._anneal, self._coldest = temperature, anneal, least_temperature

    def temperature(self, epoch: int) -> float:
        """The temperature of an epoch, counted from 0 after the warm-up."""
        return max(self._hottest * math.exp(-self._anneal * epoch), self._coldest)

    def _relax(self, epoch: int) -> Floats:
        noise = self.rng.gumbel(size=self.parameters.shape)
        return self.relaxation.softmax((self.parameters + noise) / self.temperature(epoch))

    def _slope(self, rows: Floats, slope: Floats) -> Floats:
        return softmax_slope(rows, slope) / self.temperature(self.epoch)
