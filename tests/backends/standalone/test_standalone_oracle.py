"""The stand-alone oracle keeps the contract of every oracle, and fails by answering."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import yaml

from backends.standalone.oracle import StandaloneOracle
from backends.standalone.recipes import Recipe
from harness.core.errors import IncompatibleError
from harness.core.oracle import Failed, Score, Scored, Update
from harness.core.random import stream
from harness.spaces.nasbench101 import NASBench101
from harness.testing.oracles import ORACLE_CHECKS, OracleCase
from tests.backends.standalone.recipe import TINY

SPACE = NASBench101(vertices=4)
TINIEST = replace(TINY, epochs=(2,), stacks=1)


def oracle_of(folder: Path, recipe: Recipe, seed: int = 1) -> StandaloneOracle:
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump(asdict(recipe) | {"epochs": list(recipe.epochs)}))
    return StandaloneOracle(SPACE, seed, recipe=str(path), seconds="none")


@pytest.mark.parametrize("check", ORACLE_CHECKS)
def test_the_oracle_keeps_the_contract(check: Callable[[OracleCase], None], tmp_path: Path) -> None:
    check(OracleCase(lambda seed: oracle_of(tmp_path, TINIEST, seed), queries=3))


def test_isomorphic_cells_have_one_value(tmp_path: Path) -> None:
    oracle = oracle_of(tmp_path, TINIEST)
    cells = [SPACE.parse(text) for text in ("conv3x3@0 conv1x1@0 output@1,2", "conv1x1@0 conv3x3@0 output@1,2")]
    first, second = oracle.answer([Score(cell) for cell in cells])
    assert first == second


def test_every_budget_of_the_recipe_can_be_asked_and_no_other(tmp_path: Path) -> None:
    oracle, cell = oracle_of(tmp_path, TINY), SPACE.sample(stream(0, "test"))
    short, full = oracle.answer([Score(cell, 2), Score(cell)])
    assert (short.cost.epochs, full.cost.epochs) == (2, 4)
    with pytest.raises(IncompatibleError, match="3 epochs"):
        oracle.answer([Score(cell, 3)])


def test_a_diverged_training_is_an_answer_and_an_update_is_free(tmp_path: Path) -> None:
    oracle, cell = oracle_of(tmp_path, replace(TINIEST, learning_rate=1e30)), SPACE.sample(stream(0, "test"))
    failed, updated = oracle.answer([Score(cell), Update((cell,))])
    assert isinstance(failed, Failed)
    assert updated.cost.epochs == 0


def test_measured_seconds_are_charged(tmp_path: Path) -> None:
    oracle_of(tmp_path, TINIEST)
    oracle = StandaloneOracle(SPACE, 1, recipe=str(tmp_path / "recipe.yaml"))
    (answer,) = oracle.answer([Score(SPACE.sample(stream(0, "test")))])
    assert isinstance(answer, Scored)
    assert answer.cost.seconds > 0
