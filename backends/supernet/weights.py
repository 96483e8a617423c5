"""Trains and evaluates shared weights: steps, gradients and scores at any point of a space.

Random numbers depend on the seed and the number of the step alone, so the whole state is the weights, the optimiser,
two counters and what a task carries from step to step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

from backends.networks.supernet_points import MixtureRows
from backends.supernet.optimizer import SupernetOptimizer, norm_of, to_array
from backends.supernet.task import SupernetTask
from backends.training.recipes.recipe_part import OptimizerSettings

Point = TypeVar("Point")

FINITE_DIFFERENCE_STEP = 0.01  # Liu et al. 2019, Sec. 2.3: how far the weights move for the difference of gradients


class SharedWeights(Generic[Point]):
    """One set of weights, its optimiser and its position in the data.

    ``step`` counts updates, ``looks`` small batches of quick scores; an epoch is ``steps_per_epoch`` updates at one
    point.
    """

    def __init__(self, task: SupernetTask[Point], optimizer_settings: OptimizerSettings) -> None:
        self.step = self.looks = 0
        self._task, self.steps_per_epoch = task, task.steps_per_epoch
        self._weights = list(task.module.parameters())
        self._optimizer = SupernetOptimizer(self._weights, optimizer_settings)

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        return self._task.rate(self.step)

    def update(self, points: Sequence[Point]) -> Tensor:
        """Take a step on the summed gradients of these points on one batch; returns their mean loss, on the device."""
        losses = self._task.losses(self.step, points)
        for loss in losses:
            torch.autograd.backward(loss)
        self._optimizer.step(self.rate)
        self.step += 1
        return torch.stack([loss.detach() for loss in losses]).mean()

    def slope(self, rows: MixtureRows) -> tuple[Tensor, Sequence[Tensor]]:
        """The loss of a mixture on the current validation batch, and its gradient, one row for each decision."""
        loss = self._task.validation(self.step)(rows)
        return loss.detach(), torch.autograd.grad(loss, rows)

    def unrolled_slope(self, rows: MixtureRows) -> tuple[Tensor, Sequence[Tensor]]:
        """As ``slope``, after a virtual weight step on the next training batch, which depends on the mixture.

        Liu et al. 2019, Eq. 6 to 8: the second derivative is a finite difference of gradients of the training loss. If
        the gradient of the virtual step is clipped, that derivative has the same factor, which is held constant.
        """
        training, validation = self._task.training_loss(self.step), self._task.validation(self.step)
        before = [weight.detach().clone() for weight in self._weights]
        gradients = torch.autograd.grad(training(rows), self._weights, materialize_grads=True)
        clipped = self._optimizer.virtual_step(gradients, self.rate)
        loss = validation(rows)
        slopes = torch.autograd.grad(loss, [*rows, *self._weights], materialize_grads=True)
        direct, weight_slope = slopes[: len(rows)], slopes[len(rows) :]
        reach = FINITE_DIFFERENCE_STEP / norm_of(weight_slope)

        def shifted(by: float) -> Sequence[Tensor]:
            """The training loss's gradient in the mixture, at the weights ``before + by * weight_slope``."""
            self._place([weight + by * each for weight, each in zip(before, weight_slope, strict=True)])
            return torch.autograd.grad(training(rows), rows)

        ahead, behind = shifted(reach), shifted(-reach)
        self._place(before)
        scale = clipped * self.rate / (2 * reach)
        return loss.detach(), [d - scale * (a - b) for d, a, b in zip(direct, ahead, behind, strict=True)]

    def score(self, point: Point, batches: int | None = None) -> Tensor:
        """The search metric on all searched data, or on the next ``batches`` small batches."""
        if batches is None:
            return self._task.score(point, None)
        self.looks += batches
        return self._task.score(point, range(self.looks - batches, self.looks))

    def state_dict(self) -> dict[str, Any]:
        """Weights, running statistics, optimiser and counters; tensors as NumPy arrays."""
        module = {name: to_array(value) for name, value in self._task.module.state_dict().items()}
        counters = {"step": self.step, "looks": self.looks, "module": module}
        return counters | self._optimizer.state_dict() | self._task.state_dict()

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the state that ``state_dict`` returned."""
        self.step, self.looks = state["step"], state["looks"]
        self._task.module.load_state_dict({name: torch.tensor(value) for name, value in state["module"].items()})
        self._optimizer.load_state_dict(state)
        self._task.load_state_dict(state)

    @torch.no_grad()
    def _place(self, values: Sequence[Tensor]) -> None:
        for weight, value in zip(self._weights, values, strict=True):
            weight.copy_(value)
