"""RMSProp as TensorFlow computes it, which differs from PyTorch's class of that name."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn


class RMSProp(torch.optim.Optimizer):
    """The steps of `tensorflow/core/kernels/training_ops.cc`, ApplyRMSProp.

    For g, the gradient plus `weight_decay` times the weight: ms <- decay ms + (1 - decay) g^2, then m <- momentum m +
    lr g / sqrt(ms + epsilon), then w <- w - m. The mean square starts at one (RMSPropOptimizer of
    tensorflow/python/training/rmsprop.py) and epsilon is inside the root; PyTorch starts at zero, adds epsilon to the
    root, and multiplies the whole momentum by the current rate. NAS-Bench-101 trained with an epsilon of 1 and the
    default decay (nasbench/lib/model_builder.py).
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        lr: float,
        *,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        decay: float = 0.9,
        epsilon: float = 1.0,
    ) -> None:
        named = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "decay": decay, "epsilon": epsilon}
        super().__init__(parameters, named)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Move all parameters that have a gradient, with a few joint kernels; `closure` is ignored."""
        for group in self.param_groups:
            moved = [(p, p.grad, self._state_of(p)) for p in group["params"] if p.grad is not None]
            weights, gradients = [weight for weight, _, _ in moved], [gradient for _, gradient, _ in moved]
            squares, momenta = ([state[name] for _, _, state in moved] for name in ("mean_square", "momentum"))
            gradients = list(torch._foreach_add(gradients, weights, alpha=group["weight_decay"]))
            torch._foreach_mul_(squares, group["decay"])
            torch._foreach_addcmul_(squares, gradients, gradients, 1 - group["decay"])
            roots = torch._foreach_sqrt(torch._foreach_add(squares, group["epsilon"]))
            torch._foreach_mul_(momenta, group["momentum"])
            torch._foreach_addcdiv_(momenta, gradients, roots, group["lr"])
            torch._foreach_sub_(weights, momenta)

    def _state_of(self, parameter: nn.Parameter) -> dict[str, Tensor]:
        state: dict[str, Tensor] = self.state[parameter]
        if not state:
            state["mean_square"] = torch.ones_like(parameter)
            state["momentum"] = torch.zeros_like(parameter)
        return state
