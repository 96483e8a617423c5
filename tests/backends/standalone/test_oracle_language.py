"""The stand-alone oracle on recurrent cells: the contract, the score, and budgets of one training."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from backends.standalone.language_trainer import LanguageTrainer
from backends.standalone.oracle import StandaloneOracle
from backends.training.recipes import LanguageRecipe
from harness.core.errors import IncompatibleError, SettingError
from harness.core.oracle import Failed, Score, Scored
from harness.core.random import stream
from harness.spaces.nasbench101 import NASBench101
from harness.spaces.rnn_cell import RNNCell
from harness.testing.oracles import ORACLE_CHECKS, OracleCase
from tests.backends.standalone.language import LITTLE, write_text, written

SPACE = RNNCell(nodes=2)
LEAST = replace(LITTLE, epochs=2)


@pytest.fixture(autouse=True)
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_DATA", str(write_text(tmp_path)))
    monkeypatch.setenv("HARNESS_CHECKPOINTS", str(tmp_path / "checkpoints"))


def oracle_of(folder: Path, recipe: LanguageRecipe = LEAST, seed: int = 1) -> StandaloneOracle:
    return StandaloneOracle(SPACE, seed, recipe=str(written(folder, recipe)), seconds="none")


@pytest.mark.parametrize("check", ORACLE_CHECKS)
def test_the_oracle_keeps_the_contract(check: Callable[[OracleCase], None], tmp_path: Path) -> None:
    check(OracleCase(lambda seed: oracle_of(tmp_path, LEAST, seed), queries=3))


def test_a_score_is_the_negated_logarithm_of_the_validation_perplexity(tmp_path: Path) -> None:
    oracle = oracle_of(tmp_path)
    (answer,) = oracle.answer([Score(SPACE.parse("tanh@0 sigmoid@1"))])
    curve = LanguageTrainer(replace(LEAST, seed=1), checkpoints=tmp_path / "others").curve("tanh@0 sigmoid@1", 2, 0)
    assert isinstance(answer, Scored)
    assert math.exp(-answer.value) == pytest.approx(curve.moments[-1].validation_perplexity)
    assert oracle.metric.name == "negated log perplexity"
    assert (oracle.metric.split, answer.cost.epochs) == ("validation", 2)


def test_every_number_of_epochs_is_a_budget_and_a_moment_of_one_training(tmp_path: Path) -> None:
    oracle, cell = oracle_of(tmp_path, LITTLE), SPACE.sample(stream(0, "test"))
    assert oracle.budgets == (1, 2, 3, 4)
    steps = [oracle.answer([Score(cell, epochs)])[0] for epochs in oracle.budgets]
    assert [answer.cost.epochs for answer in steps] == [1, 2, 3, 4]
    assert oracle_of(tmp_path, LITTLE).answer([Score(cell)]) == steps[-1:]
    with pytest.raises(IncompatibleError, match="5 epochs is no budget of the recipe; it has 1 to 4"):
        oracle.answer([Score(cell, 5)])


def test_a_state_that_explodes_is_a_failed_answer(tmp_path: Path) -> None:
    oracle = oracle_of(tmp_path, replace(LEAST, init_range=1e18))
    (answer,) = oracle.answer([Score(SPACE.parse("identity@0 identity@1"))])
    assert isinstance(answer, Failed)
    assert "diverged within 2 epochs" in answer.reason


def test_measured_seconds_are_those_of_all_epochs(tmp_path: Path) -> None:
    oracle_of(tmp_path)
    oracle = StandaloneOracle(SPACE, 1, recipe=str(tmp_path / "language.yaml"))
    (answer,) = oracle.answer([Score(SPACE.sample(stream(0, "test")))])
    assert answer.cost.seconds > 0


def test_a_recipe_for_images_trains_no_recurrent_cell() -> None:
    with pytest.raises(SettingError, match="expected one of task 'language'"):
        StandaloneOracle(SPACE, 1)


class Unknown(NASBench101):
    """A space of other cells."""

    scheme, family = "unknown", ""


def test_a_space_that_nothing_trains_is_refused() -> None:
    with pytest.raises(
        IncompatibleError, match="trains NAS-Bench-101, NAS-Bench-201 and recurrent cells, not those of 'nasbench101"
    ):
        StandaloneOracle(Unknown(vertices=4), 1)
