"""Every cell is trained from the same seeds."""

from __future__ import annotations

from dataclasses import replace

from backends.data import datasets
from backends.standalone.cell_trainer import CellTrainer
from backends.standalone.same_seed import same_seed, same_seed_trainer
from backends.standalone.training import CellTraining
from tests.backends.standalone.recipe import TINY, graphs_of_text

CELLS = [graphs_of_text("010001000", "0"), graphs_of_text("010001000", "1")]


def test_no_two_trainings_of_a_cell_share_a_seed_and_all_cells_have_the_same() -> None:
    seeds = [[same_seed(TINY, cell, 4, repeat, attempt) for attempt in (0, 1) for repeat in (0, 1)] for cell in CELLS]
    assert seeds[0] == seeds[1] == [7, 8, 9, 10]


def test_the_trainer_trains_from_these_seeds() -> None:
    recipe = replace(TINY, epochs=(2,), stacks=1)
    data = datasets.load(
        "digits", train_images=recipe.train_images, validation_images=recipe.validation_images, noise=recipe.noise
    )
    for cell in CELLS:
        rows = same_seed_trainer(recipe).rows(cell, 2)
        curves = CellTraining(cell, recipe, data, epochs=2, seeds=[7, 8]).advance(2)
        assert [row["final"]["test_accuracy"] for row in rows] == [curve.final.test_accuracy for curve in curves]
    assert CellTrainer(recipe).rows(CELLS[0], 2) != same_seed_trainer(recipe).rows(CELLS[0], 2)
