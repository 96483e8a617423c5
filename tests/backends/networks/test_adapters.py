"""One adapter a family is all that training, sharing, judging, tables and drawings need of a new space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backends.networks.adapters import ADAPTERS, ImageAdapter, adapter_of, graphs_of
from backends.standalone.oracle import StandaloneOracle
from backends.standalone.tasks import task_of
from backends.supernet.oracle import SupernetOracle
from backends.tabular.importers import import_table
from backends.tabular.table import Table
from harness.core.errors import IncompatibleError
from harness.core.oracle import Gradient, Score, Scored, Slope, Update, Updated
from harness.core.space import SearchSpace
from harness.execution.building import build_journal, recipe_of, training_jobs
from harness.execution.executor import Workers
from harness.figures.cell import cell_graph_data, plot_cell
from harness.judging.training_judge import ScratchTraining
from harness.planning.settings import create_space
from harness.studies.sharing_amount.cells import kind_of
from harness.testing.oracles import ORACLE_CHECKS, OracleCase
from harness.testing.spaces import SPACE_CHECKS
from tests.backends.standalone.recipe import TINY, written
from tests.fakes.spaces import Pairs
from tests.fakes.two_cells import TwoCells

SPACE = TwoCells()
BOTH = SPACE.parse("relu/tanh")
RECIPE = replace(TINY, epochs=(2,), repeats=2)


def shared() -> SupernetOracle:
    return SupernetOracle(SPACE, 1, device="cpu", seconds="none")


@pytest.mark.parametrize("check", SPACE_CHECKS)
def test_the_new_space_keeps_the_contract(check: Callable[[SearchSpace], None]) -> None:
    check(SPACE)


@pytest.mark.parametrize("check", ORACLE_CHECKS)
def test_its_architectures_are_trained_alone(check: Callable[[OracleCase], None], tmp_path: Path) -> None:
    recipe = str(written(tmp_path, RECIPE))
    check(OracleCase(lambda seed: StandaloneOracle(SPACE, seed, recipe=recipe, seconds="none"), queries=3))


def test_its_architectures_share_weights() -> None:
    oracle = shared()
    updated, scored, slope = oracle.answer([Update((BOTH,)), Score(BOTH), Gradient(SPACE.one_hot(BOTH))])
    assert isinstance(updated, Updated)
    assert isinstance(scored, Scored)
    assert 0 <= scored.value <= 1
    assert isinstance(slope, Slope)
    assert [len(row) for row in slope.gradient] == [3, 3]


@pytest.mark.slow(reason="trains every cell of a space")
def test_its_architectures_become_a_table_and_are_judged(tmp_path: Path) -> None:
    keys, journal = SPACE.enumerate_keys()[[0, 5]], tmp_path / "cells.journal"
    build_journal(SPACE.name, training_jobs(SPACE, keys, RECIPE), RECIPE, journal, workers=Workers(1))
    import_table("journal", journal, SPACE, tmp_path / "table.h5")
    table = Table.open(tmp_path / "table.h5")
    assert table.keys.tolist() == [0, 5]
    assert table.parameters is not None
    assert table.parameters.tolist() == [4 * 9 + 4 + 4 * 10 + 10] * 2  # 4 channels, 10 classes
    scratch = ScratchTraining.of(str(written(tmp_path, RECIPE)), SPACE)
    values = scratch.train([BOTH], SPACE, tmp_path, workers=Workers(1))
    assert list(values) == [5]
    assert 0 < values[5] <= 1


def test_its_architectures_are_drawn() -> None:
    content = cell_graph_data(SPACE, BOTH)
    assert [vertex["label"] for vertex in content["vertices"]] == ["input", "relu", "tanh", "output"]
    plot_cell(content).draw_without_rendering()


def test_an_architecture_is_one_graph_for_each_kind_of_cell() -> None:
    (graphs,) = graphs_of(SPACE, [SPACE.key(BOTH)])
    assert [cell.operations for cell in graphs.cells] == [(1,), (2,)]
    assert (graphs.adjacency, graphs.operations) == ("0100+0100", (1, 2))
    assert graphs.text == "0100:1+0100:2"


@pytest.mark.parametrize("name", ["nasbench101-v5", "nasbench201", "nasbench201-unique"])
def test_what_a_journal_calls_a_cell_leads_back_to_it(name: str) -> None:
    space = create_space(name)
    keys = space.canonical_keys(space.keys(space.sample_many(np.random.default_rng(3), 20)))
    for key, graphs in zip(keys.tolist(), graphs_of(space, keys.tolist()), strict=True):
        described = space.described(graphs.adjacency, graphs.operations)
        found = space.key(space.parse(described)) if isinstance(described, str) else space.graph_key(*described)
        assert found == key


@pytest.mark.parametrize(
    ("space", "data"), [("nasbench101", "images"), ("nasbench201-unique", "images"), ("rnn2", "text")]
)
def test_every_family_that_ships_has_an_adapter(space: str, data: str) -> None:
    found = create_space(space)
    assert found.family in ADAPTERS
    assert kind_of(found) == data
    assert isinstance(adapter_of(found.family), ImageAdapter) == (data == "images")


def test_spaces_without_an_adapter_say_so_where_cells_are_trained(tmp_path: Path) -> None:
    space, recipe = Pairs(), str(written(tmp_path, RECIPE))
    assert task_of(space) is None
    assert kind_of(space) == "images"
    with pytest.raises(IncompatibleError, match=r"^cells of space 'pairs4' cannot be trained; those of nasbench101, "):
        recipe_of(space, recipe)
    with pytest.raises(IncompatibleError, match=r"trains NAS-Bench-101, .* cells, not those of 'pairs4'$"):
        StandaloneOracle(space, 1, recipe=recipe)
    with pytest.raises(IncompatibleError, match=r"holds NAS-Bench-101, .* cells, not those of 'pairs4'$"):
        SupernetOracle(space, 1)
    with pytest.raises(IncompatibleError, match=r"^cells of space 'pairs4' are not trained on images"):
        graphs_of(space, [0])
