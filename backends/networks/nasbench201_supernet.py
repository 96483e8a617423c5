"""The NAS-Bench-201 supernet, which holds the weights of every cell.

After AutoDL-Projects, models/cell_searchs (search_cells.py, NAS201SearchCell; search_model_darts.py, TinyNetworkDarts):
every edge of every cell has its own convolution for each of the two kernel sizes. As published, the batch normalisation
of these convolutions has no scale and no shift, so that neither can compensate for the weight of an operation in a
mixture; stem, residual blocks and head have both. The published convolutions have a bias, which batch statistics
cancel; here they have none, so that the convolution of zeros is zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import pairwise
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from backends.networks.nasbench101 import Skeleton
from backends.networks.nasbench201 import (
    AVERAGE,
    CONV1X1,
    CONV3X3,
    NONE,
    SKIP,
    average_pooling,
    cell_output,
    draw_uniform,
)
from backends.networks.shared_convolution import BatchNormalisation, SharedConvolution
from harness.core.errors import SettingError
from harness.spaces.nasbench201 import EDGES, OPERATIONS

Module = TypeVar("Module", bound=nn.Module)


class PlainConvolution(SharedConvolution):
    """A convolution whose batch normalisation has the fixed scale 1 and shift 0."""

    def __init__(self, channels: int, kernel: int, momentum: float) -> None:
        super().__init__(channels, channels, kernel, momentum)
        del self.scale, self.shift
        self.register_buffer("scale", torch.ones(channels))
        self.register_buffer("shift", torch.zeros(channels))


class SharedNorm(SharedConvolution):
    """A batch normalisation: a shared convolution without weights."""

    def __init__(self, channels: int, momentum: float) -> None:
        super().__init__(0, channels, 1, momentum)
        del self.weight


class NASBench201SharedCell(nn.Module):
    """One cell with a convolution of each kernel size on each edge; keeps the shape (batch, channels, h, w)."""

    conv1x1: Sequence[SharedConvolution]
    conv3x3: Sequence[SharedConvolution]

    def __init__(self, channels: int, momentum: float) -> None:
        super().__init__()
        self.conv1x1 = _convolution_list(channels, 1, momentum)
        self.conv3x3 = _convolution_list(channels, 3, momentum)
        self.pool = average_pooling()

    def path(self, image: Tensor, operations: Sequence[int], norm: BatchNormalisation) -> Tensor:
        """The output of one cell."""
        chosen = ((place, kind) for place, kind in enumerate(operations) if kind != NONE)
        return cell_output(
            image, ((EDGES[place], partial(self._operated, place, kind, norm)) for place, kind in chosen)
        )

    def mixture(self, image: Tensor, rows: Sequence[Tensor], norm: BatchNormalisation) -> Tensor:
        """The output of a mixture of cells: each edge computes the weighted sum of all operations."""
        mixed = (partial(self._mixed, place, row, norm) for place, row in enumerate(rows))
        return cell_output(image, zip(EDGES, mixed, strict=True))

    def _operated(self, place: int, kind: int, norm: BatchNormalisation, image: Tensor) -> Tensor:
        """The output of one operation, other than NONE, of the edge at ``place``."""
        if kind == SKIP:
            return image
        if kind == AVERAGE:
            pooled: Tensor = self.pool(image)
            return pooled
        return relu_conv_norm(image, {CONV1X1: self.conv1x1, CONV3X3: self.conv3x3}[kind][place], norm)

    def _mixed(self, place: int, row: Tensor, norm: BatchNormalisation, image: Tensor) -> Tensor:
        terms = [row[kind] * self._operated(place, kind, norm, image) for kind in range(NONE + 1, len(OPERATIONS))]
        return sum(terms[1:], start=terms[0])


class SharedReductionBlock(nn.Module):
    """The residual block between stages, which all cells share (see ``nasbench201.ReductionBlock``)."""

    def __init__(self, in_channels: int, out_channels: int, momentum: float) -> None:
        super().__init__()
        self.first = SharedConvolution(in_channels, out_channels, 3, momentum)
        self.second = SharedConvolution(out_channels, out_channels, 3, momentum)
        self.pool = nn.AvgPool2d(2, ceil_mode=True)
        self.projection = nn.Conv2d(in_channels, out_channels, 1, bias=False)

    def forward(self, image: Tensor, norm: BatchNormalisation) -> Tensor:
        """The sum of both branches."""
        projected: Tensor = self.projection(self.pool(image))
        return projected + relu_conv_norm(relu_conv_norm(image, self.first, norm, stride=2), self.second, norm)


class NASBench201Supernet(nn.Module):
    """Stem, stages of shared cells with a residual block between them, batch normalisation, average, one dense layer.

    Raises SettingError for impossible sizes.
    """

    cells: Sequence[NASBench201SharedCell]
    reductions: Sequence[SharedReductionBlock]

    def __init__(self, skeleton: Skeleton) -> None:
        super().__init__()
        if skeleton.replicas != 1 or skeleton.stem is not None:
            raise SettingError("a supernet of NAS-Bench-201 is one network, whose stem is as wide as its first stage")
        self.skeleton, momentum = skeleton, skeleton.batch_norm_momentum
        widths = [skeleton.width * 2**stage for stage in range(skeleton.stacks)]
        self.stem = SharedConvolution(skeleton.image_channels, skeleton.width, 3, momentum)
        cells = (NASBench201SharedCell(width, momentum) for width in widths for _ in range(skeleton.modules))
        reductions = (SharedReductionBlock(*pair, momentum) for pair in pairwise(widths))
        self.cells, self.reductions = _modules(cells), _modules(reductions)
        self.last = SharedNorm(widths[-1], momentum)
        self.classifier = nn.Linear(widths[-1], skeleton.classes)

    def path(self, images: Tensor, operations: Sequence[int], norm: BatchNormalisation) -> Tensor:
        """Logits (batch, classes) of the cell with these operations on its edges."""
        return self._logits(images, norm, lambda cell, image: cell.path(image, operations, norm))

    def mixture(self, images: Tensor, rows: Sequence[Tensor], norm: BatchNormalisation) -> Tensor:
        """Logits (batch, classes) of a mixture, one row of five weights an edge, differentiable in the weights.

        At one-hot weights this equals ``path``. All operations are computed, so that ``training_statistics`` moves
        every running average.
        """
        return self._logits(images, norm, lambda cell, image: cell.mixture(image, rows, norm))

    def _logits(
        self, images: Tensor, norm: BatchNormalisation, apply: Callable[[NASBench201SharedCell, Tensor], Tensor]
    ) -> Tensor:
        # Channels-last memory makes batch normalisation and small convolutions cheap on a processor.
        image = images.contiguous(memory_format=torch.channels_last)
        image = norm(functional.conv2d(image, self.stem.weight, padding=1), [self.stem.whole()])
        for index, cell in enumerate(self.cells):
            if index and index % self.skeleton.modules == 0:
                image = self.reductions[index // self.skeleton.modules - 1](image, norm)
            image = apply(cell, image)
        logits: Tensor = self.classifier(functional.relu(norm(image, [self.last.whole()])).mean(dim=(2, 3)))
        return logits


def relu_conv_norm(image: Tensor, convolution: SharedConvolution, norm: BatchNormalisation, stride: int = 1) -> Tensor:
    """ReLU, convolution and batch normalisation."""
    weight = convolution.weight
    value = functional.conv2d(functional.relu(image), weight, stride=stride, padding=weight.shape[-1] // 2)
    return norm(value, [convolution.whole()])


def allocate(skeleton: Skeleton) -> NASBench201Supernet:
    """A supernet in channels-last memory with undefined weights, for ``initialise``; uses no random generator."""
    with torch.device("meta"):
        supernet = NASBench201Supernet(skeleton)
    return supernet.to_empty(device="cpu").to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def initialise(supernet: NASBench201Supernet, generator: torch.Generator) -> None:
    """Draw all weights as in the stand-alone network, and reset batch normalisation."""
    for module in supernet.modules():
        if isinstance(module, SharedConvolution):
            nn.init.ones_(module.scale)
            nn.init.zeros_(module.shift)
            module.running_mean.zero_()
            module.running_variance.fill_(1)
        if isinstance(module, SharedConvolution | nn.Conv2d | nn.Linear) and not isinstance(module, SharedNorm):
            draw_uniform(module.weight, module.weight.shape[1:].numel(), generator)
    draw_uniform(supernet.classifier.bias, supernet.classifier.in_features, generator)


def _convolution_list(channels: int, kernel: int, momentum: float) -> Sequence[SharedConvolution]:
    return _modules(PlainConvolution(channels, kernel, momentum) for _ in EDGES)


def _modules(modules: Iterable[Module]) -> Sequence[Module]:
    return nn.ModuleList(modules)  # type: ignore[return-value]
