"""The builder with the real trainer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from backends.standalone.cell_trainer import CellTrainer
from backends.standalone.tasks import IMAGES
from backends.tabular.journal import read_journal
from tests.backends.standalone.recipe import TINY
from tests.execution.test_building import CELLS, content, run, without_seconds


@pytest.mark.slow(reason="workers that import torch and train")
def test_workers_train_as_one_process_does(tmp_path: Path) -> None:
    recipe = replace(TINY, epochs=(2,), stacks=1)
    run(tmp_path / "2.journal", recipe, 2, IMAGES.trainer)
    header, rows = read_journal(tmp_path / "2.journal")
    assert header["recipe_digest"] == recipe.digest()
    trainer = CellTrainer(recipe)
    alone = [row for cell in CELLS for row in json.loads(json.dumps(trainer.rows(cell, 2)))]
    assert content(tmp_path / "2.journal") == sorted(json.dumps(without_seconds(r), sort_keys=True) for r in alone)
    assert {(row["repeat"], row["epochs"]) for row in rows} == {(0, 2), (1, 2)}
