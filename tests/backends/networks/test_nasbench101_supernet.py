"""Paths through the supernet against stand-alone networks of the same weights, its size, and its channels."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from backends.networks.nasbench101 import NASBench101Network, Skeleton
from backends.networks.nasbench101_paths import (
    CellPath,
    ChannelSelection,
    first_channels,
    path_of_choices,
    random_chunk,
)
from backends.networks.nasbench101_supernet import NASBench101Supernet, allocate, initialise
from backends.networks.shared_convolution import (
    SharedConvolution,
    batch_statistics,
    running_statistics,
    training_statistics,
)
from harness.core.errors import SettingError, SpaceError
from harness.core.space import Architecture
from harness.spaces.nasbench101 import NASBench101
from tests.backends.networks.alone import alone, images, supernet
from tests.backends.networks.meta import count_parameters

STAR = CellPath(((0, 1, 1, 0), (0, 0, 0, 1), (0, 0, 0, 1), (0, 0, 0, 0)), (0, 0))


def cells_as_written(vertices: int, count: int, seed: int = 0) -> tuple[NASBench101, list[tuple[int, ...]]]:
    """Rows of choices drawn by coin flips, dead parts included."""
    space = NASBench101(vertices=vertices)
    rows = np.random.default_rng(seed).integers(space.options, size=(8 * count, len(space.options)))
    return space, [tuple(row) for row in rows[space.keys(rows) >= 0][:count].tolist()]


@pytest.mark.parametrize(("vertices", "width", "count"), [(2, 3, 1), (4, 7, 40), (5, 8, 40), (5, 10, 20), (7, 7, 15)])
def test_a_path_has_the_logits_and_gradients_of_the_stand_alone_network_of_its_weights(
    vertices: int, width: int, count: int
) -> None:
    network, batch = supernet(vertices, width, stem=4), images()
    space, rows = cells_as_written(vertices, count)
    for row in rows:
        path = path_of_choices(space, row)
        single, uses = alone(network, path)
        network.zero_grad()
        logits, expected = network.path(batch, path, batch_statistics), single(batch)
        torch.testing.assert_close(logits, expected)
        logits.square().sum().backward()
        expected.square().sum().backward()
        learned = [use for use in uses if use.alone.requires_grad]
        for use in learned:
            torch.testing.assert_close(use.shared.grad[use.region].flatten(), use.alone.grad[use.rows].flatten())
            use.shared.grad[use.region] = 0
        gradients = [parameter.grad for parameter in network.parameters() if parameter.grad is not None]
        assert not any(gradient.any() for gradient in gradients), "no other weight may have a gradient"


def test_training_moves_the_running_averages_of_the_channels_used_as_the_stand_alone_network_does() -> None:
    network, (space, rows) = supernet(5, 7, modules=2), cells_as_written(5, 12)
    for row in rows:
        path = path_of_choices(space, row)
        single, uses = alone(network, path)
        untouched = {name: value.clone() for name, value in network.state_dict().items()}
        for seed in range(3):
            network.path(images(seed=seed), path, training_statistics)
            single.train()(images(seed=seed))
        state = network.state_dict()
        for use in uses:
            torch.testing.assert_close(use.shared[use.region].flatten(), use.alone[use.rows].flatten())
            name = next(name for name in state if state[name].data_ptr() == use.shared.data_ptr())
            untouched[name][use.region] = use.shared[use.region]
        assert all(torch.equal(value, state[name]) for name, value in untouched.items())


def test_running_statistics_are_those_of_an_evaluated_stand_alone_network_and_stay() -> None:
    network, (space, rows) = supernet(5, 7), cells_as_written(5, 12)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    for row in rows:
        path = path_of_choices(space, row)
        single, _ = alone(network, path)
        torch.testing.assert_close(network.path(images(), path, running_statistics), single.eval()(images()))
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("vertices", range(2, 8))
@pytest.mark.parametrize("stem", [None, 16])
def test_the_supernet_has_the_parameters_of_all_slots(vertices: int, stem: int | None) -> None:
    skeleton = Skeleton(width=32, stem=stem)
    interior, incoming = vertices - 2, stem or 32
    expected = 27 * incoming + 2 * incoming
    for width in (32, 32, 32, 64, 64, 64, 128, 128, 128):
        expected += (interior + 1) * (incoming * width + 2 * width)  # projections of the input, one to the output
        expected += interior * (10 * width * width + 4 * width)  # 3x3 and 1x1 convolutions
        incoming = width
    with torch.device("meta"):
        counted = sum(parameter.numel() for parameter in NASBench101Supernet(vertices, skeleton).parameters())
    assert counted == expected + 128 * 10 + 10


def test_a_stem_of_its_own_width_changes_the_stem_and_what_follows_it_alone() -> None:
    """The cell without operations: a 3x3 stem, nine projections, the dense layer; the stack widths of eval-nas."""
    widths = [128, *[256] * 3, *[512] * 3, *[1024] * 3]
    projections = sum(a * b + 2 * b for a, b in pairwise(widths))
    expected = 27 * 128 + 2 * 128 + projections + 1024 * 10 + 10
    assert count_parameters(NASBench101Network, ((0, 1), (0, 0)), (), Skeleton(width=256, stem=128)) == expected
    network = NASBench101Network(((0, 1), (0, 0)), (), Skeleton(6, 2, 1, image_channels=1, stem=4, replicas=2))
    assert network(torch.zeros(2, 2, 8, 8)).shape == (2, 20)


def test_choices_keep_the_numbers_of_their_vertices_and_lose_dead_edges() -> None:
    """Vertex 1 is reached by nobody, vertex 3 reaches nobody: 1-2, 0-3 and 2-3 are dead, 0-2 and 2-4 live."""
    edges = {(1, 2), (0, 3), (2, 3), (0, 2), (2, 4)}
    order = [(x, y) for y in range(5) for x in range(y)]
    path = path_of_choices(NASBench101(vertices=5), [*(int(edge in edges) for edge in order), 1, 2, 1])
    assert {(x, y) for x, y in order if path.matrix[x][y]} == {(0, 2), (2, 4)}
    assert path.operations == (0, 2, 0)


def test_the_tree_encoding_gives_the_path_of_the_same_graph_in_edges() -> None:
    tree, edges = NASBench101(vertices=5, encoding="tree"), NASBench101(vertices=5)
    for architecture in tree.enumerate():
        written = edges.from_key(tree.key(architecture)).choices
        assert path_of_choices(tree, architecture.choices) == path_of_choices(edges, written)


def test_a_cell_of_fewer_vertices_uses_the_low_slots() -> None:
    """As eval-nas activates cells: the logits of the same cell written with isolated high vertices."""
    network, space = supernet(5, 7), NASBench101(vertices=5)
    written = path_of_choices(space, space.canonical(space.parse("conv3x3@0 conv1x1@0,1 output@1,2")).choices)
    assert written.matrix[3] == (0,) * 5
    short = CellPath(((0, 1, 1, 0), (0, 0, 1, 1), (0, 0, 0, 1), (0, 0, 0, 0)), (0, 1))
    both = [network.path(images(), path, batch_statistics) for path in (written, short)]
    assert torch.equal(*both)


class Recorded(ChannelSelection):
    """Starts of another rule, with what was asked for."""

    def __init__(self, rule: ChannelSelection) -> None:
        self.rule = rule
        self.seen: list[tuple[int, int, int]] = []

    def __call__(self, channels: int, width: int) -> int:
        self.seen.append((channels, width, self.rule(channels, width)))
        return self.seen[-1][2]


def test_random_chunks_reach_every_place_and_stay_in_range() -> None:
    network, slices = supernet(4, 7, stacks=1), Recorded(random_chunk(np.random.default_rng(0)))
    for _ in range(40):
        network.path(images(), STAR, batch_statistics, slices)
    starts = {(channels, width): set[int]() for channels, width, _ in slices.seen}
    for channels, width, start in slices.seen:
        starts[channels, width].add(start)
    assert starts == {(4, 7): {0, 1, 2, 3}, (3, 7): {0, 1, 2, 3, 4}}


def test_a_full_width_is_no_draw() -> None:
    generator = np.random.default_rng(0)
    before = generator.bit_generator.state
    assert random_chunk(generator)(7, 7) == 0
    assert generator.bit_generator.state == before


def test_first_channels_are_the_default() -> None:
    network = supernet(4, 7)
    logits = [network.path(images(), STAR, batch_statistics, *rule) for rule in ((), (first_channels,))]
    assert torch.equal(*logits)


def test_a_chunk_is_a_square_of_the_shared_weight_with_its_statistics() -> None:
    """Projections draw their output place; each convolution its output place, then its input place."""
    network, slices = supernet(4, 7, stacks=1), Recorded(random_chunk(np.random.default_rng(3)))
    cell = network.cells[0]
    before = [convolution.running_mean.clone() for convolution in cell.conv3x3]
    network.path(images(), STAR, training_statistics, slices).sum().backward()
    places = [start for _, _, start in slices.seen]
    for slot, channels in enumerate((4, 3)):
        out, into = places[2 + 2 * slot : 4 + 2 * slot]
        expected = torch.zeros(7, 7, dtype=torch.bool)
        expected[out : out + channels, into : into + channels] = True
        assert torch.equal(cell.conv3x3[slot].weight.grad.ne(0).any(dim=(2, 3)), expected)
        moved = cell.conv3x3[slot].running_mean.ne(before[slot])
        assert torch.equal(moved, expected.any(dim=1))
        assert torch.equal(
            cell.projections[slot].weight.grad.ne(0).any(dim=(1, 2, 3)).nonzero().flatten(),
            torch.arange(places[slot], places[slot] + channels),
        )


def test_initial_weights_come_from_the_generator_alone_at_the_full_fan_in() -> None:
    before = torch.get_rng_state()
    network = allocate(4, Skeleton(width=32, stacks=1, modules=1))
    initialise(network, torch.Generator().manual_seed(3))
    again = allocate(4, Skeleton(width=32, stacks=1, modules=1))
    initialise(again, torch.Generator().manual_seed(3))
    assert torch.equal(before, torch.get_rng_state())
    state = again.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())
    for convolution in network.cells[0].conv3x3:
        assert convolution.weight.var().item() * 32 * 9 == pytest.approx(1, rel=0.05)
    shared = [module for module in network.modules() if isinstance(module, SharedConvolution)]
    assert all((m.scale == 1).all() and (m.running_variance == 1).all() for m in shared)
    assert not any(m.shift.any() or m.running_mean.any() for m in shared)
    assert not network.classifier.bias.any()
    assert network.classifier.weight.abs().max() <= (6 / (32 + 10)) ** 0.5


@pytest.mark.parametrize(
    ("vertices", "skeleton", "message"),
    [
        (8, Skeleton(), "cannot have 8 vertices"),
        (5, Skeleton(replicas=2), "2 replicas"),
        (7, Skeleton(width=4), "'width' cannot be 4"),
    ],
)
def test_impossible_sizes_are_refused(vertices: int, skeleton: Skeleton, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        NASBench101Supernet(vertices, skeleton)


def test_a_cell_without_a_path_or_with_too_many_vertices_is_refused() -> None:
    space = NASBench101(vertices=4)
    with pytest.raises(SpaceError, match="no path from input to output"):
        path_of_choices(space, (0,) * 8)
    with pytest.raises(SpaceError, match="does not fit"):
        supernet(3, 4).path(images(), STAR, batch_statistics)
    assert not space.contains(Architecture((0,) * 8))
