"""Mixtures against the paths that they equal at one-hot weights, and their slopes against finite differences."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from backends.networks.nasbench101_paths import path_of_choices
from backends.networks.nasbench101_relaxed import RelaxedCell, mixture_graph
from backends.networks.shared_convolution import (
    BatchNormalisation,
    Recalibration,
    batch_statistics,
    running_statistics,
    training_statistics,
)
from harness.core.space import Architecture
from harness.spaces.nasbench101 import NASBench101
from tests.backends.networks.alone import alone, images, supernet


def one_hot(space: NASBench101, choices: Sequence[int]) -> list[Tensor]:
    mixture = space.one_hot(Architecture(tuple(choices)))
    return [torch.tensor(row, dtype=torch.float64, requires_grad=True) for row in mixture]


def valid_rows(space: NASBench101) -> list[tuple[int, ...]]:
    """All rows of choices whose input reaches the output."""
    rows = np.array(list(product(*map(range, space.options))))
    return [tuple(row) for row in rows[space.keys(rows) >= 0].tolist()]


def some(space: NASBench101, count: int) -> list[tuple[int, ...]]:
    rows = np.random.default_rng(1).integers(space.options, size=(8 * count, len(space.options)))
    return [tuple(row) for row in rows[space.keys(rows) >= 0][:count].tolist()]


@torch.no_grad()
def require_equal(space: NASBench101, rows: list[tuple[int, ...]], width: int, norm: BatchNormalisation) -> None:
    network = supernet(space.vertices, width)
    for row in rows:
        expected = network.path(images(), path_of_choices(space, row), norm)
        torch.testing.assert_close(
            network.mixture(images(), *mixture_graph(space, one_hot(space, row)), norm), expected
        )


@pytest.mark.parametrize("width", [7, 8])
def test_a_one_hot_mixture_is_the_cell_for_every_cell_of_four_vertices_as_written(width: int) -> None:
    space = NASBench101(vertices=4)
    require_equal(space, valid_rows(space), width, batch_statistics)


@pytest.mark.parametrize(
    ("vertices", "width", "count"),
    [(2, 5, 1), (3, 3, 8), (5, 7, 100), (5, 8, 100), (5, 10, 100), (6, 9, 60), (7, 8, 60)],
)
def test_a_one_hot_mixture_is_the_cell_for_cells_drawn_with_dead_parts(vertices: int, width: int, count: int) -> None:
    space = NASBench101(vertices=vertices)
    require_equal(space, some(space, count), width, batch_statistics)


def test_a_one_hot_mixture_is_the_cell_with_running_statistics() -> None:
    space = NASBench101(vertices=5)
    require_equal(space, some(space, 30), 7, running_statistics)


def test_a_one_hot_mixture_is_the_cell_in_the_tree_encoding() -> None:
    space = NASBench101(vertices=5, encoding="tree")
    require_equal(space, valid_rows(space)[::2], 7, batch_statistics)


@pytest.mark.parametrize(("vertices", "width", "count"), [(4, 7, 20), (5, 10, 20), (7, 7, 8)])
def test_a_one_hot_mixture_has_the_weight_gradients_of_the_cell_alone(vertices: int, width: int, count: int) -> None:
    space, network = NASBench101(vertices=vertices), supernet(vertices, width)
    for row in some(space, count):
        single, uses = alone(network, path_of_choices(space, row))
        network.zero_grad()
        network.mixture(
            images(), *mixture_graph(space, one_hot(space, row)), batch_statistics
        ).square().sum().backward()
        single(images()).square().sum().backward()
        for use in (use for use in uses if use.alone.requires_grad):
            torch.testing.assert_close(use.shared.grad[use.region].flatten(), use.alone.grad[use.rows].flatten())
            use.shared.grad[use.region] = 0
        assert not any(parameter.grad.any() for parameter in network.parameters()), (
            "no other weight may have a gradient"
        )


@pytest.mark.parametrize(("vertices", "width"), [(2, 3), (3, 4), (4, 5), (5, 7)])
def test_slopes_agree_with_finite_differences_where_rows_do_not_sum_to_one(vertices: int, width: int) -> None:
    network, generator = supernet(vertices, width), torch.Generator().manual_seed(vertices)
    edges = torch.rand(vertices, vertices, generator=generator, dtype=torch.float64, requires_grad=True)
    operations = torch.rand(vertices - 2, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    inputs = (edges, operations) if vertices > 2 else (edges,)
    assert torch.autograd.gradcheck(
        lambda *graph: network.mixture(images(4), graph[0], (*graph, operations)[1], batch_statistics), inputs
    )


@pytest.mark.parametrize("encoding", ["edges", "tree"])
def test_slopes_of_rows_agree_with_finite_differences(encoding: str) -> None:
    space, network = NASBench101(vertices=4, encoding=encoding), supernet(4, 5)  # type: ignore[arg-type]
    generator = torch.Generator().manual_seed(1)
    rows = [torch.rand(n, generator=generator, dtype=torch.float64).softmax(0).requires_grad_() for n in space.options]
    assert torch.autograd.gradcheck(
        lambda *rows: network.mixture(images(4), *mixture_graph(space, rows), batch_statistics), rows
    )


@pytest.mark.parametrize("norm", [batch_statistics, running_statistics])
def test_slopes_at_a_cell_agree_with_finite_differences(norm: BatchNormalisation) -> None:
    """In one stack and without pooling: at a one-hot point, windows of zeros behind a ReLU are kinks of pooling."""
    space, network = NASBench101(vertices=4), supernet(4, 5, stacks=1)
    without_pooling = [row for row in some(space, 60) if "maxpool" not in space.format(Architecture(row))]
    for row in without_pooling[:8]:
        assert torch.autograd.gradcheck(
            lambda *rows: network.mixture(images(3), *mixture_graph(space, rows), norm), one_hot(space, row)
        )


@torch.no_grad()
def test_half_an_edge_that_is_the_first_to_the_output_adds_half_of_the_vertex_at_all_channels() -> None:
    module = supernet(4, 5).cells[0]
    image = torch.rand(3, 4, 4, 5, generator=torch.Generator().manual_seed(0)).permute(0, 3, 1, 2).double()
    operations = torch.eye(3, dtype=torch.float64)[[0, 1]]
    values = []
    for weight in (0.0, 0.5, 1.0):
        edges = torch.zeros(4, 4, dtype=torch.float64)
        edges[0, 1] = edges[0, 3] = 1
        edges[1, 3] = weight
        values.append(module.mixture(image, RelaxedCell(edges, operations).coefficients(5), batch_statistics))
    torch.testing.assert_close(values[1], (values[0] + values[2]) / 2)


def test_edges_below_the_diagonal_count_for_nothing() -> None:
    network, edges = supernet(4, 5), torch.rand(4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    operations = torch.full((2, 3), 0.4, dtype=torch.float64)
    both = [network.mixture(images(), graph, operations, batch_statistics) for graph in (edges, edges.triu(1))]
    assert torch.equal(*both)


def test_the_tree_encoding_relaxes_to_the_graph_that_the_edges_encoding_writes() -> None:
    tree, edges = NASBench101(vertices=5, encoding="tree"), NASBench101(vertices=5)
    for row in valid_rows(tree):
        written = edges.from_key(tree.key(Architecture(row))).choices
        for one, other in zip(
            mixture_graph(tree, one_hot(tree, row)), mixture_graph(edges, one_hot(edges, written)), strict=True
        ):
            assert torch.equal(one, other)


def test_in_a_tree_a_vertex_feeds_the_output_by_what_later_vertices_leave() -> None:
    """Vertex 2 leaves 0.7 of vertex 1 and vertex 3 leaves 0.8 of it; vertex 3 leaves half of vertex 2."""
    space = NASBench101(vertices=5, encoding="tree")
    third = [1 / 3] * 3
    rows = [torch.tensor(row) for row in ([1.0], third, [0.7, 0.3], third, [0.3, 0.2, 0.5], third)]
    edges, operations = mixture_graph(space, rows)
    torch.testing.assert_close(edges[:, -1], torch.tensor([0, 0.7 * 0.8, 0.5, 1, 0]))
    torch.testing.assert_close(edges[:3, 3], torch.tensor([0.3, 0.2, 0.5]))
    assert operations.shape == (3, 3)


def test_a_mixture_in_half_precision_shares_channels_out_exactly() -> None:
    """Automatic mixed precision rounds images, not the coefficients: a one-hot mixture is still the cell."""
    space, network = NASBench101(vertices=5), supernet(5, 7).float()
    for row in some(space, 5):
        rows = [values.float() for values in one_hot(space, row)]
        with torch.autocast("cpu", torch.bfloat16):
            expected = network.path(images().float(), path_of_choices(space, row), batch_statistics)
            logits = network.mixture(images().float(), *mixture_graph(space, rows), batch_statistics)
        torch.testing.assert_close(logits, expected, rtol=0.1, atol=0.1)


def test_a_mixture_trains_and_recalibrates_every_running_average() -> None:
    network = supernet(4, 5, stacks=1)
    edges, operations = torch.full((4, 4), 0.5).double(), torch.full((2, 3), 0.3).double()
    recalibration = Recalibration()
    network.mixture(images(), edges, operations, recalibration)
    torch.testing.assert_close(
        network.mixture(images(), edges, operations, batch_statistics),
        network.mixture(images(), edges, operations, recalibration.frozen()),
        rtol=0.05,
        atol=0.05,
    )
    before = {name: value.clone() for name, value in network.state_dict().items() if "running" in name}
    network.mixture(images(), edges, operations, training_statistics)
    assert all(value.ne(network.state_dict()[name]).all() for name, value in before.items())
