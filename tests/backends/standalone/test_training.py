"""Stand-alone training: determinism, independence of repeats, the schedule, recipes, divergence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
import yaml

from backends.data.digits import Digits, load
from backends.standalone.cell_trainer import CellTrainer, training_seed
from backends.standalone.cells import Cell
from backends.standalone.recipes import Recipe, load_recipe, recipe_path
from backends.standalone.training import Curve, learning_rate, train
from harness.core.errors import SettingError, UnknownNameError
from tests.backends.standalone.recipe import TINY

CELL = Cell.from_text("0111001000010000", "01")


@pytest.fixture(scope="module")
def digits() -> Digits:
    torch.set_num_threads(1)
    return load(TINY.train_images, TINY.validation_images)


def accuracies(curves: Sequence[Curve]) -> list[tuple[float, ...]]:
    parts = [(curve.half, curve.final) for curve in curves]
    return [
        tuple(m for x in part for m in (x.train_accuracy, x.validation_accuracy, x.test_accuracy)) for part in parts
    ]


def test_a_seed_decides_a_training(digits: Digits) -> None:
    first, again = (accuracies(train(CELL, TINY, digits, epochs=2, seeds=[1, 2])) for _ in range(2))
    assert first == again
    assert first[0] != first[1]


def test_a_training_hardly_depends_on_its_neighbours(digits: Digits) -> None:
    together = accuracies(train(CELL, TINY, digits, epochs=2, seeds=[1, 2]))
    alone = accuracies(train(CELL, TINY, digits, epochs=2, seeds=[2]))
    assert together[1] == pytest.approx(alone[0], abs=0.02)


def test_training_learns_and_its_time_grows(digits: Digits) -> None:
    (curve,) = train(CELL, TINY, digits, epochs=8, seeds=[1])
    assert curve.final.test_accuracy > 0.5
    assert curve.final.train_accuracy > curve.half.train_accuracy
    assert 0 < curve.half.seconds < curve.final.seconds
    assert not curve.diverged


def test_a_diverged_training_says_so(digits: Digits) -> None:
    (curve,) = train(CELL, replace(TINY, learning_rate=1e30), digits, epochs=2, seeds=[1])
    assert curve.diverged


def test_training_leaves_the_global_generator_alone(digits: Digits) -> None:
    before = torch.get_rng_state()
    train(CELL, TINY, digits, epochs=2, seeds=[1])
    assert torch.equal(before, torch.get_rng_state())


def test_the_rate_rises_to_its_peak_and_ends_at_zero() -> None:
    assert learning_rate(TINY, 0.125) == pytest.approx(0.05)
    assert learning_rate(TINY, 0.25) == pytest.approx(0.1)
    assert learning_rate(TINY, 0.625) == pytest.approx(0.05)
    assert learning_rate(TINY, 1.0) == pytest.approx(0.0)


def test_a_training_seed_depends_on_cell_budget_repeat_and_recipe_seed() -> None:
    other = Cell.from_text("0111001000010000", "02")
    seeds = [training_seed(TINY, CELL, 2, 0), training_seed(TINY, CELL, 2, 1), training_seed(TINY, CELL, 4, 0)]
    seeds += [training_seed(TINY, other, 2, 0), training_seed(replace(TINY, seed=8), CELL, 2, 0)]
    assert len(set(seeds)) == 5


def test_rows_explain_themselves() -> None:
    rows = CellTrainer(TINY).rows(CELL, 2)
    assert [row["repeat"] for row in rows] == [0, 1]
    assert rows[0]["adjacency"] == "0111001000010000"
    assert rows[0]["operations"] == [0, 1]
    assert rows[0]["epochs"] == 2


def test_splits_are_disjoint_and_normalised_on_the_training_part() -> None:
    splits = load(1000, 398)
    sizes = [len(part.labels) for part in (splits.train, splits.validation, splits.test)]
    assert sizes == [1000, 398, 399]
    assert splits.train.images.mean().item() == pytest.approx(0, abs=1e-5)
    assert splits.train.images.std().item() == pytest.approx(1, abs=1e-4)
    assert load(1000, 398, noise=0.5).digest() == load(1000, 398, noise=0.5).digest() != splits.digest()


def test_the_shipped_recipe_loads_by_its_name() -> None:
    assert load_recipe(recipe_path("nasbench101-v5-digits")).repeats == 3


def test_a_recipe_reads_back_equal(tmp_path: Path) -> None:
    assert load_recipe(written(tmp_path, asdict(TINY))) == TINY


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"widht": 4}, "widht"), ({"width": "wide"}, "'wide'"), ({"epochs": 4}, "epochs"), ({"seed": True}, "seed")],
)
def test_a_wrong_recipe_is_named(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        load_recipe(written(tmp_path, asdict(TINY) | changes))


def test_an_unknown_recipe_or_data_set_is_named() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'nasbench101-v5-digits'"):
        recipe_path("nasbench101-v5-digit")
    with pytest.raises(SettingError, match="'letters'"):
        CellTrainer(replace(TINY, dataset="letters"))


def written(folder: Path, settings: dict[str, object]) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(yaml.safe_dump({key: list(v) if isinstance(v, tuple) else v for key, v in settings.items()}))
    return path


def test_a_recipe_is_told_by_its_digest() -> None:
    changed: Recipe = replace(TINY, weight_decay=2e-4)
    assert TINY.digest() != changed.digest()
