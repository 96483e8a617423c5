"""A reference supernet and training loop in plain PyTorch, for comparison: single paths, one cell at a time.

After eval-nas, search_policies/cnn/search_space/nas_bench (model_search.py, operations.py, model.py) and
search_policies/cnn/procedures/train_search_procedure.py: every slot has an nn.Conv2d and an nn.BatchNorm2d of the full
width, a convolution computes all its output channels, and unused channels are cut off afterwards. A cell is given by
its pruned matrix and its interior operations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional

from backends.data.images import Images
from backends.networks.nasbench101 import CONV1X1, CONV3X3, MAXPOOL3X3, Matrix, Skeleton, vertex_channels
from backends.networks.nasbench101_supernet import NASBench101Supernet
from backends.networks.shared_convolution import SharedConvolution
from backends.training.recipes.images import ImageRecipe

MatrixAndOperations: TypeAlias = tuple[Matrix, Sequence[int]]


class Convolution(nn.Module):
    """Convolution, batch normalisation and ReLU at the full width."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, momentum: float) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm2d(out_channels, momentum=momentum)

    def forward(self, image: Tensor, channels: int) -> Tensor:
        """The first `channels` output channels; the weight is cut to the image's channels."""
        convolved = functional.conv2d(image, self.conv.weight[:, : image.shape[1]], padding=self.conv.padding)
        return functional.relu(self.norm(convolved))[:, :channels]


class PlainCell(nn.Module):
    """One module with slots for `interior` vertices."""

    def __init__(self, in_channels: int, out_channels: int, interior: int, momentum: float) -> None:
        super().__init__()
        self.in_channels, self.out_channels = in_channels, out_channels
        slots, into, full = range(interior), (in_channels, out_channels), (out_channels, out_channels)
        self.projections = nn.ModuleList(Convolution(*into, 1, momentum) for _ in range(interior + 1))
        self.conv3x3 = nn.ModuleList(Convolution(*full, 3, momentum) for _ in slots)
        self.conv1x1 = nn.ModuleList(Convolution(*full, 1, momentum) for _ in slots)
        self.maxpool = nn.MaxPool2d(3, stride=1, padding=1)

    def forward(self, image: Tensor, matrix: Matrix, operations: Sequence[int]) -> Tensor:
        """The output of one cell."""
        channels, last = vertex_channels(self.in_channels, self.out_channels, matrix), len(matrix) - 1
        values: dict[int, Tensor] = {}
        for t in range(1, last):
            inputs = [values[s][:, : channels[t]] for s in range(1, t) if matrix[s][t]]
            if matrix[0][t]:
                inputs.append(self.projections[t - 1](image, channels[t]))
            values[t] = self.operated(sum(inputs[1:], inputs[0]), t, operations[t - 1])
        outputs = [values[t] for t in range(1, last) if matrix[t][last]]
        joined = [torch.cat(outputs, dim=1)] if outputs else []
        if matrix[0][last]:
            joined.append(self.projections[-1](image, self.out_channels))
        return sum(joined[1:], joined[0])

    def operated(self, image: Tensor, vertex: int, operation: int) -> Tensor:
        """The operation of a vertex, with the weights of its slot."""
        if operation == MAXPOOL3X3:
            return self.maxpool(image)  # type: ignore[no-any-return]
        slots = {CONV3X3: self.conv3x3, CONV1X1: self.conv1x1}[operation]
        return slots[vertex - 1](image, image.shape[1])  # type: ignore[no-any-return]


class PlainSupernet(nn.Module):
    """Stem, stacks of modules with 2x2 max-pooling between them, global average pooling, one dense layer."""

    def __init__(self, vertices: int, skeleton: Skeleton) -> None:
        super().__init__()
        channels, momentum = skeleton.width, skeleton.batch_norm_momentum
        self.stem = Convolution(skeleton.image_channels, channels, 3, momentum)
        self.stacks = nn.ModuleList()
        for stack in range(skeleton.stacks):
            cells, width = nn.ModuleList(), skeleton.width * 2**stack
            for _ in range(skeleton.modules):
                cells.append(PlainCell(channels, width, vertices - 2, momentum))
                channels = width
            self.stacks.append(cells)
        self.classifier = nn.Linear(channels, skeleton.classes)

    def forward(self, images: Tensor, cell: MatrixAndOperations) -> Tensor:
        """Logits (batch, classes) of standardised images."""
        image = self.stem(images, self.stem.conv.out_channels)
        for number, cells in enumerate(self.stacks):
            if number:
                image = functional.max_pool2d(image, 2, ceil_mode=True)
            for each in cells:  # type: ignore[attr-defined]
                image = each(image, *cell)
        logits: Tensor = self.classifier(image.mean(dim=(2, 3)))
        return logits


def plain_copy(shared: NASBench101Supernet, device: torch.device) -> PlainSupernet:
    """The plain network of the same sizes and weights."""
    with torch.device("meta"):
        plain = PlainSupernet(shared.vertices, shared.skeleton)
    plain.to_empty(device=device)
    ours = (module for module in shared.modules() if isinstance(module, SharedConvolution))
    theirs = (module for module in plain.modules() if isinstance(module, Convolution))
    for a, b in zip(ours, theirs, strict=True):
        values = (a.scale, a.shift, a.running_mean, a.running_variance, torch.tensor(0))
        b.norm.load_state_dict(dict(zip(b.norm.state_dict(), values, strict=True)))
        b.conv.load_state_dict({"weight": a.weight})
    plain.classifier.load_state_dict(shared.classifier.state_dict())
    return plain


class PlainLoop:
    """Trains and scores one cell at a time; random numbers come from `generator`."""

    def __init__(self, network: PlainSupernet, data: Images, recipe: ImageRecipe, generator: torch.Generator) -> None:
        self.network, self.data, self.recipe, self.generator = network, data, recipe, generator
        part = recipe.training
        self.sgd = torch.optim.SGD(
            network.parameters(), part.learning_rate, part.momentum, weight_decay=part.weight_decay
        )
        self.training = self._batches()

    def update(self, cell: MatrixAndOperations) -> Tensor:
        """Take one step on the next training batch; returns its loss."""
        return self.step(*next(self.training), cell)

    def step(self, images: Tensor, labels: Tensor, cell: MatrixAndOperations) -> Tensor:
        """Take one step on a batch; unused weights have gradients of zero, so that decay and momentum move them."""
        self.network.train()
        loss = functional.cross_entropy(self.network(images, cell), labels)
        self.sgd.zero_grad(set_to_none=False)
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(self.network.parameters(), self.recipe.training.clip)
        self.sgd.step()
        return loss.detach()

    @torch.no_grad()
    def recalibrate(self, cell: MatrixAndOperations) -> None:
        """Set the running statistics from training images (megvii-model/SinglePathOneShot, src/Search/tester.py)."""
        norms = [module for module in self.network.modules() if isinstance(module, nn.BatchNorm2d)]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the plain average over all batches
        self.network.train()
        part = self.recipe.evaluation
        for images in torch.split(self.data.train.images[: part.recalibration_images], part.batch):
            self.network(self.data.standardised(images), cell)
        for norm in norms:
            norm.momentum = self.recipe.network.batch_norm_momentum

    @torch.no_grad()
    def accuracy(self, cell: MatrixAndOperations) -> float:
        """The accuracy on the validation split, with the running statistics."""
        self.network.eval()
        split, size, right = self.data.validation, self.recipe.evaluation.batch, 0
        for images, labels in zip(torch.split(split.images, size), torch.split(split.labels, size), strict=True):
            logits = self.network(self.data.standardised(images), cell)
            right += int((logits.argmax(1) == labels).sum())
        return right / len(split)

    def _batches(self) -> Iterator[tuple[Tensor, Tensor]]:
        split, size = self.data.train, self.recipe.training.batch_size
        while True:
            order = torch.randperm(len(split), generator=self.generator).to(self.data.device)
            for index in torch.split(order, size):
                images, labels = split.images[index], split.labels[index]
                yield self.data.standardised(self._moved(images)), labels

    def _moved(self, images: Tensor) -> Tensor:
        """Crop randomly after padding, and flip, a whole batch at once."""
        part, (count, _, height, width) = self.recipe.data, images.shape
        if part.crop:
            padded = functional.pad(images, (part.crop,) * 4)
            rows, columns = (self._draws(2 * part.crop + 1, count) + self._span(n) for n in (height, width))
            batch = self._span(count)[:, None, None]
            images = padded[batch, :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).contiguous()
        if part.flip:
            images = torch.where(self._draws(2, count)[:, :, None, None].bool(), images.flip(3), images)
        return images

    def _draws(self, high: int, count: int) -> Tensor:
        return torch.randint(high, (count, 1), generator=self.generator).to(self.data.device)

    def _span(self, size: int) -> Tensor:
        return torch.arange(size, device=self.data.device)
