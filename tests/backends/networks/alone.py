"""One cell of a supernet as a stand-alone network, built by a second reading of which weights the cell uses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

from backends.networks.nasbench101 import NASBench101Cell, NASBench101Network, Skeleton, vertex_channels
from backends.networks.nasbench101_paths import CellPath
from backends.networks.nasbench101_supernet import NASBench101Supernet, allocate, initialise
from backends.networks.shared_convolution import SharedConvolution
from harness.spaces.nasbench101_keys import prune


class Use(NamedTuple):
    """A tensor of the stand-alone network (or some of its rows), and where the supernet holds the same values."""

    shared: Tensor
    region: tuple[slice, ...]
    alone: Tensor
    rows: slice = slice(None)


def supernet(
    vertices: int, width: int, *, stacks: int = 2, modules: int = 1, stem: int | None = None
) -> NASBench101Supernet:
    """A double-precision supernet in which no value is a default."""
    network = allocate(vertices, Skeleton(width, stacks, modules, 1, batch_norm_momentum=0.3, stem=stem))
    generator = torch.Generator().manual_seed(5)
    initialise(network, generator)
    network.double()
    for module in network.modules():
        if isinstance(module, SharedConvolution):
            for values in (module.scale, module.shift, module.running_mean, module.running_variance):
                values.data += 0.5 * torch.rand(values.shape, generator=generator, dtype=values.dtype)
    return network


def images(count: int = 6, seed: int = 2, size: int = 5) -> Tensor:
    return torch.randn(count, 1, size, size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def alone(network: NASBench101Supernet, path: CellPath) -> tuple[NASBench101Network, list[Use]]:
    """The stand-alone network of a path, with the weights and statistics of the supernet's first channels."""
    pruned = prune(path.matrix, range(len(path.matrix)))
    assert pruned is not None
    matrix, live = pruned
    single = NASBench101Network(matrix, [path.operations[t - 1] for t in live[1:-1]], network.skeleton).double()
    uses = list(pairs(network, single, live))
    with torch.no_grad():
        for use in uses:
            use.alone[use.rows] = use.shared[use.region].reshape(use.alone[use.rows].shape)
    return single, uses


def pairs(network: NASBench101Supernet, single: NASBench101Network, live: tuple[int, ...]) -> Iterator[Use]:
    """Every parameter and running statistic of the stand-alone network."""
    stem, *layers = single.features
    yield from layer_pairs(network.stem, stem, len(network.stem.scale))
    cells = [layer for layer in layers if isinstance(layer, NASBench101Cell)]
    for shared, cell in zip(network.cells, cells, strict=True):
        channels = vertex_channels(shared.channels, shared.channels, cell.matrix)
        row = 0
        for place in cell.projected:
            slot = shared.projections[-1 if place == len(live) - 1 else live[place] - 1]
            yield from layer_pairs(slot, cell.projection, channels[place], slice(row, row + channels[place]))
            row += channels[place]
        for place, operation in enumerate(cell.operations, start=1):
            if not isinstance(operation, nn.MaxPool2d):
                slots = shared.conv3x3 if operation[0].kernel_size == (3, 3) else shared.conv1x1
                yield from layer_pairs(slots[live[place] - 1], operation, channels[place])
    yield Use(network.classifier.weight, (slice(None),), single.classifier.weight)
    yield Use(network.classifier.bias, (slice(None),), single.classifier.bias)


def layer_pairs(
    shared: SharedConvolution, layer: nn.Sequential, channels: int, rows: slice = slice(None)
) -> Iterator[Use]:
    convolution, norm = layer[0], layer[1]
    first = slice(channels)
    yield Use(shared.weight, (first, slice(convolution.in_channels)), convolution.weight, rows)
    yield Use(shared.scale, (first,), norm.weight, rows)
    yield Use(shared.shift, (first,), norm.bias, rows)
    yield Use(shared.running_mean, (first,), norm.running_mean, rows)
    yield Use(shared.running_variance, (first,), norm.running_var, rows)
