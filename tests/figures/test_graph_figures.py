"""Cells as graphs, their layout, and diagrams of critical differences."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from harness.core.errors import IncompatibleError, SpaceError
from harness.core.space import Architecture
from harness.figures.cell import BOX, HEIGHT, STEP, cell_graph_data, plot_cell
from harness.figures.critical_difference import cliques, critical_difference_data, plot_critical_difference
from harness.figures.layers import ITEM_GAP, layers, layout
from harness.planning.settings import create_space
from tests.fakes.spaces import Pairs

DIAMOND = [(0, 1), (0, 2), (1, 3), (2, 3), (0, 3)]


@st.composite
def graphs(draw: Any) -> tuple[int, list[tuple[int, int]]]:
    """Graphs without cycles of up to 8 vertices."""
    vertices = draw(st.integers(1, 8))
    pairs = list(itertools.combinations(range(vertices), 2))
    return vertices, draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []


def test_layers_worked_by_hand() -> None:
    assert layers(4, DIAMOND) == [0, 1, 1, 2]
    assert layers(3, []) == [0, 0, 0]
    assert layers(4, [(2, 3), (0, 1), (1, 2)]) == [0, 1, 2, 3]


@given(graphs())
def test_a_layer_is_the_longest_way(graph: tuple[int, list[tuple[int, int]]]) -> None:
    """By powers of the adjacency matrix: the largest k for which a way of k edges leads there."""
    vertices, edges = graph
    matrix = np.zeros((vertices, vertices), dtype=np.int64)
    for source, target in edges:
        matrix[source, target] = 1
    powers = [np.linalg.matrix_power(matrix, k) for k in range(vertices + 1)]
    assert layers(vertices, edges) == [
        max(k for k in range(vertices + 1) if powers[k][:, v].any()) for v in range(vertices)
    ]


@given(graphs())
def test_nothing_stands_on_anything_else(graph: tuple[int, list[tuple[int, int]]]) -> None:
    vertices, edges = graph
    found = layout(vertices, edges)
    for (x, y), (other, height) in itertools.combinations(found.places, 2):
        assert x != other or abs(y - height) >= 1 - 1e-9
    for edge, route in zip(edges, found.routes, strict=True):
        assert (route[0], route[-1]) == (found.places[edge[0]], found.places[edge[1]])
        assert [x for x, _ in route] == list(np.arange(route[0][0], route[-1][0] + 1))
        for bend, place in itertools.product(route[1:-1], found.places):
            assert bend[0] != place[0] or abs(bend[1] - place[1]) >= (1 + ITEM_GAP) / 2 - 1e-9


@given(graphs())
def test_layers_are_about_the_middle_and_the_layout_is_always_the_same(
    graph: tuple[int, list[tuple[int, int]]],
) -> None:
    found = layout(*graph)
    assert found == layout(*graph)
    points = {*found.places, *(point for route in found.routes for point in route[1:-1])}
    for layer in {x for x, _ in points}:
        heights = [
            y + sign * (0.5 if (x, y) in found.places else ITEM_GAP / 2)
            for x, y in points
            if x == layer
            for sign in (1, -1)
        ]
        assert max(heights) == pytest.approx(-min(heights))


def test_edges_to_one_vertex_share_their_bends() -> None:
    routes = layout(5, [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4), (1, 4), (2, 4)]).routes
    bends = [{point[0]: point for point in route[1:-1]} for route in routes[4:]]
    assert bends[0][2.0] == bends[1][2.0]
    assert bends[0][3.0] == bends[1][3.0] == bends[2][3.0]


def drawn(content: Any) -> tuple[Any, list[Any], list[Any]]:
    (axes,) = plot_cell(content).axes
    boxes = [patch for patch in axes.patches if isinstance(patch, FancyBboxPatch)]
    return axes, boxes, [patch for patch in axes.patches if isinstance(patch, FancyArrowPatch)]


def test_a_cell_of_nas_bench_101_has_a_box_a_vertex_and_an_arrow_an_edge() -> None:
    space = create_space("nasbench101")
    content = cell_graph_data(space, space.parse("conv3x3@0 conv1x1@0,1 output@2"))
    assert [vertex["label"] for vertex in content["vertices"]] == ["input", "conv3x3", "conv1x1", "output"]
    assert sorted(content["edges"]) == [(0, 1), (0, 2), (1, 2), (2, 3)]
    axes, boxes, arrows = drawn(content)
    assert [text.get_text() for text in axes.texts] == ["input", "conv3x3", "conv1x1", "output"]
    assert (len(boxes), len(arrows)) == (4, 4)
    assert axes.get_title("left") == "conv3x3@0 conv1x1@0,1 output@2"


def test_a_cell_is_the_same_graph_in_any_text_form() -> None:
    """Ying et al. 2019, as the data set's files write the cell: a matrix row by row, and labels."""
    space = create_space("nasbench101")
    labels = "input,conv1x1-bn-relu,conv3x3-bn-relu,maxpool3x3,output"
    rows = ("01110", "00010", "00001", "00001", "00000")
    content = cell_graph_data(space, space.parse(f"{''.join(rows)};{labels}"))
    matrix = {(i, j) for i, row in enumerate(rows) for j, digit in enumerate(row) if digit == "1"}
    assert set(content["edges"]) == matrix
    assert [vertex["label"] for vertex in content["vertices"]] == ["input", "conv1x1", "conv3x3", "maxpool", "output"]


def test_equal_operations_have_one_colour_and_different_ones_another() -> None:
    space = create_space("nasbench101")
    _, boxes, _ = drawn(cell_graph_data(space, space.parse("conv3x3@0 maxpool@1 conv3x3@2 output@3")))
    colours = [to_hex(box.get_facecolor()) for box in boxes]
    assert colours[1] == colours[3] != colours[2]
    assert colours[0] == colours[4] == "#ffffff"


def test_arrows_lead_from_box_to_box() -> None:
    space = create_space("nasbench101")
    content = cell_graph_data(space, space.parse("conv3x3@0 conv1x1@0,1 output@2"))
    _, _, arrows = drawn(content)
    places = [(STEP * x, HEIGHT * y) for x, y in layout(4, content["edges"]).places]
    for (source, target), arrow in zip(content["edges"], arrows, strict=True):
        vertices = arrow._path_original.vertices
        assert vertices[0].tolist() == pytest.approx([places[source][0] + BOX[0] / 2, places[source][1]])
        assert vertices[-1].tolist() == pytest.approx([places[target][0] - BOX[0] / 2, places[target][1]])


def test_every_node_of_a_recurrent_cell_leads_to_the_mean() -> None:
    space = create_space("rnn3")
    content = cell_graph_data(space, space.parse("tanh@0 relu@1 sigmoid@1"), title="best")
    assert [vertex["label"] for vertex in content["vertices"]] == ["first state", "tanh", "relu", "sigmoid", "mean"]
    assert sorted(content["edges"]) == [(0, 1), (1, 2), (1, 3), (1, 4), (2, 4), (3, 4)]
    assert drawn(content)[0].get_title("left") == "best"


@pytest.mark.parametrize("name", ["nasbench101", "rnn12"])
def test_any_cell_can_be_drawn(name: str) -> None:
    space = create_space(name)
    for architecture in (space.sample(np.random.default_rng(seed)) for seed in range(5)):
        plot_cell(cell_graph_data(space, architecture)).draw_without_rendering()


def test_what_cannot_be_drawn_says_why() -> None:
    with pytest.raises(IncompatibleError, match="cells of space 'pairs4' cannot be drawn"):
        cell_graph_data(Pairs(), Architecture((0, 1)))
    with pytest.raises(SpaceError):
        cell_graph_data(create_space("rnn2"), Architecture((9, 9, 9, 9)))


RANKS = {"enas": 2.0, "nao": 1.0, "darts": 3.2, "random": 3.8}


def test_bars_join_the_largest_sets_that_are_not_told_apart() -> None:
    """Demsar 2006, Sec. 3.2.2: groups whose ranks differ by less than the critical distance are connected."""
    assert cliques([1.0, 2.0, 3.2, 3.8], 1.0) == [(2, 3)]
    assert cliques([1.0, 2.0, 3.2, 3.8], 1.5) == [(0, 1), (1, 2), (2, 3)]
    assert cliques([1.0, 2.0, 3.2, 3.8], 2.0) == [(0, 1), (1, 3)]
    assert cliques([1.0, 2.0, 3.2, 3.8], 9.0) == [(0, 3)]
    assert cliques([1.0, 2.0], 0.5) == cliques([1.0], 5.0) == []


@given(st.lists(st.integers(0, 20).map(float), min_size=1, max_size=7), st.integers(1, 12).map(float))
def test_two_policies_are_joined_exactly_where_they_are_not_told_apart(ranks: list[float], distance: float) -> None:
    order = sorted(ranks)
    bars = cliques(order, distance)
    for first, second in itertools.combinations(range(len(order)), 2):
        joined = any(start <= first and second <= end for start, end in bars)
        assert joined == (order[second] - order[first] < distance)
    for one, other in itertools.permutations(bars, 2):
        assert not (other[0] <= one[0] and one[1] <= other[1])


def test_a_policy_stands_at_its_mean_rank_and_bars_are_thick() -> None:
    (axes,) = plot_critical_difference(critical_difference_data(RANKS, 1.5, blocks=10, block="seed")).axes
    for name, rank in RANKS.items():
        line = next(line for line in axes.lines if line.get_label() == name)
        assert line.get_xdata()[0] == rank
        assert f"{name}  {rank:.2f}" in [text.get_text() for text in axes.texts]
    bars = [line.get_xdata() for line in axes.lines if line.get_linewidth() == 4]
    ends = sorted((float(np.round(bar[0] + 0.04, 6)), float(np.round(bar[1] - 0.04, 6))) for bar in bars)
    assert ends == [(1.0, 2.0), (2.0, 3.2), (3.2, 3.8)]
    distance = next(line for line in axes.lines if line.get_label() == "critical distance")
    assert distance.get_xdata()[1] - distance.get_xdata()[0] == pytest.approx(1.5)
    assert "4 policies over 10 seeds" in axes.get_title("left")
