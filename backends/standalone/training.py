"""Train a NAS-Bench-101 cell from scratch by a recipe, and measure it at half and at the end of the budget."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from backends.data.digits import CLASSES, Digits, Split
from backends.networks.nasbench101 import NASBench101Network, Skeleton, allocate, initialise
from backends.standalone.cells import Cell
from backends.standalone.recipes import Recipe

_EVALUATION_BATCH = 512


@dataclass(frozen=True, slots=True)
class Measurement:
    """Accuracies in [0, 1], and the seconds of processor time spent on training alone until then.

    Processor time rather than the clock, so that other work on the machine does not count.
    """

    seconds: float
    train_accuracy: float
    validation_accuracy: float
    test_accuracy: float


@dataclass(frozen=True, slots=True)
class Curve:
    """One training: measured after half of the epochs and after all; `diverged` when a loss was not finite."""

    epochs: int
    half: Measurement
    final: Measurement
    diverged: bool


def train(cell: Cell, recipe: Recipe, data: Digits, *, epochs: int, seeds: Sequence[int]) -> list[Curve]:
    """Train one network a seed, side by side on the device of `data`; curve i belongs to seed i.

    A seed decides initial weights and the order of images. The networks share nothing but kernel launches, so a
    curve's accuracies do not depend on its neighbours' (rounding apart), and the seconds are divided among them.
    """
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    network = _network(cell, recipe, generators).to(data.train.images.device)
    optimiser = torch.optim.SGD(
        network.parameters(),
        recipe.learning_rate,
        recipe.momentum,
        weight_decay=recipe.weight_decay,
        nesterov=True,
        fused=True,
    )
    evaluated = Split(*(part[: recipe.train_accuracy_images] for part in (data.train.images, data.train.labels)))
    steps = epochs * _steps_per_epoch(recipe)
    finite = torch.ones(len(seeds), dtype=torch.bool, device=data.train.images.device)
    seconds, measured = 0.0, list[tuple[float, list[list[float]]]]()
    for epoch in range(epochs):
        start = time.process_time()
        for step, (images, labels) in enumerate(_batches(data.train, recipe.batch_size, generators)):
            _set_rate(optimiser, recipe, (epoch * _steps_per_epoch(recipe) + step + 1) / steps)
            finite &= _step(network, optimiser, images, labels).isfinite()
        seconds += time.process_time() - start
        if epoch + 1 in (epochs // 2, epochs):
            splits = (evaluated, data.validation, data.test)
            accuracies = [_accuracies(network, split, len(seeds)) for split in splits]
            measured.append((seconds / len(seeds), accuracies))
    return [_curve(epochs, measured, index, not ok) for index, ok in enumerate(finite.tolist())]


def learning_rate(recipe: Recipe, progress: float) -> float:
    """The rate at `progress` in (0, 1], the step's number divided by all steps."""
    if progress < recipe.warmup:
        return recipe.learning_rate * progress / recipe.warmup
    remaining = (progress - recipe.warmup) / (1 - recipe.warmup)
    return recipe.learning_rate * 0.5 * (1 + math.cos(math.pi * remaining))


def skeleton(recipe: Recipe, replicas: int = 1) -> Skeleton:
    """The sizes of the recipe's networks on single-channel images."""
    return Skeleton(
        width=recipe.width,
        stacks=recipe.stacks,
        modules=recipe.modules,
        image_channels=1,
        classes=CLASSES,
        batch_norm_momentum=recipe.batch_norm_momentum,
        replicas=replicas,
    )


def _network(cell: Cell, recipe: Recipe, generators: Sequence[torch.Generator]) -> NASBench101Network:
    network = allocate(cell.matrix, cell.operations, skeleton(recipe, len(generators)))
    initialise(network, generators)
    # Channels-last saves a quarter of the time on a processor: concatenation and splitting become cheap views.
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _steps_per_epoch(recipe: Recipe) -> int:
    return recipe.train_images // recipe.batch_size


def _batches(split: Split, batch_size: int, generators: Sequence[torch.Generator]) -> list[tuple[Tensor, Tensor]]:
    """Full batches of one epoch: images (batch, replicas, h, w) and labels (batch, replicas), an order a replica."""
    orders = torch.stack([torch.randperm(len(split.labels), generator=g) for g in generators], dim=1)
    orders = orders.to(split.labels.device)
    images, labels = split.images[:, 0][orders], split.labels[orders]
    full = len(labels) // batch_size * batch_size
    return list(zip(torch.split(images[:full], batch_size), torch.split(labels[:full], batch_size), strict=True))


def _set_rate(optimiser: torch.optim.SGD, recipe: Recipe, progress: float) -> None:
    for group in optimiser.param_groups:
        group["lr"] = learning_rate(recipe, progress)


def _step(network: nn.Module, optimiser: torch.optim.SGD, images: Tensor, labels: Tensor) -> Tensor:
    """One step on the sum of the replicas' mean losses, so that no gradient depends on the neighbours; (replicas,)."""
    logits = network(images).unflatten(1, (-1, CLASSES))
    losses = nn.functional.cross_entropy(logits.transpose(1, 2), labels, reduction="none").mean(dim=0)
    optimiser.zero_grad()
    torch.autograd.backward(losses.sum())
    optimiser.step()
    return losses.detach()


@torch.no_grad()
def _accuracies(network: nn.Module, split: Split, replicas: int) -> list[float]:
    """Share of `split` that each replica classifies correctly, with the running averages of batch normalisation."""
    network.eval()
    images = split.images.expand(-1, replicas, -1, -1)
    predicted = torch.cat(
        [network(batch).unflatten(1, (-1, CLASSES)).argmax(dim=2) for batch in torch.split(images, _EVALUATION_BATCH)]
    )
    network.train()
    return (predicted == split.labels[:, None]).double().mean(dim=0).tolist()


def _curve(epochs: int, measured: list[tuple[float, list[list[float]]]], replica: int, diverged: bool) -> Curve:
    half, final = (Measurement(seconds, *(split[replica] for split in splits)) for seconds, splits in measured)
    return Curve(epochs, half, final, diverged)
