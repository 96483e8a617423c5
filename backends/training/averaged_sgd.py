"""SGD that can switch to averaging its weights (Merity et al. 2018, NT-ASGD; quark0/darts, rnn/train.py).

The published `torch.optim.ASGD` with t0=0 and lambd=0 takes the same steps, but its average omits the first of them.
"""

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor


class AveragedSGD(torch.optim.Optimizer):
    """Plain SGD; after `start_averaging` it also keeps the mean of the weights after every step."""

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
        """The mean of a parameter since averaging began, or before that the parameter itself."""
        found: Tensor = self.state[weights]["average"] if self.averages else weights.detach()
        return found

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        """Take one step with each group's learning rate `lr`."""
        for group in self.param_groups:
            if averages := group["averaged_steps"] >= 0:
                group["averaged_steps"] += 1
            for weights in group["params"]:
                slope = weights.grad.add(weights, alpha=group["weight_decay"])
                weights.add_(slope, alpha=-group["lr"])
                if averages:
                    self.state[weights]["average"].lerp_(weights, 1 / group["averaged_steps"])


def exceeds_all_but_last(losses: Sequence[float], nonmono: int) -> bool:
    """Whether the last loss exceeds the minimum of the losses before it, except the `nonmono` directly before it.

    This published rule starts averaging (rnn/train.py); it needs more than `nonmono` losses before the last.
    """
    before, last = losses[:-1], losses[-1]
    return len(before) > nonmono and last > min(before[: len(before) - nonmono])
