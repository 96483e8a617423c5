"""The NAS-Bench-101 supernet, which holds the weights of every cell up to a number of vertices.

After eval-nas, search_policies/cnn/search_space/nas_bench/model_search.py, operations.py and model.py: every module has
slots for the interior vertices, and every slot has its own weights for every operation. A cell uses slot t for its
vertex t and, of every convolution, as many channels as its vertex has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from backends.networks.nasbench101 import CONV1X1, CONV3X3, MAXPOOL3X3, Skeleton, draw_convolution, sum_of
from backends.networks.nasbench101_paths import (
    OUTPUT,
    CellPath,
    CellPlan,
    ChannelSelection,
    PathVertex,
    cell_plan,
    first_channels,
)
from backends.networks.nasbench101_relaxed import MixtureCoefficients, RelaxedCell
from backends.networks.shared_convolution import BatchNormalisation, SharedConvolution, convolve
from harness.core.errors import SettingError, SpaceError
from harness.spaces.nasbench101_keys import MOST_VERTICES


class NASBench101SharedCell(nn.Module):
    """One module for every cell: (batch, in_channels, h, w) to (batch, out_channels, h, w).

    The slot of an interior vertex has a 1x1 convolution of the module's input, and a 3x3 and a 1x1 convolution of all
    output channels. The module has a 1x1 convolution from its input to its output. Pooling has no weights.
    """

    projections: Sequence[SharedConvolution]
    conv3x3: Sequence[SharedConvolution]
    conv1x1: Sequence[SharedConvolution]

    def __init__(self, in_channels: int, out_channels: int, interior: int, momentum: float) -> None:
        super().__init__()
        self.channels = out_channels
        self.projections = _convolution_list(interior + 1, in_channels, out_channels, 1, momentum)
        self.conv3x3 = _convolution_list(interior, out_channels, out_channels, 3, momentum)
        self.conv1x1 = _convolution_list(interior, out_channels, out_channels, 1, momentum)

    def path(self, image: Tensor, cell: CellPlan, norm: BatchNormalisation, slices: ChannelSelection) -> Tensor:
        """The output of one cell."""
        projected = self._projected(image, cell, norm, slices)
        values: dict[int, Tensor] = {}
        for vertex in cell.interior:
            inputs = [values[source][:, : vertex.channels] for source in vertex.sources]
            if vertex.index - 1 in projected:
                inputs.append(projected[vertex.index - 1])
            values[vertex.index] = self._operated(sum_of(inputs), vertex, norm, slices)
        outputs = [values[vertex] for vertex in cell.outputs]
        joined = [torch.cat(outputs, dim=1) if len(outputs) > 1 else outputs[0]] if outputs else []
        return sum_of([*joined, projected[OUTPUT]] if OUTPUT in projected else joined)

    def mixture(self, image: Tensor, cells: MixtureCoefficients, norm: BatchNormalisation) -> Tensor:
        """The output of a mixture of cells, which computes all operations of all vertices at the full width."""
        wide = convolve(image, [projection.whole() for projection in self.projections], norm)
        *projected, direct = torch.split(wide, self.channels, dim=1)
        values: list[Tensor] = []
        for t, (conv3x3, conv1x1, pooling) in enumerate(cells.operations):
            sources = (projected[t], *values)
            total = sum_of([cells.inputs[s][t] * source for s, source in enumerate(sources)])
            masked = cells.masks[t] * total
            value = conv3x3 * convolve(masked, [self.conv3x3[t].whole()], norm)
            value = value + conv1x1 * convolve(masked, [self.conv1x1[t].whole()], norm)
            values.append(value + pooling * _pooled(total))
        joined = [functional.conv2d(torch.cat(values, dim=1), cells.outputs)] if values else []
        return sum_of([*joined, cells.projection * direct])

    def _projected(
        self, image: Tensor, cell: CellPlan, norm: BatchNormalisation, slices: ChannelSelection
    ) -> dict[int, Tensor]:
        """The projections of the module's input by place, computed by one wide convolution."""
        if not cell.projections:
            return {}
        parts = [self.projections[place].part(slices(n, self.channels), n) for place, n in cell.projections]
        split = torch.split(convolve(image, parts, norm), [part.channels for part in parts], dim=1)
        return {place: value for (place, _), value in zip(cell.projections, split, strict=True)}

    def _operated(
        self, image: Tensor, vertex: PathVertex, norm: BatchNormalisation, slices: ChannelSelection
    ) -> Tensor:
        if vertex.operation == MAXPOOL3X3:
            return _pooled(image)
        convolutions = {CONV3X3: self.conv3x3, CONV1X1: self.conv1x1}[vertex.operation]
        part = convolutions[vertex.index - 1].part(slices(vertex.channels, self.channels), vertex.channels)
        return convolve(image, [part], norm, start=slices(vertex.channels, self.channels))


class NASBench101Supernet(nn.Module):
    """Stem, stacks of shared modules with 2x2 max-pooling between them, global average pooling, one dense layer.

    It holds cells of at most `vertices` vertices, 2 to 7. Raises SettingError for impossible sizes.
    """

    cells: Sequence[NASBench101SharedCell]

    def __init__(self, vertices: int, skeleton: Skeleton) -> None:
        super().__init__()
        _require_sizes(vertices, skeleton)
        self.vertices, self.skeleton = vertices, skeleton
        channels = skeleton.width if skeleton.stem is None else skeleton.stem
        self.stem = SharedConvolution(skeleton.image_channels, channels, 3, skeleton.batch_norm_momentum)
        cells = []
        for index in range(skeleton.stacks * skeleton.modules):
            width = skeleton.width * 2 ** (index // skeleton.modules)
            cells.append(NASBench101SharedCell(channels, width, vertices - 2, skeleton.batch_norm_momentum))
            channels = width
        self.cells = nn.ModuleList(cells)  # type: ignore[assignment]
        self.classifier = nn.Linear(channels, skeleton.classes)

    def path(
        self, images: Tensor, cell: CellPath, norm: BatchNormalisation, slices: ChannelSelection = first_channels
    ) -> Tensor:
        """Logits (batch, classes) of one cell; raises SpaceError if it has too many vertices or no path."""
        if len(cell.matrix) > self.vertices:
            raise SpaceError(f"a cell of {len(cell.matrix)} vertices does not fit a supernet of {self.vertices}")
        return self._logits(
            images, norm, lambda each, image: each.path(image, cell_plan(cell, each.channels), norm, slices)
        )

    def mixture(self, images: Tensor, edges: Tensor, operations: Tensor, norm: BatchNormalisation) -> Tensor:
        """Logits (batch, classes) of a mixture, differentiable in `edges` (V, V) and `operations` (V-2, 3).

        Only edges above the diagonal are used; the operations are conv3x3, conv1x1, max-pooling. At one-hot weights the
        logits equal those of `path` with the first channels, also for cells with dead parts. There the gradient of an
        absent edge is one of several subgradients if pooling sees only zeros of a ReLU. All channels of all operations
        are computed, so that `training_statistics` moves every running average.
        """
        relaxation = RelaxedCell(edges, operations)
        by_width = {width: relaxation.coefficients(width) for width in {cell.channels for cell in self.cells}}
        return self._logits(images, norm, lambda each, image: each.mixture(image, by_width[each.channels], norm))

    def _logits(
        self, images: Tensor, norm: BatchNormalisation, apply: Callable[[NASBench101SharedCell, Tensor], Tensor]
    ) -> Tensor:
        # Channels-last memory makes concatenation and splitting of channels cheap on a processor.
        image = convolve(images.contiguous(memory_format=torch.channels_last), [self.stem.whole()], norm)
        for index, cell in enumerate(self.cells):
            if index and index % self.skeleton.modules == 0:
                image = functional.max_pool2d(image, 2, ceil_mode=True)
            image = apply(cell, image)
        logits: Tensor = self.classifier(image.mean(dim=(2, 3)))
        return logits


def allocate(vertices: int, skeleton: Skeleton) -> NASBench101Supernet:
    """A supernet in channels-last memory with undefined weights, for `initialise`; uses no random generator."""
    with torch.device("meta"):
        supernet = NASBench101Supernet(vertices, skeleton)
    return supernet.to_empty(device="cpu").to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def initialise(supernet: NASBench101Supernet, generator: torch.Generator) -> None:
    """Draw all weights at the full width, as in the stand-alone network, and reset batch normalisation.

    Convolutions: truncated normal of variance 1 / fan-in; dense layer: Glorot uniform, zero bias.
    """
    for module in supernet.modules():
        if isinstance(module, SharedConvolution):
            draw_convolution(module.weight, generator)
            nn.init.ones_(module.scale)
            nn.init.zeros_(module.shift)
            module.running_mean.zero_()
            module.running_variance.fill_(1)
    nn.init.xavier_uniform_(supernet.classifier.weight, generator=generator)
    nn.init.zeros_(supernet.classifier.bias)


def _require_sizes(vertices: int, skeleton: Skeleton) -> None:
    if vertices not in range(2, MOST_VERTICES + 1):
        raise SettingError(f"a supernet cannot have {vertices!r} vertices: it must be a whole number from 2 to 7")
    if skeleton.replicas != 1:
        raise SettingError(f"a supernet is one network, but the skeleton has {skeleton.replicas!r} replicas; use 1")
    if skeleton.width < vertices - 2:
        raise SettingError(
            f"setting 'width' cannot be {skeleton.width!r}: {vertices - 2} vertices need a channel each; use more"
        )


def _convolution_list(
    length: int, in_channels: int, out_channels: int, kernel: int, momentum: float
) -> Sequence[SharedConvolution]:
    convolutions = (SharedConvolution(in_channels, out_channels, kernel, momentum) for _ in range(length))
    return nn.ModuleList(convolutions)  # type: ignore[return-value]


def _pooled(image: Tensor) -> Tensor:
    return functional.max_pool2d(image, 3, stride=1, padding=1)
