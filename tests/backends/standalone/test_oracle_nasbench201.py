"""NAS-Bench-201 cells trained from scratch: the oracle's contract, a table of them, and a judge without one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from backends.networks.adapters import graphs_of
from backends.networks.cell_graphs import CellGraph
from backends.networks.nasbench201 import SKELETON
from backends.standalone.networks import parameters_of
from backends.standalone.oracle import StandaloneOracle
from backends.tabular import Table
from backends.tabular.importers import import_table
from backends.tabular.verify import verify
from backends.training.recipes import Recipe, load_recipe, recipe_path
from harness.core.errors import IncompatibleError
from harness.core.judgement import NoVerdict, UnrankedVerdict
from harness.core.oracle import Score, Scored
from harness.execution.building import build_journal, training_jobs
from harness.execution.executor import Workers
from harness.judging.training_judge import ScratchTraining, TrainedJudge
from harness.planning.settings import create_space
from harness.spaces.nasbench201 import NASBench201
from harness.testing.oracles import ORACLE_CHECKS, OracleCase
from tests.backends.standalone.recipe import TINY, graphs_of_text, written

SPACE, UNIQUE = NASBench201(), NASBench201(cells="unique")
TINIEST = replace(TINY, epochs=(2,), stacks=1, repeats=1)
TEXTS = (
    "|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|avg_pool_3x3~2|",
    "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|",
)


def oracle_of(folder: Path, space: NASBench201, seed: int = 1, recipe: Recipe = TINIEST) -> StandaloneOracle:
    return StandaloneOracle(space, seed, recipe=str(written(folder, recipe)), seconds="none")


@pytest.mark.parametrize("check", ORACLE_CHECKS)
def test_the_oracle_keeps_the_contract(check: Callable[[OracleCase], None], tmp_path: Path) -> None:
    check(OracleCase(lambda seed: oracle_of(tmp_path, SPACE, seed), queries=3))


def test_cells_of_one_class_have_one_value_in_the_unique_space_alone(tmp_path: Path) -> None:
    pair = [
        UNIQUE.parse("|none~0|+|none~0|none~1|+|nor_conv_3x3~0|nor_conv_1x1~1|none~2|"),
        UNIQUE.parse("|none~0|+|none~0|none~1|+|nor_conv_3x3~0|avg_pool_3x3~1|none~2|"),
    ]
    ours = oracle_of(tmp_path, UNIQUE).answer([Score(cell) for cell in pair])
    assert UNIQUE.canonical(pair[0]) == UNIQUE.canonical(pair[1])
    assert ours[0] == ours[1]
    names = {oracle_of(tmp_path, SPACE)._outcomes.name(cell) for cell in pair}
    assert len(names) == 2


def test_a_cell_is_a_graph_whose_operations_lie_on_its_edges() -> None:
    (graphs,) = graphs_of(SPACE, [SPACE.key(SPACE.parse(TEXTS[0]))])
    assert graphs.cells == (CellGraph(((0, 1, 1, 1), (0, 0, 1, 1), (0, 0, 0, 1), (0, 0, 0, 0)), (3, 0, 2, 1, 0, 4)),)
    assert graphs_of_text(graphs.adjacency, "302104", "nasbench201") == graphs
    for each in graphs_of(create_space("nasbench101-v4"), _keys("nasbench101-v4")):
        assert len(each.cells[0].operations) == len(each.cells[0].matrix) - 2
    assert parameters_of(graphs_of(SPACE, [0])[0], SKELETON) == 73_306
    with pytest.raises(IncompatibleError, match="are not trained on images"):
        graphs_of(create_space("rnn2"), [0])


def _keys(space: str) -> list[int]:
    keys: list[int] = create_space(space).enumerate_keys().tolist()
    return keys


@pytest.mark.slow(reason="trains cells from scratch")
def test_cells_become_a_table_by_training_them(tmp_path: Path) -> None:
    recipe, journal = replace(TINIEST, repeats=2), tmp_path / "cells.journal"
    keys = np.array([SPACE.key(SPACE.parse(text)) for text in TEXTS])
    build_journal(SPACE.name, training_jobs(SPACE, keys, recipe), recipe, journal, workers=Workers(1))
    import_table("journal", journal, SPACE, tmp_path / "table.h5")
    table = Table.open(tmp_path / "table.h5")
    assert (table.space, table.epochs, table.repeats) == ("nasbench201", (2,), 2)
    assert (table.rows(keys) >= 0).all()
    assert verify(table, SPACE) == []
    assert table.parameters is not None
    small = replace(SKELETON, width=4, stacks=1, modules=1, image_channels=1)
    counts = [parameters_of(cell, small) for cell in graphs_of(SPACE, keys.tolist())]
    assert table.parameters[table.rows(keys)].tolist() == counts
    (answer,) = oracle_of(tmp_path, SPACE, recipe.seed, recipe).answer([Score(SPACE.parse(TEXTS[0]))])
    assert isinstance(answer, Scored)
    assert answer.value == pytest.approx(table.values("validation_accuracy", 2, table.rows(keys[:1]))[0, 0], abs=0.02)


@pytest.mark.slow(reason="trains cells from scratch")
def test_recommendations_are_judged_by_training_them(tmp_path: Path) -> None:
    scratch, cells = ScratchTraining.of(str(written(tmp_path, TINIEST)), SPACE), [SPACE.parse(text) for text in TEXTS]
    judge = TrainedJudge(scratch.truth, SPACE, scratch.train(cells[:1], SPACE, tmp_path, workers=Workers(1)))
    found = judge.judge(cells[0])
    assert isinstance(found, UnrankedVerdict)
    assert 0 < found.value <= 1
    assert isinstance(judge.judge(cells[1]), NoVerdict)


@pytest.mark.parametrize(
    ("name", "published"),
    [
        # Dong and Yang 2020, Table 1 and Sec. 2.1
        ("nasbench201-cifar10", {"batch_size": 256, "learning_rate": 0.1, "momentum": 0.9, "weight_decay": 5e-4}),
        ("nasbench201-cifar10", {"width": 16, "stacks": 3, "modules": 5, "epochs": (12, 200), "crop": 4, "flip": True}),
        ("nasbench201-digits", {"stacks": 3, "epochs": (4, 12)}),
    ],
)
def test_recipes_of_the_benchmark_ship(name: str, published: dict[str, object]) -> None:
    recipe = load_recipe(recipe_path(name))
    assert {key: getattr(recipe, key) for key in published} == published
