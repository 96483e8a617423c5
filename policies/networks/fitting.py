"""Fits NAO's autoencoder to scored architectures (NAO_pytorch, NAO_V1/train_search.py, nao_train)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from harness.core.space import Choices
from policies.networks.autoencoder import Autoencoder


@dataclass(frozen=True, slots=True)
class FitSettings:
    """Settings of a fit: the scale of the targets, passes over the data, rows a step, and Adam's settings.

    ``clip`` is the largest norm of a gradient, ``trade_off`` the weight of the squared error in the loss.
    """

    targets: Literal["minmax", "ranks"]
    epochs: int
    batch: int
    lr: float
    weight_decay: float
    clip: float
    trade_off: float


def fit(model: Autoencoder, rows: Choices, values: npt.NDArray[np.float64], fitting: FitSettings) -> None:
    """Train on rows, shape (rows, decisions), and their values scaled into [0, 1]; each call starts a new Adam."""
    adam = torch.optim.Adam(model.parameters(), fitting.lr, weight_decay=fitting.weight_decay, fused=True)
    inputs, targets = torch.from_numpy(rows), torch.from_numpy(TARGET_SCALES[fitting.targets](values))
    for _ in range(fitting.epochs):
        for batch in torch.split(torch.randperm(len(inputs), generator=model.generator), fitting.batch):
            training_step(model, adam, inputs[batch], targets[batch], fitting)


def training_step(
    model: Autoencoder, adam: torch.optim.Adam, rows: Tensor, targets: Tensor, fitting: FitSettings
) -> None:
    """One optimiser step on ``trade_off`` * squared error + (1 - ``trade_off``) * reconstruction loss."""
    error, reconstruction = model.losses(rows, targets)
    adam.zero_grad()
    torch.autograd.backward(fitting.trade_off * error + (1 - fitting.trade_off) * reconstruction)
    nn.utils.clip_grad_norm_(model.parameters(), fitting.clip)
    adam.step()


def minmax_scaled(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Values mapped linearly to [0, 1], from the least to the largest; 0.5 if all are equal."""
    low, high = values.min(), values.max()
    if low == high:
        return np.full(len(values), 0.5, np.float32)
    return np.asarray((values - low) / (high - low), np.float32)


def rank_scaled(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """Ranks of the distinct values, evenly spaced from 0 for the least to 1 for the largest; 0.5 if all are equal."""
    _, ranks = np.unique(values, return_inverse=True)
    return minmax_scaled(ranks.astype(np.float64))


TARGET_SCALES = {"minmax": minmax_scaled, "ranks": rank_scaled}
