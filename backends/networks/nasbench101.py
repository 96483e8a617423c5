"""The NAS-Bench-101 network around one cell, after nasbench/lib/model_builder.py and nasbench/lib/base_ops.py."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

Matrix = Sequence[Sequence[int]]
"""Strictly upper triangular 0/1 adjacency of a pruned cell; vertex 0 is the input and the last one the output."""

CONV3X3, CONV1X1, MAXPOOL3X3 = range(3)
"""Operation ids of interior vertices, in NAS-Bench-101's order of operations."""

_TRUNCATED_NORMAL_STD = 0.87962566103423978
"""Standard deviation of a unit normal cut at two; TensorFlow's variance scaling divides by it."""


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The sizes of the network around the cell; the defaults are those of NAS-Bench-101.

    `width` is the channel count of the first stack; it doubles before each later stack, while the image's height and
    width halve. `batch_norm_momentum` is PyTorch's (TensorFlow's 0.997 is 0.003 here). `replicas` networks of one cell,
    each with its own weights, run together in channel groups: they share kernel launches and nothing else. `stem` is
    the channel count between the image and the first stack (None: `width`); eval-nas has 128 with a width of 256.
    """

    width: int = 128
    stacks: int = 3
    modules: int = 3
    image_channels: int = 3
    classes: int = 10
    batch_norm_momentum: float = 0.003
    replicas: int = 1
    stem: int | None = None


def vertex_channels(in_channels: int, out_channels: int, matrix: Matrix) -> tuple[int, ...]:
    """Channels of every vertex (model_builder.py, compute_vertex_channels); earlier vertices take the remainder."""
    last = len(matrix) - 1
    channels = [in_channels] + [0] * (last - 1) + [out_channels]
    feeding = [v for v in range(1, last) if matrix[v][last]]
    for rank, vertex in enumerate(feeding):
        share, remainder = divmod(out_channels, len(feeding))
        channels[vertex] = share + (rank < remainder)
    for vertex in range(last - 2, 0, -1):
        if not matrix[vertex][last]:
            channels[vertex] = max(channels[t] for t in range(vertex + 1, last) if matrix[vertex][t])
    return tuple(channels)


class ConvBatchNormRelu(nn.Sequential):
    """Convolution without bias, batch normalisation and ReLU, once for each replica."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, skeleton: Skeleton) -> None:
        groups = skeleton.replicas
        super().__init__(
            nn.Conv2d(
                groups * in_channels, groups * out_channels, kernel, padding=kernel // 2, groups=groups, bias=False
            ),
            nn.BatchNorm2d(groups * out_channels, eps=1e-5, momentum=skeleton.batch_norm_momentum),
            nn.ReLU(inplace=True),
        )


class NASBench101Cell(nn.Module):
    """One module of the network: (batch, replicas * in_channels, h, w) to (batch, replicas * out_channels, h, w)."""

    def __init__(
        self, in_channels: int, out_channels: int, matrix: Matrix, operations: Sequence[int], skeleton: Skeleton
    ) -> None:
        super().__init__()
        self.replicas = skeleton.replicas
        self.matrix = tuple(tuple(int(edge) for edge in row) for row in matrix)
        self.channels = vertex_channels(in_channels, out_channels, self.matrix)
        self.projected = tuple(t for t in range(1, len(matrix)) if self.matrix[0][t])
        # Every edge from the input has its own projection; one wide convolution computes all projections.
        self.projection = ConvBatchNormRelu(in_channels, sum(self._projected_widths()), 1, skeleton)
        self.operations = nn.ModuleList(
            _operation(kind, width, skeleton) for kind, width in zip(operations, self.channels[1:-1], strict=True)
        )

    def _projected_widths(self) -> list[int]:
        return [self.channels[t] for t in self.projected]

    def forward(self, image: Tensor) -> Tensor:
        """Sum the inputs of each interior vertex, apply its operation, concatenate the inputs of the output vertex."""
        split = torch.split(self._by_replica(self.projection(image)), self._projected_widths(), dim=-1)
        projections = dict(zip(self.projected, split, strict=True))
        last = len(self.matrix) - 1
        values: dict[int, Tensor] = {}
        for t, operation in enumerate(self.operations, start=1):
            inputs = [values[s][..., : self.channels[t]] for s in range(1, t) if self.matrix[s][t]]
            if t in projections:
                inputs.append(projections[t])
            values[t] = self._by_replica(operation(_image(sum_of(inputs))))
        outputs = [values[t] for t in range(1, last) if self.matrix[t][last]]
        joined = [torch.cat(outputs, dim=-1) if len(outputs) > 1 else outputs[0]] if outputs else []
        return _image(sum_of([*joined, projections[last]] if last in projections else joined))

    def _by_replica(self, image: Tensor) -> Tensor:
        """View an image as (batch, h, w, replicas, channels), which costs nothing in channels-last memory."""
        return torch.unflatten(image.permute(0, 2, 3, 1), -1, (self.replicas, -1))


class NASBench101Network(nn.Module):
    """Stem, stacks of cells with 2x2 max-pooling between them, global average pooling, one dense layer.

    Images are (batch, replicas * image_channels, h, w); logits are (batch, replicas * classes), replica by replica.
    """

    def __init__(self, matrix: Matrix, operations: Sequence[int], skeleton: Skeleton | None = None) -> None:
        super().__init__()
        skeleton = skeleton or Skeleton()
        channels = skeleton.width if skeleton.stem is None else skeleton.stem
        layers: list[nn.Module] = [ConvBatchNormRelu(skeleton.image_channels, channels, 3, skeleton)]
        for stack in range(skeleton.stacks):
            width = skeleton.width * 2**stack
            if stack:
                layers.append(nn.MaxPool2d(2, ceil_mode=True))
            for _ in range(skeleton.modules):
                layers.append(NASBench101Cell(channels, width, matrix, operations, skeleton))
                channels = width
        self.features = nn.Sequential(*layers)
        # A 1x1 convolution in groups is the dense layer of each replica.
        self.classifier = nn.Conv2d(
            skeleton.replicas * channels, skeleton.replicas * skeleton.classes, 1, groups=skeleton.replicas
        )

    def forward(self, images: Tensor) -> Tensor:
        """Logits of each image."""
        pooled = self.features(images).mean(dim=(2, 3), keepdim=True)
        logits: Tensor = self.classifier(pooled)
        return logits.flatten(1)


def initialise(network: NASBench101Network, generators: Sequence[torch.Generator]) -> None:
    """Draw the weights of replica r from generator r alone, so that they do not depend on the other replicas.

    Convolutions: see `draw_convolution`; dense layer: Glorot uniform, zero bias.
    """
    for module in network.features.modules():
        if isinstance(module, nn.Conv2d):
            for part, generator in zip(module.weight.chunk(len(generators)), generators, strict=True):
                draw_convolution(part, generator)
    for part, generator in zip(network.classifier.weight.chunk(len(generators)), generators, strict=True):
        nn.init.xavier_uniform_(part, generator=generator)
    nn.init.zeros_(network.classifier.bias)  # type: ignore[arg-type]
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()


def draw_convolution(weight: Tensor, generator: torch.Generator) -> None:
    """Fill (out, in, kernel, kernel) from a normal of variance 1 / fan-in, cut at two deviations (base_ops.py)."""
    std = weight.shape[1:].numel() ** -0.5 / _TRUNCATED_NORMAL_STD
    nn.init.trunc_normal_(weight, std=std, a=-2 * std, b=2 * std, generator=generator)


def _operation(kind: int, channels: int, skeleton: Skeleton) -> nn.Module:
    if kind == MAXPOOL3X3:
        return nn.MaxPool2d(3, stride=1, padding=1)
    return ConvBatchNormRelu(channels, channels, {CONV3X3: 3, CONV1X1: 1}[kind], skeleton)


def _image(value: Tensor) -> Tensor:
    """View (batch, h, w, replicas, channels) as an image (batch, replicas * channels, h, w)."""
    return value.flatten(-2).permute(0, 3, 1, 2)


def sum_of(values: list[Tensor]) -> Tensor:
    """The sum of tensors of one shape, added in their order."""
    total = values[0]
    for value in values[1:]:
        total = total + value
    return total
