"""The NAS-Bench-201 network: published sizes, a second reading of its forward pass, and replicas that share nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from backends.networks.nasbench101 import Skeleton
from backends.networks.nasbench201 import SKELETON, NASBench201Network, initialise
from harness.spaces.nasbench201 import NASBench201
from tests.backends.networks.meta import allocate, count_parameters

SPACE = NASBench201()
SMALL = Skeleton(width=3, stacks=2, modules=2, image_channels=2, classes=4, batch_norm_momentum=0.3)
PUBLISHED = "|nor_conv_3x3~0|+|nor_conv_3x3~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_3x3~2|"
CELLS = {
    "everything": "|nor_conv_1x1~0|+|skip_connect~0|avg_pool_3x3~1|+|nor_conv_3x3~0|avg_pool_3x3~1|nor_conv_1x1~2|",
    "convolutions of nothing": "|none~0|+|none~0|nor_conv_3x3~1|+|none~0|nor_conv_1x1~1|nor_conv_3x3~2|",
    "dead parts": "|nor_conv_3x3~0|+|none~0|none~1|+|avg_pool_3x3~0|none~1|skip_connect~2|",
    "nothing": "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|",
}


def operations(text: str) -> tuple[int, ...]:
    return SPACE.parse(text).choices


def network_of(text: str, sizes: Skeleton = SMALL, seeds: tuple[int, ...] = (5,)) -> NASBench201Network:
    network = allocate(NASBench201Network, operations(text), replace(sizes, replicas=len(seeds)))
    initialise(network, [torch.Generator().manual_seed(seed) for seed in seeds])
    return network.double()


def images(count: int = 5, size: int = 6, channels: int = 2) -> Tensor:
    return torch.randn(count, channels, size, size, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


@pytest.mark.parametrize(("classes", "millions"), [(10, 1.289), (100, 1.294), (120, 1.296)])
def test_the_best_published_cell_has_as_many_parameters_as_the_benchmark_prints(classes: int, millions: float) -> None:
    """What api.show(9930) prints of NAS-Bench-201, for CIFAR-10, CIFAR-100 and ImageNet16-120."""
    found = count_parameters(NASBench201Network, operations(PUBLISHED), replace(SKELETON, classes=classes))
    assert round(found / 1e6, 3) == millions


def test_parameters_are_those_counted_by_hand() -> None:
    """The smallest and the largest network of the benchmark: cells of nothing, and of 3x3 convolutions."""
    around = 3 * 16 * 9 + 2 * 16  # stem and its normalisation
    for c in (16, 32):  # residual blocks: two convolutions with normalisation, one without
        around += c * 2 * c * 9 + 4 * c + 2 * c * 2 * c * 9 + 4 * c + c * 2 * c
    around += 2 * 64 + 64 * 10 + 10  # normalisation and dense layer of the head
    edges = 5 * 6 * sum(c * c * 9 + 2 * c for c in (16, 32, 64))
    assert count_parameters(NASBench201Network, (0,) * 6) == around == 73_306
    assert count_parameters(NASBench201Network, (3,) * 6) == around + edges


def plain(network: NASBench201Network, text: str, batch: Tensor) -> Tensor:
    """The forward pass in training, written out from the paper's words over the network's own weights."""
    weights = iter(network.parameters())

    def normalised(value: Tensor) -> Tensor:
        scale, shift = next(weights), next(weights)
        mean, variance = value.mean((0, 2, 3), keepdim=True), value.var((0, 2, 3), keepdim=True, correction=0)
        return (value - mean) / (variance + 1e-5).sqrt() * scale[:, None, None] + shift[:, None, None]

    def convolved(value: Tensor, kernel: int, stride: int = 1) -> Tensor:
        return normalised(functional.conv2d(value.relu(), next(weights), stride=stride, padding=kernel // 2))

    def averaged(value: Tensor) -> Tensor:
        inside = functional.conv2d(torch.ones_like(value[:, :1]), torch.ones(1, 1, 3, 3).to(value), padding=1)
        total = functional.conv2d(value.flatten(0, 1)[:, None], torch.ones(1, 1, 3, 3).to(value), padding=1)
        return total.view_as(value) / inside

    def cell(value: Tensor) -> Tensor:
        nodes = [value]
        for part in text.split("+"):
            node = torch.zeros_like(value)
            for word in part.strip("|").split("|"):
                name, source = word.split("~")
                match name:
                    case "skip_connect":
                        node = node + nodes[int(source)]
                    case "avg_pool_3x3":
                        node = node + averaged(nodes[int(source)])
                    case "nor_conv_1x1" | "nor_conv_3x3":
                        node = node + convolved(nodes[int(source)], int(name[-1]))
            nodes.append(node)
        return nodes[3]

    value = normalised(functional.conv2d(batch, next(weights), padding=1))
    value = cell(cell(value))
    branch = convolved(convolved(value, 3, 2), 3)
    quarters = value.unfold(2, 2, 2).unfold(3, 2, 2).mean((-1, -2))
    value = branch + functional.conv2d(quarters, next(weights))
    value = normalised(cell(cell(value))).relu().mean((2, 3))
    return value @ next(weights).flatten(1).T + next(weights)


@pytest.mark.parametrize("name", CELLS)
def test_the_forward_pass_is_the_papers(name: str) -> None:
    network = network_of(CELLS[name])
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
    expected = plain(network, CELLS[name], images())
    torch.testing.assert_close(network(images()), expected, rtol=1e-12, atol=1e-12)


def test_a_cell_of_nothing_says_the_same_of_every_image() -> None:
    logits = network_of(CELLS["nothing"])(images())
    assert (logits == logits[:1]).all()


@pytest.mark.parametrize("name", ["everything", "dead parts"])
def test_replicas_are_as_they_would_be_alone(name: str) -> None:
    together = network_of(CELLS[name], seeds=(5, 6, 7))
    logits = together(images().repeat(1, 3, 1, 1)).unflatten(1, (3, -1))
    for replica, seed in enumerate((5, 6, 7)):
        torch.testing.assert_close(logits[:, replica], network_of(CELLS[name], seeds=(seed,))(images()))


def test_weights_are_drawn_as_pytorch_draws_them_and_by_the_generator_alone() -> None:
    before = torch.get_rng_state()
    network = network_of(CELLS["everything"], replace(SMALL, width=40))
    assert (torch.get_rng_state() == before).all()
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            bound = (module.in_channels * module.kernel_size[0] ** 2) ** -0.5
            assert module.weight.abs().max() <= bound
            if module.weight.numel() > 1000:
                assert module.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)
    assert network.classifier.bias is not None
    assert network.classifier.bias.any()


@pytest.mark.parametrize("size", [5, 7, 8, 28])
def test_images_of_odd_size_fit(size: int) -> None:
    assert network_of(CELLS["everything"])(images(size=size)).shape == (5, 4)
