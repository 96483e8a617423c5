"""Gradient descent that can go over to averaging its weights (Merity et al. 2018, NT-ASGD; quark0/darts, rnn/train.py).

`torch.optim.ASGD` with t0=0 and lambd=0, as published, takes the same steps; its average leaves the first of them out.
"""

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor


class AveragedSGD(torch.optim.Optimizer):
    """Plain SGD; from `start_averaging` on it also keeps the mean of the weights after every step."""

    def __init__(self, parameters: Iterable[Tensor], rate: float, *, weight_decay: float) -> None:
        super().__init__(parameters, {"lr": rate, "weight_decay": weight_decay, "averaged_steps": -1})

    @property
    def averages(self) -> bool:
        """Whether averaging has begun."""
        return bool(self.param_groups[0]["averaged_steps"] >= 0)

    def start_averaging(self) -> None:
        """Average the weights after each step from now on."""
        for group in self.param_groups:
            group["averaged_steps"] = 0
            for weights in group["params"]:
                self.state[weights]["average"] = weights.detach().clone()

    def average(self, weights: Tensor) -> Tensor:
        """The mean of a parameter since averaging began; before that the parameter itself."""
        found: Tensor = self.state[weights]["average"] if self.averages else weights.detach()
        return found

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """One step at the groups' rate `lr`."""
        for group in self.param_groups:
            if averages := group["averaged_steps"] >= 0:
                group["averaged_steps"] += 1
            for weights in group["params"]:
                slope = weights.grad.add(weights, alpha=group["weight_decay"])
                weights.add_(slope, alpha=-group["lr"])
                if averages:
                    self.state[weights]["average"].lerp_(weights, 1 / group["averaged_steps"])


def exceeds_all_but_last(losses: Sequence[float], nonmono: int) -> bool:
    """Whether the last loss is larger than the least of those before it, the `nonmono` nearest left out.

    The rule that switches averaging on (rnn/train.py); there must be more than `nonmono` before it.
    """
    before, last = losses[:-1], losses[-1]
    return len(before) > nonmono and last > min(before[: len(before) - nonmono])
