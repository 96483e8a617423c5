"""A training that is stopped anywhere goes on to the same end; a file that is not whole and ours is never used."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from backends.data.digits import load
from backends.data.images import Images
from backends.standalone.cell_trainer import CellTrainer
from backends.standalone.checkpoints import TrainingCheckpoint, checkpoint_folder
from backends.standalone.training import CellTraining
from backends.training.recipes import Recipe
from harness.core.errors import StoreError
from tests.backends.standalone.recipe import CELL, TINY
from tests.backends.standalone.trainings import accuracies

SHORT = replace(TINY, train_images=72, epochs=(2,), stacks=1)
RECIPES = {
    "plain": SHORT,
    "published": replace(
        SHORT, optimiser="rmsprop", schedule="cosine-by-step", warmup=0.0, remainder="carried", crop=1, flip=True
    ),
    "continued": replace(SHORT, epochs=(2, 4), budgets="continued", cutout=3),
}
LONG = replace(TINY, epochs=(30,))


class KillError(Exception):
    """The end of a process, within this one."""


class Killing(TrainingCheckpoint):
    """Writes after each step, and ends the training after so many of them."""

    def __init__(self, folder: Path, steps: int) -> None:
        super().__init__(folder, "name", interval=0)
        self.steps = steps

    def write(self, state: Mapping[str, Any]) -> None:
        super().write(state)
        self.steps -= 1
        if self.steps == 0:
            raise KillError


def training(recipe: Recipe, data: Images) -> CellTraining:
    return CellTraining(CELL, recipe, data, epochs=max(recipe.epochs), seeds=[1, 2])


def weights(trained: CellTraining) -> Mapping[str, torch.Tensor]:
    return trained.state_dict()["network"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", RECIPES)
def test_a_kill_after_any_step_changes_nothing(name: str, tmp_path: Path) -> None:
    recipe = RECIPES[name]
    data, epochs = load(recipe.train_images, recipe.validation_images), max(recipe.epochs)
    whole = training(recipe, data)
    expected = accuracies(whole.advance(epochs))
    for steps in range(1, whole.step + 1):
        with pytest.raises(KillError):
            training(recipe, data).advance(epochs, Killing(tmp_path, steps))
        state = TrainingCheckpoint(tmp_path, "name").read()
        assert state is not None
        assert state["step"] == steps
        resumed = training(recipe, data)
        resumed.load_state_dict(state)
        assert accuracies(resumed.advance(epochs)) == expected
        assert all(torch.equal(weight, weights(whole)[name]) for name, weight in weights(resumed).items())


def steps_taken(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of each step that any training takes from now on."""
    taken: list[int] = []
    step = CellTraining._take_step
    monkeypatch.setattr(CellTraining, "_take_step", lambda self: taken.append(self.step) or step(self))
    return taken


@pytest.mark.slow(reason="processes that train, killed on the way")
def test_a_process_killed_while_training_is_gone_on_with(
    tmp_path: Path, checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = (
        "from tests.backends.standalone.test_checkpoints import *\n"
        "CellTrainer(LONG, interval=0).curves(CELL, 30, range(2))"
    )
    process = subprocess.Popen([sys.executable, "-c", code])
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not list(checkpoints.glob("*.pt")):
        time.sleep(0.02)
    time.sleep(0.2)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    (path,) = checkpoints.glob("*.pt")
    state = TrainingCheckpoint(checkpoints, path.stem).read()
    assert state is not None
    taken = steps_taken(monkeypatch)
    resumed = CellTrainer(LONG).curves(CELL, 30, range(2))
    assert taken == list(range(state["step"], 240))
    assert not list(checkpoints.glob("*.pt"))
    assert accuracies(resumed) == accuracies(CellTrainer(LONG).curves(CELL, 30, range(2)))


def test_a_longer_budget_goes_on_where_the_shorter_one_ended(
    checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = replace(TINY, budgets="continued", epochs=(2, 4, 8))
    straight = CellTrainer(recipe, checkpoints=tmp_path / "other")
    taken = steps_taken(monkeypatch)
    for epochs, steps in ((2, range(16)), (4, range(16, 32)), (4, range(0)), (8, range(32, 64))):
        taken.clear()
        curves = CellTrainer(recipe).curves(CELL, epochs, range(2))
        assert taken == list(steps)
        assert curves[0].epochs == epochs
        assert bool(list(checkpoints.glob("*"))) == (epochs < 8)
    assert accuracies(curves) == accuracies(straight.curves(CELL, 8, range(2)))


def test_separate_budgets_begin_again_and_leave_nothing(checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = steps_taken(monkeypatch)
    for epochs in (2, 4):
        CellTrainer(TINY, interval=0).curves(CELL, epochs, [0])
    assert taken == [*range(16), *range(32)]
    assert not list(checkpoints.glob("*"))


def test_a_short_training_writes_nothing(checkpoints: Path) -> None:
    CellTrainer(SHORT).curves(CELL, 2, [0])
    assert not checkpoints.exists()


class Diverging(CellTraining):
    """Its networks with a seed in `doomed` diverge; `begun` lists the seeds of each training."""

    doomed: frozenset[int] = frozenset()
    begun: tuple[tuple[int, ...], ...] = ()

    def __init__(self, *given: Any, epochs: int, seeds: list[int]) -> None:
        super().__init__(*given, epochs=epochs, seeds=seeds)
        self.seeds = seeds
        Diverging.begun += (tuple(seeds),)

    def advance(self, *given: Any) -> Any:
        curves = super().advance(*given)
        return [replace(curve, diverged=seed in self.doomed) for seed, curve in zip(self.seeds, curves, strict=True)]


def test_what_diverges_is_trained_again_with_other_seeds(checkpoints: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backends.standalone.cell_trainer.CellTraining", Diverging)
    trainer = CellTrainer(replace(SHORT, attempts=3))
    trainer.curves(CELL, 2, [0, 1])
    ((first, second),) = Diverging.begun
    for doomed, groups in (({second}, 2), ({first, second}, 2)):
        Diverging.doomed, Diverging.begun = frozenset(doomed), ()
        curves = trainer.curves(CELL, 2, [0, 1])
        assert not any(curve.diverged for curve in curves)
        assert len(Diverging.begun) == groups
        assert len(Diverging.begun[1]) == len(doomed)
        assert not {first, second} & set(Diverging.begun[1])
    assert not list(checkpoints.glob("*"))


def test_attempts_end_and_the_last_one_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = steps_taken(monkeypatch)
    (curve,) = CellTrainer(replace(TINY, learning_rate=1e30, attempts=3)).curves(CELL, 4, [0])
    assert curve.diverged
    # each attempt ends with the epoch in which its only network has diverged
    assert taken == [*range(8)] * 3


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    TrainingCheckpoint(tmp_path, "name").write({"step": 3})
    return tmp_path / "name.pt"


def test_a_checkpoint_reads_back(saved: Path) -> None:
    assert TrainingCheckpoint(saved.parent, "name").read() == {"step": 3}


def test_a_damaged_byte_anywhere_makes_a_checkpoint_worthless(saved: Path) -> None:
    content = saved.read_bytes()
    for place in range(0, len(content), 50):
        saved.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        assert TrainingCheckpoint(saved.parent, "name").read() is None
    for length in (0, 20, len(content) - 1):
        saved.write_bytes(content[:length])
        assert TrainingCheckpoint(saved.parent, "name").read() is None


def test_the_checkpoint_of_another_training_is_not_used(saved: Path) -> None:
    saved.rename(saved.with_name("other.pt"))
    assert TrainingCheckpoint(saved.parent, "other").read() is None
    assert TrainingCheckpoint(saved.parent, "name").read() is None


def test_a_checkpoint_that_holds_code_is_not_run(saved: Path) -> None:
    TrainingCheckpoint(saved.parent, "name").write({"step": Killing})
    assert TrainingCheckpoint(saved.parent, "name").read() is None


def test_another_recipe_seed_or_cell_has_another_checkpoint(tmp_path: Path) -> None:
    recipe = replace(TINY, budgets="continued")
    for changed in (recipe, replace(recipe, seed=8), replace(recipe, weight_decay=0.0)):
        CellTrainer(changed, checkpoints=tmp_path / "all").curves(CELL, 2, [0])
    assert len(list((tmp_path / "all").glob("*.pt"))) == 3


def test_a_checkpoint_is_due_after_its_interval(tmp_path: Path) -> None:
    assert not TrainingCheckpoint(tmp_path, "name").due()
    assert TrainingCheckpoint(tmp_path, "name", interval=0).due()


def test_a_write_that_fails_says_where_to_write_instead(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="HARNESS_CHECKPOINTS"):
        TrainingCheckpoint(tmp_path / "file", "name").write({})


def test_parts_that_a_kill_left_long_ago_are_removed(saved: Path) -> None:
    old, new = (saved.with_name(f"name.{text}.part") for text in ("old", "new"))
    for part in (old, new):
        part.touch()
    os.utime(old, (0, 0))
    TrainingCheckpoint(saved.parent, "name").remove()
    assert list(saved.parent.glob("*")) == [new]


def test_the_folder_is_named_by_the_environment_or_lies_among_the_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARNESS_CHECKPOINTS", "/elsewhere")
    assert checkpoint_folder() == Path("/elsewhere")
    monkeypatch.delenv("HARNESS_CHECKPOINTS")
    assert checkpoint_folder() == Path("runs/checkpoints")
