"""Recurrent cells: published counts, order, cells and texts."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from harness.core.errors import SettingError, SpaceError
from harness.core.space import Architecture, SearchSpace
from harness.spaces.rnn_cell import RNNCell
from harness.testing import SPACE_CHECKS

# DARTS, rnn/genotypes.py, in its own notation.
DARTS_V1 = (
    "Genotype(recurrent=[('relu', 0), ('relu', 1), ('tanh', 2), ('relu', 3), ('relu', 4), ('identity', 1), "
    "('relu', 5), ('relu', 1)], concat=range(1, 9))"
)
DARTS_V2 = (
    "Genotype(recurrent=[('sigmoid', 0), ('relu', 1), ('relu', 1), ('identity', 1), ('tanh', 2), ('sigmoid', 5), "
    "('tanh', 3), ('relu', 5)], concat=range(1, 9))"
)
ENAS = "tanh@0 tanh@1 relu@1 tanh@3 tanh@3 relu@3 relu@4 relu@7 relu@8 relu@8 relu@8"
# NAO, NAO/rnn/train_ptb_final.sh and NAO-WS/rnn/train_final.sh: predecessor and operation of each node.
NAO = "0 1 0 1 1 1 3 0 4 1 4 1 5 1 1 1 7 1 1 1 1 2"
NAO_WS = "0 1 1 1 2 2 1 2 4 1 4 1 4 1 7 1 8 2 1 0 4 1"


@pytest.mark.parametrize("check", SPACE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize(
    ("nodes", "encoding"), [*((n, "choices") for n in (1, 2, 3, 5, 8, 12)), *((n, "edges") for n in (1, 2, 3, 5))]
)
def test_the_space_keeps_its_contract(nodes: int, encoding: Any, check: Callable[[SearchSpace], None]) -> None:
    check(RNNCell(nodes=nodes, encoding=encoding))


# Yu et al. 2020, Sec. 3.2: n! 4^n, 32 for two nodes; 8 nodes are DARTS' own.
@pytest.mark.parametrize(
    ("nodes", "size"),
    [(1, 4), (2, 32), (4, 6144), (8, 2_642_411_520), (11, 167_423_193_907_200), (12, 8_036_313_307_545_600)],
)
def test_the_space_has_the_published_size(nodes: int, size: int) -> None:
    space = RNNCell(nodes=nodes)
    assert space.size == space.reachable == size
    last = Architecture(tuple(n - 1 for n in space.options))
    assert space.key(last) == size - 1
    assert space.from_key(size - 1) == last


def test_two_nodes_are_numbered_as_published() -> None:
    """eval-nas, visualization/best_configs.py: index = 8 op1 + 4 pred2 + op2, ops tanh relu sigmoid identity."""
    space, names = RNNCell(nodes=2), ("tanh", "relu", "sigmoid", "identity")
    expected = [f"{first}@0 {second}@{source}" for first, source, second in itertools.product(names, (0, 1), names)]
    assert [space.format(cell) for cell in space.enumerate()] == expected
    assert space.enumerate_keys().tolist() == list(range(32))


def test_the_published_best_and_worst_cells_have_their_published_numbers() -> None:
    space = RNNCell(nodes=2)
    published = {2: "tanh@0 sigmoid@0", 16: "sigmoid@0 tanh@0", 12: "relu@0 tanh@1", 31: "identity@0 identity@1"}
    assert {key: space.format(space.from_key(key)) for key in published} == published


@pytest.mark.parametrize("text", [DARTS_V1, DARTS_V2])
def test_darts_genotypes_are_read_and_written(text: str) -> None:
    space = RNNCell(nodes=8)
    assert space.genotype(space.parse(text)) == text
    assert space.parse(space.format(space.parse(text))) == space.parse(text)


def test_a_genotype_is_read_in_any_spacing_and_quotes() -> None:
    space = RNNCell(nodes=2)
    loose = '\n Genotype( recurrent = [ ("tanh",0) ,\n ("relu", 1), ] , concat = [2, 1] ) '
    assert space.format(space.parse(loose)) == "tanh@0 relu@1"


def test_published_cells_of_eleven_nodes_lie_in_the_space() -> None:
    space = RNNCell(nodes=11)
    assert space.format(space.parse(ENAS)) == ENAS
    for numbers in (NAO, NAO_WS):
        cell = Architecture(tuple(map(int, numbers.split())))
        assert space.contains(cell)
        assert space.parse(space.format(cell)) == cell
    assert space.format(Architecture(tuple(map(int, NAO.split())))).startswith("relu@0 relu@0 relu@1 tanh@3 relu@4")


def test_a_genotype_that_averages_some_nodes_only_is_refused() -> None:
    pairs = [(word.split("@")[0], int(word.split("@")[1])) for word in ENAS.split()]
    with pytest.raises(
        SpaceError, match=r"averages nodes 1 to 11, but the genotype's concat is \[2, 5, 6, 9, 10, 11\]"
    ):
        RNNCell(nodes=11).parse(f"Genotype(recurrent={pairs!r}, concat=[2, 5, 6, 9, 10, 11])")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected a text such as 'tanh@0 relu@0'"),
        ("tanh relu", "expected a text"),
        ("tanh@0", "has 2 nodes, not 1"),
        ("tanh@0 tanh@1 tanh@1", "has 2 nodes, not 3"),
        ("tanh@0 gelu@1", "'gelu' is none of them"),
        ("tanh@0 relu@2", "node 2 can only follow states 0 to 1, not 2"),
        ("Genotype(recurrent=[('tanh', 0), ('relu', 1)], concat=range(0, 3))", "concat is [0, 1, 2]"),
        ("Genotype(recurrent=[('tanh', 0), ('relu', 1)])", "expected a text"),
        ("Genotype(recurrent=[__import__('os')], concat=range(1, 3))", "expected a text"),
        ("Genotype(recurrent=[" + "('tanh', 0)" + " " * 5000 + ", concat=range(1, 3))", "expected a text"),
    ],
)
def test_a_text_that_is_no_cell_is_refused_with_its_reason(text: str, words: str) -> None:
    with pytest.raises(SpaceError) as refused:
        RNNCell(nodes=2).parse(text)
    assert words in str(refused.value)


@pytest.mark.parametrize("nodes", [0, -1, 13, 100])
def test_an_impossible_number_of_nodes_is_refused(nodes: int) -> None:
    with pytest.raises(SettingError, match=rf"'nodes' cannot be {nodes}"):
        RNNCell(nodes=nodes)


def test_a_huge_space_refuses_to_be_walked() -> None:
    with pytest.raises(SpaceError, match="8,036,313,307,545,600 cells, too many to enumerate"):
        RNNCell().enumerate_keys()


@pytest.mark.parametrize("key", [-1, 32])
def test_a_number_that_is_no_cell_is_refused(key: int) -> None:
    space = RNNCell(nodes=2)
    assert space.canonical_keys(np.array([key])).tolist() == [-1]
    with pytest.raises(SpaceError, match=f"{key} is no key"):
        space.from_key(key)


@given(st.integers(1, 12), st.data())
def test_keys_and_choices_undo_each_other(nodes: int, data: st.DataObject) -> None:
    space = RNNCell(nodes=nodes)
    choices = tuple(data.draw(st.integers(0, n - 1)) for n in space.options)
    key = 0
    for choice, n in zip(choices, space.options, strict=True):
        key = key * n + choice
    assert space.key(Architecture(choices)) == key
    assert space.from_key(key) == space.canonical(Architecture(choices)) == Architecture(choices)


def test_samples_are_uniform_over_the_cells() -> None:
    space, rng = RNNCell(nodes=2), np.random.default_rng(3)
    many = Counter(space.keys(space.sample_many(rng, 8000)).tolist())
    single = Counter(space.key(space.sample(rng)) for _ in range(4000))
    for seen in (many, single):
        assert stats.chisquare([seen[key] for key in range(32)]).pvalue > 0.001


def test_edges_describe_the_same_cells_by_the_same_keys() -> None:
    pairs, edges = RNNCell(nodes=3), RNNCell(nodes=3, encoding="edges")
    assert edges.options == (5,) * 6
    assert edges.name == pairs.name
    assert edges.size == pairs.size
    assert edges.reach == pairs.reach == {"choices": 384, "edges": 384}
    keys = edges.enumerate_keys()
    assert keys.tolist() == pairs.enumerate_keys().tolist()
    for mine, theirs in zip(edges.enumerate(), pairs.enumerate(), strict=True):
        assert edges.format(mine) == pairs.format(theirs)
        assert edges.parse(pairs.format(theirs)) == mine
    # of all rows of edges those with one operation a node are cells: 4, 8 and 12 ways
    rows = np.array(list(itertools.product(range(5), repeat=6)))
    single = [(rows[:, a:b] > 0).sum(axis=1) == 1 for a, b in ((0, 1), (1, 3), (3, 6))]
    assert ((edges.keys(rows) >= 0) == np.all(single, axis=0)).all()
    assert len(np.unique(edges.keys(rows))) == 4 * 8 * 12 + 1


def genotype(probabilities: np.ndarray, nodes: int) -> str:
    """A cell as in quark0/darts, rnn/model_search.py (genotype), in our text form."""
    words, start = [], 0
    for node in range(nodes):
        rows = probabilities[start : start + node + 1, 1:]
        source = max(range(node + 1), key=lambda j: (rows[j].max(), -j))
        words.append(f"{('tanh', 'relu', 'sigmoid', 'identity')[int(rows[source].argmax())]}@{source}")
        start += node + 1
    return " ".join(words)


def test_a_mixture_of_edges_is_read_off_as_by_darts() -> None:
    space, rng = RNNCell(nodes=4, encoding="edges"), np.random.default_rng(1)
    for _ in range(50):
        weights = rng.dirichlet(np.full(5, 0.5), size=10)
        found = space.read_off(weights)
        assert found is not None
        assert space.format(found) == genotype(weights, 4)
    assert RNNCell(nodes=4).read_off(weights) is None


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(SettingError, match="'encoding' cannot be 'tree': it must be 'choices' or 'edges'"):
        RNNCell(nodes=2, encoding="tree")  # type: ignore[arg-type]
