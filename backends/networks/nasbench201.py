"""The NAS-Bench-201 network around one cell (Dong and Yang 2020, Sec. 2.1 and Fig. 1).

After AutoDL-Projects, models/cell_infers/tiny_network.py and cells.py, and models/cell_operations.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor, nn

from backends.networks.nasbench101 import Skeleton
from harness.spaces.nasbench201 import EDGES, NODES

NONE, SKIP, CONV1X1, CONV3X3, AVERAGE = range(5)
"""The operations in the order of the space's options."""

SKELETON = Skeleton(width=16, stacks=3, modules=5, batch_norm_momentum=0.1)
"""The benchmark's sizes: 16, 32 and 64 channels, five cells a stage."""


class ReluConvBatchNorm(nn.Sequential):
    """ReLU, convolution without bias and batch normalisation, once for each replica."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, skeleton: Skeleton, stride: int = 1) -> None:
        super().__init__(
            nn.ReLU(),
            _convolution(in_channels, out_channels, kernel, skeleton, stride),
            _batch_norm(out_channels, skeleton),
        )


class NASBench201Cell(nn.Module):
    """One cell, which keeps the shape (batch, replicas * channels, h, w): a node is the sum of its inputs, or zero.

    As published, all operations are computed, also those without a path to the output, and the convolution of a node
    that is zero gives the shift of its batch normalisation.
    """

    def __init__(self, channels: int, operations: Sequence[int], skeleton: Skeleton) -> None:
        super().__init__()
        chosen = [(edge, kind) for edge, kind in zip(EDGES, operations, strict=True) if kind != NONE]
        self.edges = tuple(edge for edge, _ in chosen)
        self.operations = nn.ModuleList(_operation(kind, channels, skeleton) for _, kind in chosen)

    def forward(self, image: Tensor) -> Tensor:
        """The value of the last node."""
        return cell_output(image, zip(self.edges, self.operations, strict=True))


def cell_output(image: Tensor, operations: Iterable[tuple[tuple[int, int], Callable[[Tensor], Tensor]]]) -> Tensor:
    """The value of the last node; ``operations`` holds edges (source, node) with operations, in the order of EDGES."""
    values: list[Tensor | None] = [image, *([None] * (NODES - 1))]
    for (source, node), operation in operations:
        term, before = operation(_or_zero(values[source], image)), values[node]
        values[node] = term if before is None else before + term
    return _or_zero(values[-1], image)


class ReductionBlock(nn.Module):
    """The residual block between stages: halves height and width, rounded up, and changes the channels.

    It adds two convolutions to a shortcut of 2x2 average pooling and a 1x1 convolution without batch normalisation.
    """

    def __init__(self, in_channels: int, out_channels: int, skeleton: Skeleton) -> None:
        super().__init__()
        self.first = ReluConvBatchNorm(in_channels, out_channels, 3, skeleton, stride=2)
        self.second = ReluConvBatchNorm(out_channels, out_channels, 3, skeleton)
        # The ceiling matches the strided convolution on images of odd size, which the benchmark does not have.
        self.pool = nn.AvgPool2d(2, ceil_mode=True)
        self.projection = _convolution(in_channels, out_channels, 1, skeleton)

    def forward(self, image: Tensor) -> Tensor:
        """The sum of both branches."""
        both: Tensor = self.projection(self.pool(image)) + self.second(self.first(image))
        return both


class NASBench201Network(nn.Module):
    """Stem, stages of cells with a residual block between them, batch normalisation, ReLU, average, one dense layer.

    Images are (batch, replicas * image_channels, h, w); logits are (batch, replicas * classes), replica by replica. The
    skeleton's ``stem`` is not used: the stem is as wide as the first stage.
    """

    def __init__(self, operations: Sequence[int], skeleton: Skeleton = SKELETON) -> None:
        super().__init__()
        channels = skeleton.width
        layers: list[nn.Module] = [
            _convolution(skeleton.image_channels, channels, 3, skeleton),
            _batch_norm(channels, skeleton),
        ]
        for stage in range(skeleton.stacks):
            if stage:
                layers.append(ReductionBlock(channels, 2 * channels, skeleton))
                channels *= 2
            layers += [NASBench201Cell(channels, operations, skeleton) for _ in range(skeleton.modules)]
        self.features = nn.Sequential(*layers, _batch_norm(channels, skeleton), nn.ReLU())
        # A 1x1 convolution in groups is the dense layer of each replica.
        self.classifier = _convolution(channels, skeleton.classes, 1, skeleton, bias=True)

    def forward(self, images: Tensor) -> Tensor:
        """Logits of each image."""
        logits: Tensor = self.classifier(self.features(images).mean(dim=(2, 3), keepdim=True))
        return logits.flatten(1)


def initialise(network: NASBench201Network, generators: Sequence[torch.Generator]) -> None:
    """Draw the weights of replica r from generator r alone, so that they do not depend on the other replicas.

    The distribution is PyTorch's default, which the benchmark uses: see ``draw_uniform``.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            fan_in, drawn = module.weight.shape[1:].numel(), [module.weight]
            drawn += [] if module.bias is None else [module.bias]
            for values in drawn:
                for part, generator in zip(values.chunk(len(generators)), generators, strict=True):
                    draw_uniform(part, fan_in, generator)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()


def draw_uniform(values: Tensor, fan_in: int, generator: torch.Generator) -> None:
    """Fill weights or biases uniformly from [-b, b] with b = 1 / sqrt(``fan_in``)."""
    bound = 1 / math.sqrt(fan_in)
    nn.init.uniform_(values, -bound, bound, generator=generator)


def average_pooling() -> nn.AvgPool2d:
    """3x3 average pooling over the pixels inside the image."""
    return nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False)


def _operation(kind: int, channels: int, skeleton: Skeleton) -> nn.Module:
    if kind == SKIP:
        return nn.Identity()
    if kind == AVERAGE:
        return average_pooling()
    return ReluConvBatchNorm(channels, channels, {CONV1X1: 1, CONV3X3: 3}[kind], skeleton)


def _convolution(
    in_channels: int, out_channels: int, kernel: int, skeleton: Skeleton, stride: int = 1, *, bias: bool = False
) -> nn.Conv2d:
    groups = skeleton.replicas
    sizes = groups * in_channels, groups * out_channels, kernel
    return nn.Conv2d(*sizes, stride=stride, padding=kernel // 2, groups=groups, bias=bias)


def _batch_norm(channels: int, skeleton: Skeleton) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(skeleton.replicas * channels, momentum=skeleton.batch_norm_momentum)


def _or_zero(value: Tensor | None, like: Tensor) -> Tensor:
    return torch.zeros_like(like) if value is None else value
