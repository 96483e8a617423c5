"""Trains a cell from scratch on images by a recipe, and measures it at half of a budget and at its end."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from backends.data.images import Images, Split
from backends.networks.cell_graphs import ArchitectureGraphs
from backends.networks.nasbench101 import Skeleton
from backends.standalone.batches import TrainingBatches
from backends.standalone.checkpoints import TrainingCheckpoint
from backends.standalone.networks import network_of
from backends.standalone.schedule import learning_rate, steps_in
from backends.training.devices import clock
from backends.training.recipes import Recipe
from backends.training.rmsprop import RMSProp


@dataclass(frozen=True, slots=True)
class Measurement:
    """Accuracies in [0, 1], and the seconds that were spent on training alone until then.

    On a CPU they are seconds of processor time, so that other work on the machine does not count.
    """

    seconds: float
    train_accuracy: float
    validation_accuracy: float
    test_accuracy: float


@dataclass(frozen=True, slots=True)
class TrainingCurve:
    """One training, measured after half of the epochs and after all; `diverged` if a loss was not finite."""

    epochs: int
    half: Measurement
    final: Measurement
    diverged: bool


@dataclass(frozen=True, slots=True)
class _ReplicaMeasurement:
    """All replicas after an epoch: accuracies (splits, replicas), and whether all losses of each were finite."""

    seconds: float
    accuracies: list[list[float]]
    finite: list[bool]


class CellTraining:
    """Networks of one cell, one for each seed, which are trained side by side on the device of `data`.

    A seed determines initial weights, the order of images and their augmentation. The networks share only kernel
    launches, so the accuracies of a curve do not depend on the other networks (except for rounding); each network gets
    an equal part of the seconds. `epochs` is the length of the learning-rate schedule.
    """

    def __init__(
        self, cell: ArchitectureGraphs, recipe: Recipe, data: Images, *, epochs: int, seeds: Sequence[int]
    ) -> None:
        generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.epochs = epochs
        self.step = 0
        self._recipe = recipe
        self._data = data
        self._network = network_of(cell, skeleton(recipe, data, len(seeds)), generators).to(data.device)
        self._optimiser = _optimiser(recipe, self._network)
        self._batches = TrainingBatches(recipe, data, generators, seeds)
        self._finite = torch.ones(len(seeds), dtype=torch.bool, device=data.device)
        self._seconds = 0.0
        self._moments: dict[int, _ReplicaMeasurement] = {}

    def advance(self, epochs: int, checkpoint: TrainingCheckpoint | None = None) -> list[TrainingCurve]:
        """Train to the end of `epochs`, a budget; returns a curve for each seed and writes the `checkpoint` when due.

        Once all networks have diverged, they are not trained any further.
        """
        for moment in self._measured_after():
            if moment <= epochs and moment not in self._moments:
                self._train_until(steps_in(self._recipe, moment), checkpoint)
                self._moments[moment] = self._measure()
        return [self._curve(epochs, replica) for replica in range(len(self._finite))]

    def state_dict(self) -> dict[str, Any]:
        """Everything that the rest of the training depends on, and the measurements so far."""
        return {
            "step": self.step,
            "network": self._network.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "batches": self._batches.state_dict(),
            "finite": self._finite,
            "seconds": self._seconds,
            "moments": {epochs: asdict(moment) for epochs, moment in self._moments.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore the state that `state_dict` returned."""
        self.step = state["step"]
        self._network.load_state_dict(state["network"])
        self._optimiser.load_state_dict(state["optimiser"])
        self._batches.load_state_dict(state["batches"])
        self._finite = state["finite"].to(self._data.device)
        self._seconds = state["seconds"]
        self._moments = {epochs: _ReplicaMeasurement(**moment) for epochs, moment in state["moments"].items()}

    def _measured_after(self) -> list[int]:
        """The epochs after which the networks are measured."""
        budgets = self._recipe.epochs if self._recipe.budgets == "continued" else (self.epochs,)
        return sorted({moment for budget in budgets for moment in (budget // 2, budget)})

    def _train_until(self, end: int, checkpoint: TrainingCheckpoint | None) -> None:
        start = clock(self._data.device)
        while self.step < end and self._some_are_finite():
            self._take_step()
            if checkpoint is not None and checkpoint.due():
                self._seconds += clock(self._data.device) - start
                checkpoint.write(self.state_dict())
                start = clock(self._data.device)
        self._seconds += clock(self._data.device) - start
        self.step = end

    def _some_are_finite(self) -> bool:
        """Whether a network has not diverged; checked once an epoch, since the check waits for the GPU."""
        return self.step % steps_in(self._recipe, 1) > 0 or bool(self._finite.any())

    def _take_step(self) -> None:
        """Take one step on the sum of the replicas' mean losses, so that their gradients are independent."""
        for group in self._optimiser.param_groups:
            group["lr"] = learning_rate(self._recipe, self.step, steps_in(self._recipe, self.epochs))
        images, labels = self._batches.draw()
        logits = self._logits(images)
        losses = nn.functional.cross_entropy(logits.transpose(1, 2), labels, reduction="none").mean(dim=0)
        self._optimiser.zero_grad()
        torch.autograd.backward(losses.sum())
        self._optimiser.step()
        self._finite &= losses.detach().isfinite()
        self.step += 1

    def _logits(self, images: Tensor) -> Tensor:
        """Logits (batch, replicas, classes)."""
        return torch.unflatten(self._network(images), 1, (len(self._finite), -1))

    def _measure(self) -> _ReplicaMeasurement:
        data, first = self._data, self._recipe.train_accuracy_images
        evaluated = Split(data.train.images[:first], data.train.labels[:first])
        accuracies = [self._accuracies(split) for split in (evaluated, data.validation, data.test)]
        return _ReplicaMeasurement(self._seconds / len(self._finite), accuracies, self._finite.tolist())

    @torch.no_grad()
    def _accuracies(self, split: Split) -> list[float]:
        """The share of `split` that each replica gets right; batch normalisation uses running averages."""
        self._network.eval()
        size = self._recipe.evaluation_batch
        whole = len(split) if self._recipe.evaluation == "all-images" else len(split) // size * size
        hits = []
        parts = (torch.split(part[:whole], size) for part in (split.images, split.labels))
        for images, labels in zip(*parts, strict=True):
            inputs = self._data.standardised(images).repeat(1, len(self._finite), 1, 1)
            hits.append(self._logits(inputs).argmax(dim=2) == labels[:, None])
        self._network.train()
        return torch.cat(hits).double().mean(dim=0).tolist()

    def _curve(self, epochs: int, replica: int) -> TrainingCurve:
        moments = [self._moments[moment] for moment in (epochs // 2, epochs)]
        half, final = (Measurement(m.seconds, *(split[replica] for split in m.accuracies)) for m in moments)
        return TrainingCurve(epochs, half, final, not moments[-1].finite[replica])


def skeleton(recipe: Recipe, data: Images, replicas: int = 1) -> Skeleton:
    """The sizes of the recipe's networks on these images."""
    return Skeleton(
        width=recipe.width,
        stacks=recipe.stacks,
        modules=recipe.modules,
        image_channels=data.channels,
        classes=data.classes,
        batch_norm_momentum=recipe.batch_norm_momentum,
        replicas=replicas,
    )


def _optimiser(recipe: Recipe, network: nn.Module) -> torch.optim.Optimizer:
    parameters, rate, decay = network.parameters(), recipe.learning_rate, recipe.weight_decay
    if recipe.optimiser == "rmsprop":
        return RMSProp(parameters, rate, momentum=recipe.momentum, weight_decay=decay)
    return torch.optim.SGD(parameters, rate, recipe.momentum, weight_decay=decay, nesterov=True, fused=True)
