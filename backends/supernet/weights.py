"""Training and evaluating shared weights: steps, slopes and scores at any point of a space.

Everything random follows from the seed and the number of the step, so that weights, momentum and two counters are the
whole state.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from backends.networks.nasbench101_supernet import (
    BatchStatistics,
    FirstChannels,
    Norm,
    RandomChunk,
    Recalibration,
    RunningStatistics,
    Slices,
    TrainingStatistics,
)
from backends.supernet.batches import Batch, Batches
from backends.supernet.cells import Cells, Point, Rows
from backends.supernet.recipe import Recipe
from harness.core.random import stream

Statistics = Literal["recalibrated", "batch", "running"]
Chunk = Literal["first", "random"]

FIRST = FirstChannels()

REACH = 0.01  # Liu et al. 2019, Sec. 2.3: how far the weights move for the difference of slopes


class SharedWeights:
    """One set of weights, its optimiser and where in the data it is; ``step`` counts updates, ``looks`` quick batches.

    ``statistics`` normalises a score: ``recalibrated`` sets batch normalisation from training images at each
    architecture (Guo et al. 2020, Sec. 3.4), ``batch`` takes the statistics of each evaluated batch, ``running`` the
    averages over training. ``chunk`` says which channels of a weight a narrower vertex uses: the first, or in training
    a random run of them. With ``mixed`` the forward passes compute in bfloat16.
    """

    def __init__(
        self,
        cells: Cells,
        batches: Batches,
        recipe: Recipe,
        seed: int,
        *,
        statistics: Statistics = "recalibrated",
        chunk: Chunk = "first",
        mixed: bool = False,
    ) -> None:
        self.step = self.looks = 0
        self._cells, self._batches, self._recipe, self._seed = cells, batches, recipe, seed
        self._statistics, self._chunk, self._mixed = statistics, chunk, mixed
        self._weights = list(cells.module.parameters())
        for weight in self._weights:
            weight.grad = torch.zeros_like(weight)
        part = recipe.training
        self._sgd = torch.optim.SGD(
            self._weights, part.learning_rate, part.momentum, weight_decay=part.weight_decay, fused=True
        )

    @property
    def rate(self) -> float:
        """The learning rate of the next step."""
        part = self._recipe.training
        progress = min(self.step // self._recipe.steps_per_epoch / part.epochs, 1.0)
        return part.final_rate + (part.learning_rate - part.final_rate) * 0.5 * (1 + math.cos(math.pi * progress))

    def update(self, points: Sequence[Point]) -> Tensor:
        """One step on the summed gradients of these points on one batch; their mean loss, which nobody waits for."""
        batch, norm, slices = self._batches.training(self.step), TrainingStatistics(), self._slices()
        losses = [self._loss(batch, point, norm, slices) for point in points]
        for loss in losses:
            torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(self._weights, self._recipe.training.clip)
        for group in self._sgd.param_groups:
            group["lr"] = self.rate
        self._sgd.step()
        self._sgd.zero_grad(set_to_none=False)  # weights that a step does not use decay and coast like the others
        self.step += 1
        return torch.stack([loss.detach() for loss in losses]).mean()

    def slope(self, rows: Rows) -> tuple[Tensor, Sequence[Tensor]]:
        """The loss of a mixture on the present validation batch, and its gradient, one row a decision."""
        loss = self._loss(self._batches.quick(self.step), rows, BatchStatistics(), FIRST)
        return loss.detach(), torch.autograd.grad(loss, rows)

    def unrolled_slope(self, rows: Rows) -> tuple[Tensor, Sequence[Tensor]]:
        """The same after one virtual step of the weights on the next training batch, as a function of the mixture.

        Liu et al. 2019, Eq. 6 to 8: the second derivative is taken as a difference of slopes of the training loss.
        """
        training, validation = self._batches.training(self.step), self._batches.quick(self.step)
        before = [weight.detach().clone() for weight in self._weights]
        loss = self._loss(training, rows, BatchStatistics(), FIRST)
        self._descend(torch.autograd.grad(loss, self._weights, materialize_grads=True))
        loss = self._loss(validation, rows, BatchStatistics(), FIRST)
        slopes = torch.autograd.grad(loss, [*rows, *self._weights], materialize_grads=True)
        direct, pull = slopes[: len(rows)], slopes[len(rows) :]
        reach = REACH / torch.stack(torch._foreach_norm(pull)).norm().item()
        ahead, behind = (self._pulled(rows, training, before, pull, sign * reach) for sign in (1, -1))
        self._place(before)
        scale = self.rate / (2 * reach)
        return loss.detach(), [d - scale * (a - b) for d, a, b in zip(direct, ahead, behind, strict=True)]

    def score(self, point: Point, batches: int | None = None) -> Tensor:
        """The share of the searched split that is classified correctly, or of its next ``batches`` quick batches."""
        seen: Iterable[Batch] = self._batches.whole()
        if batches is not None:
            seen = [self._batches.quick(self.looks + i) for i in range(batches)]
            self.looks += batches
        with torch.no_grad():
            norm = self._norm(point)
            right = [self._logits(images, point, norm, FIRST).argmax(1) == labels for images, labels in seen]
        return torch.cat(right).double().mean()

    def state_dict(self) -> dict[str, Any]:
        """Weights, running statistics, momentum (none before the first step) and counters; tensors as NumPy arrays."""
        momentum = [self._sgd.state[weight].get("momentum_buffer") for weight in self._weights]
        return {
            "step": self.step,
            "looks": self.looks,
            "module": {name: to_array(value) for name, value in self._cells.module.state_dict().items()},
            "momentum": [to_array(buffer) for buffer in momentum if buffer is not None],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go back to where ``state_dict`` was taken."""
        self.step, self.looks = state["step"], state["looks"]
        self._cells.module.load_state_dict({name: torch.tensor(value) for name, value in state["module"].items()})
        self._sgd.state.clear()
        for weight, buffer in zip(self._weights, state["momentum"], strict=bool(state["momentum"])):
            self._sgd.state[weight]["momentum_buffer"] = torch.empty_like(weight).copy_(torch.tensor(buffer))

    def _loss(self, batch: Batch, point: Point, norm: Norm, slices: Slices) -> Tensor:
        images, labels = batch
        logits = self._logits(images, point, norm, slices)
        return cross_entropy(logits.to(torch.promote_types(logits.dtype, torch.float32)), labels)

    def _logits(self, images: Tensor, point: Point, norm: Norm, slices: Slices) -> Tensor:
        with torch.autocast(images.device.type, torch.bfloat16, enabled=self._mixed):
            return self._cells.logits(images, point, norm, slices)

    def _slices(self) -> Slices:
        return FIRST if self._chunk == "first" else RandomChunk(stream(self._seed, "oracle", "chunk", self.step))

    def _norm(self, point: Point) -> Norm:
        """How a score at ``point`` is normalised."""
        if self._statistics == "batch":
            return BatchStatistics()
        if self._statistics == "running":
            return RunningStatistics()
        collected = Recalibration()
        for images in self._batches.recalibration():
            self._logits(images, point, collected, FIRST)
        return collected.frozen()

    @torch.no_grad()
    def _descend(self, gradients: Sequence[Tensor]) -> None:
        """Move the weights by one step of SGD that leaves the optimiser's own state alone."""
        part = self._recipe.training
        for weight, gradient in zip(self._weights, gradients, strict=True):
            momentum = self._sgd.state[weight].get("momentum_buffer", 0.0)
            weight.sub_(self.rate * (part.momentum * momentum + gradient + part.weight_decay * weight))

    def _pulled(
        self, rows: Rows, batch: Batch, before: Sequence[Tensor], pull: Sequence[Tensor], by: float
    ) -> Sequence[Tensor]:
        """The slope of the training loss at the weights ``before + by * pull``."""
        self._place([weight + by * each for weight, each in zip(before, pull, strict=True)])
        return torch.autograd.grad(self._loss(batch, rows, BatchStatistics(), FIRST), rows)

    @torch.no_grad()
    def _place(self, values: Sequence[Tensor]) -> None:
        for weight, value in zip(self._weights, values, strict=True):
            weight.copy_(value)


def to_array(tensor: Tensor) -> npt.NDArray[Any]:
    """A copy of a tensor on the host."""
    array: npt.NDArray[Any] = tensor.detach().cpu().numpy().copy()
    return array
