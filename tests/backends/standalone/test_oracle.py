"""The stand-alone oracle keeps the contract of every oracle, and fails by answering."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from backends.standalone.oracle import StandaloneOracle
from backends.standalone.training import CellTraining
from backends.training.recipes import Recipe
from harness.core.errors import IncompatibleError, ResourceError, SettingError
from harness.core.oracle import Failed, Score, Scored, Update
from harness.core.random import stream
from harness.execution.engine import RunJob, perform
from harness.execution.messages import CheckpointSaved, Message
from harness.planning.experiment import Experiment
from harness.planning.plan import make_plan
from harness.spaces.nasbench101 import NASBench101
from harness.testing.oracles import ORACLE_CHECKS, OracleCase
from tests.backends.standalone.recipe import TINY, written

SPACE = NASBench101(vertices=4)
TINIEST = replace(TINY, epochs=(2,), stacks=1)


def oracle_of(folder: Path, recipe: Recipe, seed: int = 1) -> StandaloneOracle:
    return StandaloneOracle(SPACE, seed, recipe=str(written(folder, recipe)), seconds="none")


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


def test_a_continued_budget_scores_what_one_training_gives_and_is_charged_in_full(tmp_path: Path) -> None:
    recipe, cell = replace(TINIEST, epochs=(2, 4), budgets="continued"), SPACE.sample(stream(0, "test"))
    oracle = oracle_of(tmp_path, recipe)
    (short,), (full,) = oracle.answer([Score(cell, 2)]), oracle.answer([Score(cell, 4)])
    (straight,) = oracle_of(tmp_path, recipe).answer([Score(cell, 4)])
    assert full == straight
    assert (short.cost.epochs, full.cost.epochs) == (2, 4)


def test_a_cell_asked_about_twice_at_once_is_trained_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[int] = []
    advance = CellTraining.advance
    monkeypatch.setattr(CellTraining, "advance", lambda *given: begun.append(1) or advance(*given))
    cells = [SPACE.parse(text) for text in ("conv3x3@0 conv1x1@0 output@1,2", "conv1x1@0 conv3x3@0 output@1,2")]
    first, _, second = oracle_of(tmp_path, TINIEST).answer([Score(cells[0]), Update((cells[0],)), Score(cells[1])])
    assert first == second
    assert len(begun) == 1


@pytest.mark.parametrize(("budget", "trainings"), [({}, 5), ({"epochs": 5}, 3)])
def test_a_search_is_checkpointed_after_each_training_and_trains_nothing_beyond_its_budget(
    budget: dict[str, float], trainings: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.execution.engine.CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr("harness.execution.engine.CHECKPOINT_SHARE", 0.0)
    begun: list[int] = []
    advance = CellTraining.advance
    monkeypatch.setattr(CellTraining, "advance", lambda *given: begun.append(1) or advance(*given))
    settings = {"oracle.recipe": str(written(tmp_path, TINIEST)), "policy.samples": 5}
    fields = {"policies": ("random-search",), "oracles": ("standalone",), "seeds": (1,), "space": "nasbench101-v4"}
    spec, _ = make_plan(Experiment(**fields, budget=budget, settings=settings)).specs
    sent: list[Message] = []
    perform(RunJob(spec.digest, spec), sent.append)
    rows = [len(message.rows) for message in sent if isinstance(message, CheckpointSaved)]
    assert rows == [*[1] * trainings, 0]
    assert len(begun) == trainings


def test_too_little_memory_says_what_to_lower(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fill(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9 GiB.")

    monkeypatch.setattr(CellTraining, "advance", fill)
    with pytest.raises(ResourceError, match="lower batch_size or width of the recipe"):
        oracle_of(tmp_path, TINIEST).answer([Score(SPACE.sample(stream(0, "test")))])


def test_a_device_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    with pytest.raises(SettingError, match=r"'cuda'.*use 'cpu' or 'auto'"):
        StandaloneOracle(SPACE, 1, recipe=str(written(tmp_path, TINIEST)), device="cuda")
