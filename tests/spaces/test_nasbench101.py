"""The space of NAS-Bench-101: encodings, samplers, text, and the contract checks under every setting."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from harness.core.errors import SettingError, SpaceError
from harness.core.space import Architecture, SearchSpace
from harness.spaces.nasbench101 import NASBench101
from harness.spaces.nasbench101_graphs import cells
from harness.testing import SPACE_CHECKS
from tests.spaces.plain_cells import Cell, canonical, every_cell, key_of, pruned

VARIANTS = [
    {"vertices": vertices, "encoding": encoding, "sampler": sampler}
    for vertices in range(2, 8)
    for encoding, sampler in [("edges", "cells"), ("edges", "decisions"), ("tree", "cells"), ("tree", "decisions")]
    if (vertices, encoding) != (2, "tree")
]


@pytest.mark.parametrize("check", SPACE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: "-".join(map(str, variant.values())))
def test_the_space_keeps_its_contract(variant: dict[str, Any], check: Callable[[SearchSpace], None]) -> None:
    check(NASBench101(**variant))


def trees(vertices: int) -> Iterator[tuple[tuple[int, ...], Cell]]:
    """All choices of the tree encoding with the cell that its definition gives, written out."""
    sources = [range(v) for v in range(1, vertices - 1)]
    for source in itertools.product(*sources):
        edges = {(x, y) for y, x in enumerate(source, start=1)}
        edges |= {(v, vertices - 1) for v in range(1, vertices - 1) if v not in source}
        for operations in itertools.product(range(3), repeat=vertices - 2):
            pairs = zip(source, operations, strict=True)
            yield tuple(itertools.chain.from_iterable(pairs)), (vertices, frozenset(edges), operations)


@pytest.mark.parametrize("vertices", [3, 4, 5])
def test_the_tree_encoding_means_one_predecessor_each_and_loose_ends_to_the_output(vertices: int) -> None:
    space = NASBench101(vertices=vertices, encoding="tree")
    expected = {choices: key_of(cell) for choices, cell in trees(vertices)}
    choices = np.array(list(expected))
    assert space.keys(choices).tolist() == list(expected.values())
    assert space.enumerate_keys().tolist() == sorted({key_of(canonical(cell)) for _, cell in trees(vertices)})


# Counted from the decoding of eval-nas, enas_policy/utils_for_nasbench.py.
@pytest.mark.parametrize(("vertices", "reachable"), [(4, 15), (5, 82), (6, 495), (7, 3123)])
def test_the_tree_encoding_reaches_few_cells(vertices: int, reachable: int) -> None:
    space = NASBench101(vertices=vertices, encoding="tree")
    rows = np.stack(np.meshgrid(*map(np.arange, space.options), indexing="ij"), axis=-1).reshape(-1, len(space.options))
    keys = space.keys(rows)
    star = 243 if vertices == 7 else 0  # five operations, each between input and output: 10 edges
    assert (keys < 0).sum() == star
    assert np.unique(space.canonical_keys(keys[keys >= 0])).tolist() == space.enumerate_keys().tolist()
    assert space.reachable == reachable
    assert space.reach == {"edges": space.size, "tree": reachable}
    assert (space.from_keys(keys[keys >= 0]) == rows[keys >= 0]).all()


def test_size_is_the_whole_space_in_either_encoding() -> None:
    for encoding in ("edges", "tree"):
        space = NASBench101(vertices=5, encoding=encoding)
        assert space.size == 2532
        assert space.owns(cells(5)).all()
        assert not space.owns(np.array([-1, cells(6)[-1]])).any()


def test_the_tree_encoding_refuses_cells_that_it_cannot_write() -> None:
    space = NASBench101(vertices=5, encoding="tree")
    missing = np.setdiff1d(cells(5), space.enumerate_keys())
    for key in missing.tolist():
        with pytest.raises(SpaceError, match="tree encoding cannot write 1 of 1"):
            space.from_key(key)


@pytest.mark.parametrize("vertices", range(2, 8))
def test_the_edge_encoding_reaches_every_cell(vertices: int) -> None:
    space = NASBench101(vertices=vertices)
    choices = space.from_keys(cells(vertices))
    assert (choices >= 0).all()
    assert (choices < np.array(space.options)).all()
    assert (space.keys(choices) == cells(vertices)).all()


def test_a_small_cell_is_embedded_with_its_output_last_and_unused_vertices_isolated() -> None:
    space = NASBench101(vertices=5)
    assert space.parse("maxpool@0 output@0,1").choices == (1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 2, 0, 0)


def test_dead_parts_change_neither_key_nor_canonical_form() -> None:
    space = NASBench101(vertices=4)
    alive, dead = Architecture((1, 0, 0, 0, 1, 0, 2, 0)), Architecture((1, 1, 0, 0, 1, 0, 2, 1))
    assert space.key(alive) == space.key(dead)
    assert space.canonical(dead) == alive


@given(st.data())
@settings(deadline=None)
def test_one_key_alone_is_the_key_in_a_batch(data: st.DataObject) -> None:
    space = NASBench101(vertices=data.draw(st.integers(3, 7)), encoding=data.draw(st.sampled_from(["edges", "tree"])))
    architecture = Architecture(tuple(data.draw(st.integers(0, n - 1)) for n in space.options))
    assert space.key(architecture) == space.keys(np.array([architecture.choices]))[0]
    assert space.contains(architecture) == (space.key(architecture) >= 0)


@given(st.data())
@settings(deadline=None)
def test_text_reads_back_with_the_same_key(data: st.DataObject) -> None:
    space = NASBench101(vertices=data.draw(st.integers(3, 7)), encoding=data.draw(st.sampled_from(["edges", "tree"])))
    architecture = Architecture(tuple(data.draw(st.integers(0, n - 1)) for n in space.options))
    if space.contains(architecture):
        assert space.key(space.parse(space.format(architecture))) == space.key(architecture)
    else:
        with pytest.raises(SpaceError, match="is no cell of space"):
            space.format(architecture)


def test_text_names_each_vertex_with_its_predecessors() -> None:
    space = NASBench101()
    assert space.format(space.parse("  conv3x3@0   conv1x1@1,0 output@2 ")) == "conv3x3@0 conv1x1@0,1 output@2"
    assert space.format(space.parse("output@0")) == "output@0"
    assert space.format(space.parse("maxpool3x3@0 conv1x1-bn-relu@0 output@1")) == "maxpool@0 output@1"


def test_the_data_sets_own_fields_are_read_too() -> None:
    space = NASBench101()
    assert space.format(space.parse("0110001000010000;input,maxpool3x3,maxpool3x3,output")) == (
        "maxpool@0 maxpool@0,1 output@2"
    )
    assert space.parse("010001000;input,conv3x3-bn-relu,output") == space.parse("conv3x3@0 output@1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "expected a text such as"),
        ("conv3x3", "expected a text such as"),
        ("conv3x3@0", "last word must be output@"),
        ("conv5x5@0 output@1", "conv3x3-bn-relu"),
        ("conv3x3@1 output@1", "vertex 1 can only follow vertices 0 to 0, not 1"),
        ("conv3x3@0 output@999", "not 999"),
        ("conv3x3@0 output@99999999999", "expected a text such as"),
        ("01000;input,output", "no square matrix"),
        ("0100;output,input", "'input' to 'output'"),
        ("0100;input,maxpool3x3,output", "2 vertices have 0 operations, not 1"),
        ("0110;input,output", "above its diagonal"),
        ("0000;input,output", "lies outside NAS-Bench-101"),
        ("maxpool@0 maxpool@0 maxpool@0 maxpool@0 maxpool@0 output@1,2,3,4,5", "9 edges"),
    ],
)
def test_a_text_that_is_no_cell_is_refused_with_its_reason(text: str, words: str) -> None:
    with pytest.raises(SpaceError, match=re.escape(words)) as refused:
        NASBench101().parse(text)
    assert "\n" not in str(refused.value)


def test_a_text_beyond_the_space_is_refused() -> None:
    with pytest.raises(SpaceError, match="more than the 3 vertices of space 'nasbench101-v3'"):
        NASBench101(vertices=3).parse("maxpool@0 maxpool@1 output@2")
    with pytest.raises(SpaceError, match="is no key of a cell of space 'nasbench101-v3'"):
        NASBench101(vertices=3).from_key(int(cells(4)[-1]))


@pytest.mark.parametrize(
    "wrong",
    [
        {"vertices": 1},
        {"vertices": 8},
        {"encoding": "paths"},
        {"sampler": "uniform"},
        {"encoding": "tree", "sampler": "notebook"},
        {"encoding": "tree", "vertices": 2},
    ],
)
def test_a_wrong_setting_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(SettingError):
        NASBench101(**wrong)


def law_of(space: NASBench101, sampler: str) -> dict[int, float]:
    """The exact probability of each canonical key, by walking every row of choices in plain Python."""
    walk = every_cell(space.vertices) if space.encoding == "edges" else (cell for _, cell in trees(space.vertices))
    rows = Counter(key_of(canonical(left)) for cell in walk if (left := pruned(cell)))
    if sampler == "cells":
        return dict.fromkeys(rows, 1 / len(rows))
    return {key: count / rows.total() for key, count in rows.items()}


@pytest.mark.parametrize(
    ("encoding", "sampler"),
    [("edges", "cells"), ("edges", "decisions"), ("edges", "notebook"), ("tree", "cells"), ("tree", "decisions")],
)
def test_samples_follow_the_named_law(encoding: Any, sampler: Any) -> None:
    space = NASBench101(vertices=4, encoding=encoding, sampler=sampler)
    law = law_of(space, sampler)
    draws = space.canonical_keys(space.keys(space.sample_many(np.random.default_rng(7), 20_000)))
    seen = Counter(draws.tolist())
    assert seen.keys() <= law.keys()
    expected = np.array([20_000 * p for p in law.values()])
    assert stats.chisquare([seen[key] for key in law], expected).pvalue > 0.001


def test_single_draws_follow_the_law_too() -> None:
    space, rng = NASBench101(vertices=3, sampler="decisions"), np.random.default_rng(7)
    law = law_of(space, "decisions")
    seen = Counter(space.key(space.canonical(space.sample(rng))) for _ in range(2000))
    assert stats.chisquare([seen[key] for key in law], [2000 * p for p in law.values()]).pvalue > 0.001


def test_the_notebooks_sampler_is_far_from_uniform() -> None:
    """Of 60,000 draws of the notebook: 9.6 % are the trivial cell, 0.3 % have 7 vertices, 9,314 are distinct."""
    space = NASBench101(sampler="notebook")
    keys = space.canonical_keys(space.keys(space.sample_many(np.random.default_rng(7), 60_000)))
    assert np.mean(keys == cells(2)[0]) == pytest.approx(0.096, abs=0.005)
    assert np.mean(keys >> 29 == 7) == pytest.approx(0.003, abs=0.001)
    assert len(np.unique(keys)) == pytest.approx(9314, abs=400)


def test_uniform_samples_have_the_spaces_share_of_large_cells() -> None:
    space = NASBench101()
    keys = space.keys(space.sample_many(np.random.default_rng(7), 20_000))
    assert np.mean(keys >> 29 == 7) == pytest.approx(359_082 / 423_624, abs=0.01)


def test_the_same_seed_draws_the_same_samples() -> None:
    for sampler in ("cells", "decisions", "notebook"):
        space = NASBench101(vertices=6, sampler=sampler)
        first, second = (space.sample_many(np.random.default_rng(3), 50) for _ in range(2))
        assert (first == second).all()
        assert space.sample_many(np.random.default_rng(3), 0).shape == (0, len(space.options))
