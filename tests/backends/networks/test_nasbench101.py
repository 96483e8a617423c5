"""The network against the published parameter counts and against its own definition, computed naively."""

from __future__ import annotations

import pytest
import torch

from backends.networks.nasbench101 import NASBench101Network, Skeleton, initialise, vertex_channels
from tests.backends.networks.meta import count_parameters

CHAIN = ((0, 1, 0), (0, 0, 1), (0, 0, 0))
SMALL = Skeleton(width=6, stacks=2, modules=1, image_channels=1)


def matrix_of(vertices: int, edges: str) -> list[list[int]]:
    matrix = [[0] * vertices for _ in range(vertices)]
    for edge in edges.split():
        matrix[int(edge[0])][int(edge[1])] = 1
    return matrix


# The last but one is the example of the NAS-Bench-101 README; the last is the data set's own count for that cell.
COUNTS = [
    (2, "01", (), 882_570),
    (3, "01 12", (2,), 882_570),
    (3, "01 12", (1,), 1_920_138),
    (3, "01 12", (0,), 10_177_674),
    (7, "01 02 03 05 16 26 34 46 56", (1, 0, 0, 0, 2), 2_694_282),
    (7, "01 02 05 06 15 23 34 45 56", (1, 0, 2, 0, 0), 32_426_634),
]


@pytest.mark.parametrize(("vertices", "edges", "operations", "count"), COUNTS)
def test_parameter_counts_are_those_of_the_data_set(
    vertices: int, edges: str, operations: tuple[int, ...], count: int
) -> None:
    assert count_parameters(NASBench101Network, matrix_of(vertices, edges), operations) == count


@pytest.mark.parametrize(("branches", "expected"), [(3, (43, 43, 42)), (4, (32, 32, 32, 32))])
def test_the_earliest_vertices_take_the_remainder_of_the_channels(branches: int, expected: tuple[int, ...]) -> None:
    star = matrix_of(branches + 2, " ".join(f"0{v} {v}{branches + 1}" for v in range(1, branches + 1)))
    assert vertex_channels(128, 128, star) == (128, *expected, 128)


def test_a_vertex_before_others_has_the_channels_of_its_widest_successor() -> None:
    assert vertex_channels(5, 7, matrix_of(5, "01 12 13 24 34")) == (5, 4, 4, 3, 7)


def test_a_network_without_operations_is_projections_and_pooling() -> None:
    network = NASBench101Network(((0, 1), (0, 0)), (), SMALL)
    assert network(torch.zeros(2, 1, 8, 8)).shape == (2, 10)


def test_inputs_are_truncated_summed_and_concatenated() -> None:
    """One cell by hand: 0-1, 0-2, 1-2, 1-4, 2-4, 0-3, 3-4 and the input added to the output."""
    matrix = matrix_of(5, "01 02 03 04 12 14 24 34")
    cell = NASBench101Network(matrix, (2, 2, 2), Skeleton(width=5, stacks=1, modules=1)).features[1].eval()
    image = torch.randn(2, 5, 4, 4, generator=torch.Generator().manual_seed(0))
    pool = torch.nn.MaxPool2d(3, 1, 1)
    projected = cell.projection(image)
    first, second, third, output = projected.split([2, 2, 1, 5], dim=1)
    one = pool(first)
    two = pool(one[:, :2] + second)
    expected = torch.cat([one, two, pool(third)], dim=1) + output
    torch.testing.assert_close(cell(image), expected)


def test_a_replica_computes_what_its_network_computes_alone() -> None:
    matrix = matrix_of(5, "01 02 13 23 24 34")
    images = torch.randn(4, 2, 8, 8, generator=torch.Generator().manual_seed(1))
    together = NASBench101Network(matrix, (0, 1, 2), Skeleton(6, 2, 1, image_channels=1, replicas=2))
    initialise(together, [torch.Generator().manual_seed(seed) for seed in (5, 6)])
    logits = together(images).unflatten(1, (2, 10))
    for replica, seed in enumerate((5, 6)):
        alone = NASBench101Network(matrix, (0, 1, 2), SMALL)
        initialise(alone, [torch.Generator().manual_seed(seed)])
        torch.testing.assert_close(alone(images[:, replica : replica + 1]), logits[:, replica])


def test_initial_weights_come_from_the_generator_alone_with_variance_one_by_fan_in() -> None:
    network = NASBench101Network(CHAIN, (0,), Skeleton(width=32, stacks=1, modules=1))
    before = torch.get_rng_state()
    initialise(network, [torch.Generator().manual_seed(3)])
    assert torch.equal(before, torch.get_rng_state())
    weight = network.features[1].operations[0][0].weight
    assert weight.var().item() * 32 * 9 == pytest.approx(1, rel=0.05)
