"""Ways to normalise against means computed by hand and against PyTorch's own module."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from backends.networks.nasbench101 import CONV1X1, CONV3X3, MAXPOOL3X3
from backends.networks.nasbench101_paths import CellPath
from backends.networks.shared_convolution import (
    Recalibration,
    SharedConvolution,
    batch_statistics,
    convolve,
    running_statistics,
    training_statistics,
)
from tests.backends.networks.alone import alone, images, supernet

CELL = CellPath(
    ((0, 1, 0, 1, 1), (0, 0, 0, 0, 1), (0, 0, 0, 0, 0), (0, 0, 0, 0, 1), (0, 0, 0, 0, 0)),
    (CONV3X3, MAXPOOL3X3, CONV1X1),
)


def convolution() -> SharedConvolution:
    shared = SharedConvolution(4, 6, 1, momentum=0.25).double()
    generator = torch.Generator().manual_seed(0)
    for values in (shared.weight, shared.scale, shared.shift, shared.running_mean, shared.running_variance):
        values.data = torch.rand(values.shape, generator=generator, dtype=torch.float64)
    return shared


def features(seed: int, count: int = 5) -> torch.Tensor:
    return torch.randn(count, 3, 2, 2, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def convolved(shared: SharedConvolution, image: torch.Tensor) -> torch.Tensor:
    """Output channels 2 to 4 from input channels 1 to 3, before normalisation."""
    return torch.einsum("oi,nihw->nohw", shared.weight[2:5, 1:4, 0, 0], image)


def test_recalibration_is_the_plain_mean_of_the_means_and_unbiased_variances_of_the_batches() -> None:
    shared, recalibration = convolution(), Recalibration()
    batches = [features(1), features(2, count=3), features(3)]
    for batch in batches:
        convolve(batch, [shared.part(2, 3)], recalibration, start=1)
    raw = [convolved(shared, batch) for batch in batches]
    mean = torch.stack([each.mean(dim=(0, 2, 3)) for each in raw]).mean(dim=0)
    variance = torch.stack([each.var(dim=(0, 2, 3), correction=1) for each in raw]).mean(dim=0)
    new = features(4)
    scaled = (convolved(shared, new) - mean[:, None, None]) / (variance + 1e-5).sqrt()[:, None, None]
    expected = (scaled * shared.scale[2:5, None, None] + shared.shift[2:5, None, None]).relu()
    torch.testing.assert_close(convolve(new, [shared.part(2, 3)], recalibration.frozen(), start=1), expected)


def test_recalibration_of_a_path_is_the_cumulative_average_of_pytorch_and_changes_nothing() -> None:
    network = supernet(5, 7)
    single, _ = alone(network, CELL)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    for module in single.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = None  # the plain average over all batches
            module.reset_running_stats()
    recalibration = Recalibration()
    for seed in range(4):
        network.path(images(seed=seed), CELL, recalibration)
        single(images(seed=seed))
    new = images(seed=9)
    torch.testing.assert_close(network.path(new, CELL, recalibration.frozen()), single.eval()(new))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_what_is_frozen_does_not_follow_later_batches() -> None:
    shared, recalibration = convolution(), Recalibration()
    part = [shared.part(2, 3)]
    convolve(features(1), part, recalibration)
    frozen = recalibration.frozen()
    before = convolve(features(5), part, frozen)
    convolve(features(2), part, recalibration)
    assert torch.equal(convolve(features(5), part, frozen), before)


def test_statistics_measured_for_other_channels_are_not_taken() -> None:
    shared, recalibration = convolution(), Recalibration()
    convolve(features(1), [shared.part(2, 3)], recalibration)
    with pytest.raises(KeyError):
        convolve(features(1), [shared.part(1, 3)], recalibration.frozen())


def test_parts_of_several_convolutions_are_computed_as_each_alone() -> None:
    for norm in (batch_statistics, running_statistics, training_statistics):
        together, apart = (convolution(), convolution()), (convolution(), convolution())
        wide = convolve(features(1), [together[0].part(1, 4), together[1].part(0, 2)], norm)
        each = [convolve(features(1), [part], norm) for part in (apart[0].part(1, 4), apart[1].part(0, 2))]
        torch.testing.assert_close(wide, torch.cat(each, dim=1))
        for one, other in zip(together, apart, strict=True):
            torch.testing.assert_close(one.state_dict(), other.state_dict())


def test_training_again_before_the_backward_pass_is_allowed() -> None:
    """Fair sampling adds up the gradients of several paths that share weights (Chu et al. 2019, Sec. 3)."""
    network = supernet(5, 7)
    first = network.path(images(seed=1), CELL, training_statistics).square().sum()
    second = network.path(images(seed=2), CELL, training_statistics).square().sum()
    (first + second).backward()
    together = network.stem.weight.grad.clone()
    network.zero_grad()
    for seed in (1, 2):
        network.path(images(seed=seed), CELL, batch_statistics).square().sum().backward()
    torch.testing.assert_close(network.stem.weight.grad, together)
