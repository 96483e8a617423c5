"""An ensemble of small feed-forward networks that predict a value from 0/1 features, trained in one computation.

It is the predictor of BANANAS (White, Neiswanger, Savani 2021, Sec. 3) with the numbers of its released code
(naszilla/naszilla, meta_neural_net.py and params.py): ten layers of 20 units, mean absolute error, Adam.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Floats = npt.NDArray[np.float64]


class Ensemble:
    """``networks`` networks with layers of the same ``sizes``; each has its own weights and order of the data."""

    def __init__(self, networks: int, sizes: Sequence[int], rng: np.random.Generator) -> None:
        self._rng = rng
        limits = [(6 / (a + b)) ** 0.5 for a, b in pairwise(sizes)]  # Glorot's, the default of Keras
        shapes = [(networks, a, b) for a, b in pairwise(sizes)]
        self.weights = [
            torch.tensor(rng.uniform(-limit, limit, shape), dtype=torch.float32, requires_grad=True)
            for limit, shape in zip(limits, shapes, strict=True)
        ]
        self.biases = [torch.zeros(networks, 1, shape[2], requires_grad=True) for shape in shapes]

    def _forward(self, inputs: Tensor) -> Tensor:
        """Predictions (networks, rows) of inputs (networks, rows, features)."""
        x = inputs
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            x = torch.relu(torch.baddbmm(bias, x, weight))
        return torch.baddbmm(self.biases[-1], x, self.weights[-1])[..., 0]

    def fit(self, rows: npt.NDArray[np.uint8], values: Floats, *, epochs: int, batch: int, lr: float) -> None:
        """Minimise the mean absolute error on rows (rows, features) and their values."""
        inputs = torch.tensor(rows, dtype=torch.float32)
        targets = torch.tensor(values, dtype=torch.float32)
        adam = torch.optim.Adam([*self.weights, *self.biases], lr, betas=(0.9, 0.99), fused=True)
        for _ in range(epochs):
            orders = torch.from_numpy(np.argsort(self._rng.random((len(self.weights[0]), len(rows))), axis=1))
            for order in torch.split(orders, batch, dim=1):
                error = (self._forward(inputs[order]) - targets[order]).abs().mean(dim=1).sum()
                adam.zero_grad()
                error.backward()  # type: ignore[no-untyped-call]
                adam.step()

    @torch.no_grad()
    def predict(self, rows: npt.NDArray[np.uint8]) -> Floats:
        """The prediction of each network for each row, shape (networks, rows)."""
        inputs = torch.tensor(rows, dtype=torch.float32)
        return self._forward(inputs.expand(len(self.weights[0]), -1, -1)).double().numpy()
