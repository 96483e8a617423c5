"""The optimiser of shared weights: its steps, the virtual step of an unrolled gradient, and its state."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy.typing as npt
import torch
from torch import Tensor

from backends.training.recipes.recipe_part import OptimizerSettings

BUFFERS: Mapping[str, Mapping[str, str]] = {
    "sgd": {"momentum": "momentum_buffer"},
    "adam": {"means": "exp_avg", "squares": "exp_avg_sq", "steps": "step"},
}
"""An optimiser's state for each weight: the names in a checkpoint, and torch's names."""


class SupernetOptimizer:
    """Moves all weights: one that a step did not use has gradient zero, and still follows its decay and momentum."""

    def __init__(self, weights: Sequence[Tensor], optimizer_settings: OptimizerSettings) -> None:
        self._weights, self._settings = weights, optimizer_settings
        for weight in weights:
            weight.grad = torch.zeros_like(weight)
        momentum, decay = optimizer_settings.momentum, optimizer_settings.weight_decay
        self._torch: torch.optim.Optimizer  # the rate is set before every step
        if optimizer_settings.optimiser == "adam":
            self._torch = torch.optim.Adam(weights, 1.0, weight_decay=decay, fused=True)
        else:
            self._torch = torch.optim.SGD(weights, 1.0, momentum, weight_decay=decay, fused=True)

    def step(self, rate: float) -> None:
        """Take one step with the accumulated gradients, and set them to zero."""
        torch.nn.utils.clip_grad_norm_(self._weights, self._settings.clip)
        for group in self._torch.param_groups:
            group["lr"] = rate
        self._torch.step()
        self._torch.zero_grad(set_to_none=False)

    @torch.no_grad()
    def virtual_step(self, gradients: Sequence[Tensor], rate: float) -> float:
        """Move the weights by a virtual SGD step, without changing the optimiser's state.

        Returns the factor that clips the gradients to the norm ``virtual_clip``, 1 if they are shorter.
        """
        scale, clip = 1.0, self._settings.virtual_clip
        if not math.isinf(clip):
            scale = min(1.0, clip / (norm_of(gradients) + 1e-6))  # as torch clips
        for weight, gradient in zip(self._weights, gradients, strict=True):
            momentum = self._torch.state[weight].get("momentum_buffer", 0.0)
            moved = self._settings.momentum * momentum + scale * gradient + self._settings.weight_decay * weight
            weight.sub_(rate * moved)
        return scale

    def state_dict(self) -> dict[str, Any]:
        """A list of arrays for each part of the optimiser's state, empty before the first step."""
        states = [self._torch.state[weight] for weight in self._weights]
        return {
            name: [to_array(state[key]) for state in states if state.get(key) is not None]
            for name, key in BUFFERS[self._settings.optimiser].items()
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the state that ``state_dict`` returned."""
        self._torch.state.clear()
        for name, key in BUFFERS[self._settings.optimiser].items():
            for weight, value in zip(self._weights, state[name], strict=bool(state[name])):
                found = torch.tensor(value, device=weight.device)
                kept = torch.empty_like(weight).copy_(found) if found.shape == weight.shape else found
                self._torch.state[weight][key] = kept


def norm_of(tensors: Sequence[Tensor]) -> float:
    """The Euclidean norm of all tensors together."""
    return float(torch.stack(torch._foreach_norm(list(tensors))).norm().item())


def to_array(tensor: Tensor) -> npt.NDArray[Any]:
    """A copy of a tensor as a NumPy array in host memory."""
    array: npt.NDArray[Any] = tensor.detach().cpu().numpy().copy()
    return array
