"""Keys, canonical forms and the whole space against plain Python and the published data."""

from __future__ import annotations

import csv
import gzip
import random
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.core.errors import SpaceError
from harness.spaces.nasbench101_graphs import aliases, canonical_keys, cells, matrix_keys
from harness.spaces.nasbench101_hash import hashes
from harness.spaces.nasbench101_keys import OPERATIONS, interior, key_of_matrix, matrix_of_key, prune
from tests.fakes.published_data import MISSING, PUBLISHED
from tests.spaces.plain_cells import Cell, canonical, every_cell, key_of, matrix_of, pruned, relabelled


@st.composite
def labelled(draw: st.DrawFn) -> Cell:
    """Any edges on 2 to 7 vertices, dead and disconnected ones included."""
    vertices = draw(st.integers(2, 7))
    pairs = [(x, y) for y in range(vertices) for x in range(y)]
    operations = st.lists(st.integers(0, 2), min_size=vertices - 2, max_size=vertices - 2)
    return vertices, draw(st.frozensets(st.sampled_from(pairs))), tuple(draw(operations))


@given(labelled())
@settings(deadline=None)  # the first call builds a catalogue of all graphs
def test_a_cell_has_the_key_of_its_definition(cell: Cell) -> None:
    left = pruned(cell)
    key = key_of_matrix(matrix_of(cell), cell[2])
    assert key == (key_of(left) if left else -1)
    assert matrix_keys(np.array([matrix_of(cell)]), np.array([cell[2]], dtype=int)).tolist() == [key]
    assert canonical_keys(np.array([key])).tolist() == [key_of(canonical(left)) if left else -1]


@given(labelled())
def test_a_key_reads_back_as_the_pruned_cell(cell: Cell) -> None:
    if left := pruned(cell):
        matrix, operations = matrix_of_key(key_of(left))
        assert list(map(list, matrix)) == matrix_of(left)
        assert operations == left[2]


@given(labelled())
def test_pruning_keeps_order_labels_and_more_than_nine_edges(cell: Cell) -> None:
    labels = ["input", *map(str, cell[2]), "output"]
    left = prune(matrix_of(cell), labels)
    if cell_left := pruned(cell):
        assert left is not None
        assert list(map(list, left[0])) == matrix_of(cell_left)
        assert left[1] == ("input", *map(str, cell_left[2]), "output")
    else:
        assert left is None or sum(map(sum, left[0])) > 9


@pytest.mark.parametrize("vertices", [2, 3, 4])
def test_small_spaces_hold_exactly_the_cells_of_brute_force(vertices: int) -> None:
    found = {key_of(canonical(left)) for cell in every_cell(vertices) if (left := pruned(cell))}
    assert cells(vertices).tolist() == sorted(found)


@pytest.mark.parametrize("vertices", [2, 3, 4])
def test_aliases_are_exactly_the_relabellings(vertices: int) -> None:
    full = {left for cell in every_cell(vertices) if (left := pruned(cell))}
    keys = cells(vertices)
    alias, row = aliases(keys, vertices)
    assert dict(zip(alias.tolist(), keys[row].tolist(), strict=True)) == {key_of(c): key_of(canonical(c)) for c in full}


def test_aliases_of_some_cells_are_those_of_all_that_point_to_them() -> None:
    some = np.random.default_rng(1).permutation(cells(7))[:200]
    alias, row = aliases(some)
    expected = {key_of(other) for key in some.tolist() for other in relabelled(_cell(key))}
    assert set(alias.tolist()) == expected
    assert (np.diff(alias) > 0).all()
    assert (canonical_keys(alias) == some[row]).all()
    assert [len(part) for part in aliases(some[:0])] == [0, 0]


def _cell(key: int) -> Cell:
    matrix, operations = matrix_of_key(key)
    pairs = ((x, y) for x, row in enumerate(matrix) for y, edge in enumerate(row) if edge)
    return len(matrix), frozenset(pairs), operations


# Ying et al. 2019, Sec. 2.3 states 423k; the smaller counts are those of Yu et al. 2020, Table 6.
@pytest.mark.parametrize(("vertices", "count"), [(2, 1), (3, 7), (4, 91), (5, 2532), (6, 64542), (7, 423624)])
def test_the_space_has_the_published_number_of_cells(vertices: int, count: int) -> None:
    keys = cells(vertices)
    assert len(keys) == count
    assert (np.diff(keys) > 0).all()
    assert (canonical_keys(keys, vertices) == keys).all()


@pytest.mark.parametrize(
    ("vertices", "count"), [(2, 1), (3, 7), (4, 97), (5, 3364), (6, 128509), (7, 1293208)]
)  # labelled graphs that NAS-Bench-101, scripts/generate_graphs.py, hashes
def test_every_labelled_graph_is_an_alias(vertices: int, count: int) -> None:
    assert len(aliases(cells(vertices), vertices)[0]) == count


def test_a_key_of_a_larger_cell_is_outside_a_smaller_space() -> None:
    assert canonical_keys(cells(7)[[0, -1]], 6).tolist() == [cells(7)[0], -1]


def test_what_is_no_key_has_no_canonical_form() -> None:
    nonsense = np.array([-1, 0, 1, 7 << 29, (3 << 29) | (1 << 8), cells(7)[1] + 200, 8 << 29, 2**62])
    assert (canonical_keys(nonsense) == -1).all()


def test_a_matrix_beyond_seven_vertices_counts_after_pruning() -> None:
    matrix = np.zeros((9, 9), dtype=int)
    matrix[0, 4] = matrix[4, 8] = matrix[0, 5] = 1
    assert key_of_matrix(matrix, [0, 0, 0, 2, 1, 1, 1]) == key_of_matrix([[0, 1, 0], [0, 0, 1], [0, 0, 0]], ["maxpool"])
    assert key_of_matrix(np.diag(np.ones(8, dtype=int), 1), [0] * 7) == -1
    assert key_of_matrix([[0]], []) == -1


def test_a_malformed_cell_is_refused_with_its_reason() -> None:
    chain = [[0, 1, 0], [0, 0, 1], [0, 0, 0]]
    bad: list[tuple[list[list[float]], list[object], str]] = [
        ([[0, 1]], [], "square"),
        ([[0, 1], [1, 0]], [], r"\[1\]\[0\] is 1"),
        ([[1, 1], [0, 0]], [], r"\[0\]\[0\] is 1"),
        ([[0, 2], [0, 0]], [], "is 2"),
        ([[0, float("nan")], [0, 0]], [], "is nan"),
        (chain, [0, 0], "3 vertices have 1 operations, not 2"),
        (chain, ["conv5x5"], "conv5x5"),
        (chain, [3], "conv3x3-bn-relu"),
        (chain, [[0]], "conv3x3-bn-relu"),
    ]
    for matrix, operations, words in bad:
        with pytest.raises(SpaceError, match=words):
            key_of_matrix(matrix, operations)  # type: ignore[arg-type]
    with pytest.raises(SpaceError, match="'input' to 'output'"):
        interior(["conv3x3-bn-relu", "output"])
    with pytest.raises(SpaceError, match="as many labels"):
        prune(chain, ["input", "output"])


def test_a_malformed_batch_is_refused_with_its_reason() -> None:
    one = np.array([[[0, 1, 0], [0, 0, 1], [0, 0, 0]]])
    for matrices, operations, words in [
        (one[0], [[0]], "shape"),
        (np.zeros((1, 8, 8)), [[0] * 6], "V from 2 to 7"),
        (one, [[3]], "codes 0 to 2"),
        (one, [[0, 0]], r"of shape \(1, 1\)"),
        (one.transpose(0, 2, 1), [[0]], "above their diagonals"),
        (one * 2, [[0]], "0 and 1"),
    ]:
        with pytest.raises(SpaceError, match=words):
            matrix_keys(matrices, np.array(operations))


def _published(name: str) -> Iterator[dict[str, str]]:
    path = PUBLISHED / name
    if not path.exists():
        pytest.skip(MISSING)
    with gzip.open(path, "rt") if path.suffix == ".gz" else open(path) as file:
        yield from csv.DictReader(file)


def _published_key(row: dict[str, str]) -> int:
    bits, labels = row["adjacency"], row["operations"].split(",")
    vertices = len(labels)
    matrix = [list(map(int, bits[start : start + vertices])) for start in range(0, len(bits), vertices)]
    return key_of_matrix(matrix, interior(labels))


def test_every_published_cell_of_four_vertices_is_in_the_space() -> None:
    rows = [row for row in _published("means_up_to_4_vertices.csv") if row["epochs"] == "108"]
    keys = np.array([_published_key(row) for row in rows])
    assert list(hashes(keys)) == [row["module_hash"] for row in rows]
    assert sorted(canonical_keys(keys).tolist()) == cells(4).tolist()


@pytest.mark.slow(reason="reads and canonicalises all 423,624 published cells")
def test_the_space_is_exactly_the_published_one() -> None:
    rows = list(_published("mean_test_108.csv.gz"))
    keys = np.array([_published_key(row) for row in rows])
    assert (np.sort(canonical_keys(keys)) == cells(7)).all()
    some = random.Random(1).sample(range(len(rows)), 2000)
    assert list(hashes(canonical_keys(keys[some]))) == [rows[i]["module_hash"] for i in some]


def test_the_operations_are_the_data_sets() -> None:
    assert OPERATIONS == ("conv3x3-bn-relu", "conv1x1-bn-relu", "maxpool3x3")
