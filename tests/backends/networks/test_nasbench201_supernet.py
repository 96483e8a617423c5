"""Paths and mixtures of the NAS-Bench-201 supernet against stand-alone networks of the same weights."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from backends.networks.nasbench101 import Skeleton
from backends.networks.nasbench201 import NASBench201Cell, NASBench201Network, ReductionBlock
from backends.networks.nasbench201_supernet import (
    NASBench201Supernet,
    PlainConvolution,
    SharedNorm,
    allocate,
    initialise,
)
from backends.networks.shared_convolution import (
    BatchNormalisation,
    Recalibration,
    SharedConvolution,
    batch_statistics,
    running_statistics,
    training_statistics,
)
from harness.core.errors import SettingError
from harness.core.space import Architecture
from harness.spaces.nasbench201 import EDGES
from tests.backends.networks.test_nasbench201 import CELLS, PUBLISHED, SPACE, images

SIZES = Skeleton(width=2, stacks=3, modules=2, image_channels=2, classes=4, batch_norm_momentum=0.3)
CLOSE = {"rtol": 1e-12, "atol": 1e-12}
NONE, SKIP, CONV1X1, CONV3X3, AVERAGE = range(5)


def supernet(sizes: Skeleton = SIZES) -> NASBench201Supernet:
    """In double precision, with no value at its default."""
    network, generator = allocate(sizes), torch.Generator().manual_seed(4)
    initialise(network, generator)
    network.double()
    for module in network.modules():
        if isinstance(module, SharedConvolution):
            learned = [] if isinstance(module, PlainConvolution) else [module.scale.data, module.shift.data]
            for values in (*learned, module.running_mean, module.running_variance):
                values += 0.5 * torch.rand(values.shape, generator=generator, dtype=values.dtype)
    return network


def some_cells(count: int) -> list[tuple[int, ...]]:
    drawn = SPACE.sample_many(np.random.default_rng(0), count).tolist()
    return [*(SPACE.parse(text).choices for text in (*CELLS.values(), PUBLISHED)), *map(tuple, drawn)]


def pairs(network: NASBench201Supernet, alone: NASBench201Network) -> Iterator[tuple[Tensor, Tensor]]:
    """Every tensor of the stand-alone network with the supernet's, by a second reading of which it uses."""
    stem, norm, *layers, last, _ = alone.features
    yield network.stem.weight, stem.weight
    yield from norm_pairs(network.stem, norm)
    cells = zip(network.cells, (layer for layer in layers if isinstance(layer, NASBench201Cell)), strict=True)
    for shared, cell in cells:
        for edge, operation in zip(cell.edges, cell.operations, strict=True):
            if isinstance(operation, nn.Sequential):
                row = shared.conv3x3 if operation[1].kernel_size == (3, 3) else shared.conv1x1
                yield from layer_pairs(row[EDGES.index(edge)], operation)
    blocks = zip(network.reductions, (layer for layer in layers if isinstance(layer, ReductionBlock)), strict=True)
    for shared_block, block in blocks:
        yield from layer_pairs(shared_block.first, block.first)
        yield from layer_pairs(shared_block.second, block.second)
        yield shared_block.projection.weight, block.projection.weight
    yield from norm_pairs(network.last, last)
    yield network.classifier.weight, alone.classifier.weight
    assert alone.classifier.bias is not None
    yield network.classifier.bias, alone.classifier.bias


def layer_pairs(shared: SharedConvolution, layer: nn.Sequential) -> Iterator[tuple[Tensor, Tensor]]:
    yield shared.weight, layer[1].weight
    yield from norm_pairs(shared, layer[2])


def norm_pairs(shared: SharedConvolution, norm: nn.BatchNorm2d) -> Iterator[tuple[Tensor, Tensor]]:
    yield from ((shared.scale, norm.weight), (shared.shift, norm.bias))
    assert norm.running_mean is not None
    assert norm.running_var is not None
    yield from ((shared.running_mean, norm.running_mean), (shared.running_variance, norm.running_var))


def alone_of(network: NASBench201Supernet, operations: tuple[int, ...]) -> NASBench201Network:
    alone = NASBench201Network(operations, SIZES).double()
    with torch.no_grad():
        for shared, own in pairs(network, alone):
            own.copy_(shared.reshape(own.shape))
    return alone


def rows(operations: tuple[int, ...]) -> list[Tensor]:
    return [torch.tensor(row, dtype=torch.float64) for row in SPACE.one_hot(Architecture(operations))]


def test_a_path_has_the_logits_and_gradients_of_the_stand_alone_network_of_its_weights() -> None:
    network, batch = supernet(), images()
    for operations in some_cells(25):
        alone = alone_of(network, operations)
        network.zero_grad()
        logits, expected = network.path(batch, operations, batch_statistics), alone(batch)
        torch.testing.assert_close(logits, expected, **CLOSE)
        logits.square().sum().backward()
        expected.square().sum().backward()
        for shared, own in pairs(network, alone):
            if isinstance(shared, nn.Parameter) and own.grad is not None:
                assert shared.grad is not None
                torch.testing.assert_close(shared.grad.reshape(own.shape), own.grad, **CLOSE)
                shared.grad = None
        assert not any(each.grad is not None and each.grad.any() for each in network.parameters())


def test_running_averages_move_and_serve_as_those_of_the_stand_alone_network() -> None:
    network = supernet()
    for operations in some_cells(5):
        alone = alone_of(network, operations)
        network.path(images(), operations, training_statistics)
        alone.train()(images())
        for shared, own in pairs(network, alone):
            torch.testing.assert_close(shared.reshape(own.shape), own, **CLOSE)
        evaluated = network.path(images(3), operations, running_statistics)
        torch.testing.assert_close(evaluated, alone.eval()(images(3)), **CLOSE)


def recalibrated(network: NASBench201Supernet, operations: tuple[int, ...], *, mixed: bool) -> BatchNormalisation:
    collected = Recalibration()
    if mixed:
        network.mixture(images(), rows(operations), collected)
    else:
        network.path(images(), operations, collected)
    return collected.frozen()


@pytest.mark.parametrize("statistics", ["batch", "training", "running", "recalibrated"])
def test_a_one_hot_mixture_is_the_path(statistics: str) -> None:
    network, batch = supernet(), images(7)
    for operations in some_cells(25):
        norms: tuple[BatchNormalisation, BatchNormalisation]
        if statistics == "recalibrated":
            norms = recalibrated(network, operations, mixed=False), recalibrated(network, operations, mixed=True)
        else:
            norm = {"batch": batch_statistics, "training": training_statistics, "running": running_statistics}[
                statistics
            ]
            norms = norm, norm
        path = network.path(batch, operations, norms[0])
        torch.testing.assert_close(network.mixture(batch, rows(operations), norms[1]), path, **CLOSE)


def test_a_mixture_of_two_operations_on_the_last_edge_lies_between_the_nodes() -> None:
    """Without what follows the cell: the last edge of a single cell enters its node linearly."""
    network = supernet(Skeleton(3, 1, 1, 2, 4, 0.3))
    cell, image, norm = network.cells[0], images(channels=3), batch_statistics
    ends = [cell.path(image, (CONV3X3, SKIP, AVERAGE, NONE, CONV1X1, kind), norm) for kind in (CONV3X3, AVERAGE)]
    weights = rows((CONV3X3, SKIP, AVERAGE, NONE, CONV1X1, NONE))
    weights[5] = torch.tensor([0.0, 0.0, 0.0, 0.3, 0.7], dtype=torch.float64)
    torch.testing.assert_close(cell.mixture(image, weights, norm), 0.3 * ends[0] + 0.7 * ends[1], **CLOSE)


def test_slopes_in_the_mixture_are_those_of_finite_differences() -> None:
    network, generator = supernet(Skeleton(2, 2, 1, 2, 4, 0.3)), torch.Generator().manual_seed(8)
    weights = torch.rand(6, 5, generator=generator, dtype=torch.float64).requires_grad_()
    batch = images(3, 4)
    assert torch.autograd.gradcheck(
        lambda mixture: network.mixture(batch, list(mixture), batch_statistics), (weights,), eps=1e-7, atol=1e-4
    )


def test_edges_have_no_scale_and_no_shift_and_nothing_gives_nothing() -> None:
    network = supernet()
    names = {name for name, _ in network.named_parameters()}
    assert not any("conv" in name and ("scale" in name or "shift" in name) for name in names)
    assert {"stem.scale", "last.shift", "reductions.0.first.scale", "classifier.bias"} <= names
    image = torch.zeros(2, 2, 4, 4, dtype=torch.float64)
    for kind in (CONV1X1, CONV3X3, AVERAGE, SKIP):
        assert not network.cells[0].path(image, (kind,) * 6, batch_statistics).any()


def test_it_has_two_convolutions_an_edge_and_what_the_smallest_stand_alone_network_has() -> None:
    network = allocate(Skeleton(width=16, modules=5))
    edges = 15 * 6
    convolutions = 5 * 6 * sum(c * c * 10 for c in (16, 32, 64))
    assert sum(each.numel() for each in network.parameters()) == 73_306 + convolutions
    assert sum(isinstance(module, PlainConvolution) for module in network.modules()) == 2 * edges


def test_weights_follow_from_the_generator_alone_and_nothing_is_left_undrawn() -> None:
    before = torch.get_rng_state()
    one, other = allocate(SIZES), allocate(SIZES)
    for network in (one, other):
        initialise(network, torch.Generator().manual_seed(9))
    assert (torch.get_rng_state() == before).all()
    for (name, mine), theirs in zip(one.state_dict().items(), other.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs), name
        assert mine.isfinite().all()
        assert mine.any() != name.endswith(("shift", "running_mean"))
    assert not hasattr(SharedNorm(3, 0.1), "weight")


def test_sizes_that_no_such_network_has_are_refused() -> None:
    for sizes in (Skeleton(4, replicas=2), Skeleton(4, stem=2)):
        with pytest.raises(SettingError, match="is one network, whose stem"):
            allocate(sizes)
