"""The published hash: vectors and whole-space checksums of NAS-Bench-101, lib/graph_util.py run independently."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from harness.core.errors import SpaceError
from harness.spaces.nasbench101_graphs import cells
from harness.spaces.nasbench101_hash import hashes, module_hash
from harness.spaces.nasbench101_keys import OPERATIONS, SHORT_NAMES, interior, key_of_matrix, prune

VECTORS = [
    ("01", (), "043721b9c7fe8c5fad811d47d83132ec"),
    ("01 12", (0,), "b49ac8c578b4561d79ac7087988f1c61"),
    ("01 12", (1,), "d1269d9156ddc027c40473008192958a"),
    ("01 12", (2,), "53cee42601ad14d661bb6878031d6acb"),
    ("01 12 02", (0,), "d32d0b26d534203b48d866facd98cc3e"),
    ("01 12 23 03", (0, 0), "b5fb4f6193360330b6ff6a52cbf0cad7"),
    ("01 02 13 23", (0, 1), "1af995a92568cf42af2c2668f72834ea"),
    ("01 02 13 23", (1, 0), "1af995a92568cf42af2c2668f72834ea"),
    # The example of NAS-Bench-101, README.md.
    ("01 02 03 05 16 26 34 46 56", (1, 0, 0, 0, 2), "28cfc7874f6d200472e1a9dcd8650aa0"),
]
CHECKSUMS = {
    4: "e2400f00bdb3121cca417b46132126a3",
    5: "8100011217043379c925f1b0fafa4552",
    6: "fb87e0246d19ddb73a37ef1a716a6994",
    7: "f326384eaae39afedf8b14359a31f52e",
}
"""MD5 of the sorted hashes of all cells of at most so many vertices, joined by newlines."""


def matrix_of(edges: str) -> list[list[int]]:
    """The matrix of edges such as "01 12", which name their two vertices."""
    vertices = int(max(edges.replace(" ", ""))) + 1
    return [[int(f"{x}{y}" in edges.split()) for y in range(vertices)] for x in range(vertices)]


@pytest.mark.parametrize(("edges", "operations", "expected"), VECTORS)
def test_hashes_equal_the_published_functions(edges: str, operations: tuple[int, ...], expected: str) -> None:
    matrix = matrix_of(edges)
    assert module_hash(matrix, operations) == expected
    assert list(hashes([key_of_matrix(matrix, operations)])) == [expected]


@pytest.mark.parametrize("kind", [int, bool, float, np.int8, np.int64, np.uint64, np.float32, np.bool_])
@pytest.mark.parametrize("label", [int, np.int8, np.int64, OPERATIONS.__getitem__, SHORT_NAMES.__getitem__])
def test_the_hash_does_not_depend_on_number_types(kind: type, label: Callable[[int], Any]) -> None:
    """The published function hashes a float matrix to 0e2cd002... and NumPy 2 labels to ee88887d..."""
    matrix = np.array(matrix_of("01 12")).astype(kind)
    for form in (matrix, matrix.tolist(), list(matrix)):
        assert module_hash(form, [label(0)]) == "b49ac8c578b4561d79ac7087988f1c61"


def test_a_float_matrix_with_a_dead_vertex_hashes_like_its_pruned_cell() -> None:
    """The trap of NAS-Bench-101, issue #32."""
    matrix, labels = (
        prune(np.array(matrix_of("01 02 13")).astype(float), ["input", "conv3x3", "maxpool", "output"]) or ()
    )
    assert labels == ("input", "conv3x3", "output")
    assert module_hash(matrix, interior(labels)) == "b49ac8c578b4561d79ac7087988f1c61"


@pytest.mark.parametrize("vertices", [4, 5])
def test_the_hashes_of_a_whole_space_equal_the_published_ones(vertices: int) -> None:
    require_published(sorted(hashes(cells(vertices).tolist())), vertices)


@pytest.mark.slow(reason="hashes all 423,624 cells, one by one")
def test_the_hashes_of_all_cells_equal_the_published_ones() -> None:
    keys = cells(7)
    texts = np.array(list(hashes(keys.tolist())))
    for vertices in (6, 7):
        require_published(sorted(texts[keys >> 29 <= vertices].tolist()), vertices)


def require_published(texts: list[str], vertices: int) -> None:
    """All different, and together with the published checksum."""
    assert len(set(texts)) == len(texts)
    assert hashlib.md5("\n".join(texts).encode()).hexdigest() == CHECKSUMS[vertices]


def test_the_hash_refuses_what_is_no_cell() -> None:
    with pytest.raises(SpaceError, match="above its diagonal"):
        module_hash([[0, 0.5], [0, 0]], [])
    with pytest.raises(SpaceError, match="3 vertices have 1 operations, not 2"):
        module_hash(matrix_of("01 12"), [0, 0])
    with pytest.raises(SpaceError, match="no key"):
        list(hashes([-1]))
