"""Shared weights of NAS-Bench-201 cells: the oracle's contract, what settings mean, and that they learn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from backends.networks.nasbench101 import Skeleton
from backends.networks.nasbench201_points import NASBench201Cells
from backends.supernet.batches import ImageBatches
from backends.supernet.image_task import ImageTask
from backends.supernet.oracle import SupernetOracle
from backends.supernet.weights import SharedWeights
from backends.training.recipes.files import full_name, load_supernet_recipe
from backends.training.recipes.images import ImageRecipe
from harness.core.budget import Budget
from harness.core.driver import search
from harness.core.errors import SettingError
from harness.core.oracle import Score, Scored, Update, Updated
from harness.core.random import stream
from harness.planning.registry import load
from harness.spaces.nasbench201 import NASBench201
from harness.testing.oracles import ORACLE_CHECKS, OracleCase
from tests.backends.supernet.tiny import TINY, Tiny, written

SPACE, UNIQUE = NASBench201(), NASBench201(cells="unique")


def oracle(folder: Path, seed: int = 5, space: NASBench201 = SPACE, **settings: Any) -> SupernetOracle:
    return SupernetOracle(space, seed, recipe=written(folder), seconds="none", device="cpu", **settings)


@pytest.mark.parametrize("check", ORACLE_CHECKS)
def test_the_oracle_keeps_the_contract(check: Callable[[OracleCase], None], tmp_path: Path) -> None:
    check(OracleCase(lambda seed: oracle(tmp_path, seed), slope_tolerance=0.2))


class Tiny201(Tiny):
    """Shared weights of nasbench201 in double precision."""

    def __init__(self, recipe: ImageRecipe = TINY) -> None:
        super().__init__(recipe=recipe)
        skeleton = Skeleton(width=5, stacks=2, modules=1, image_channels=1, batch_norm_momentum=0.1)
        cells = NASBench201Cells(SPACE, skeleton, 3, torch.device("cpu"))
        cells.module.double()
        task = ImageTask(cells, ImageBatches(self.data, self.data.validation, recipe, 3), recipe, 3)
        self.points: NASBench201Cells = cells
        self.shared: SharedWeights[Any] = SharedWeights(task, recipe.optimizer_settings)


def mixture(seed: int) -> tuple[tuple[float, ...], ...]:
    return tuple(map(tuple, np.random.default_rng(seed).dirichlet(np.ones(5), size=6).tolist()))


@pytest.mark.parametrize("unrolled", [False, True])
def test_slopes_follow_the_loss(unrolled: bool) -> None:
    """First order: against differences of the loss itself; unrolled: it is another slope, and leaves the weights."""
    tiny, rows = Tiny201(), mixture(1)
    before = [weight.detach().clone() for weight in tiny.points.module.parameters()]
    slope = tiny.shared.unrolled_slope if unrolled else tiny.shared.slope
    loss, gradient = slope(tiny.points.rows(rows))
    assert loss.isfinite()
    after = list(tiny.points.module.parameters())
    assert all(torch.equal(b, a) for b, a in zip(before, after, strict=True))
    first = tiny.shared.slope(tiny.points.rows(rows))[1]
    if unrolled:
        assert any(not torch.allclose(a, b) for a, b in zip(gradient, first, strict=True))
        return
    direction = np.random.default_rng(2).normal(size=(6, 5))
    ends = []
    for sign in (1, -1):
        moved = tuple(map(tuple, (np.array(rows) + sign * 1e-6 * direction).tolist()))
        ends.append(tiny.shared.slope(doubled(tiny, moved))[0].item())
    inner = sum(float((g.double() * torch.tensor(d)).sum()) for g, d in zip(first, direction, strict=True))
    assert (ends[0] - ends[1]) / 2e-6 == pytest.approx(inner, rel=1e-4, abs=1e-6)


def doubled(tiny: Tiny201, rows: Any) -> Any:
    return [torch.tensor(row, dtype=torch.float64, requires_grad=True) for row in rows]


def test_a_class_has_one_set_of_weights_in_the_unique_space(tmp_path: Path) -> None:
    texts = (
        "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|nor_conv_1x1~1|none~2|",
        "|none~0|+|none~0|none~1|+|nor_conv_3x3~0|avg_pool_3x3~1|none~2|",
    )
    for space, same in ((UNIQUE, True), (SPACE, False)):
        shared = oracle(tmp_path, space=space)
        shared.answer([Update((space.sample(stream(n, "cells")),)) for n in range(4)])
        scores = shared.answer([Score(space.parse(text)) for text in texts])
        points = {shared._cells.discrete(space.parse(text)) for text in texts}
        assert (len(points) == 1) == same
        assert (scores[0] == scores[1]) or not same


def test_weights_that_are_trained_on_one_cell_classify_with_it(tmp_path: Path) -> None:
    cell = SPACE.parse("|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|avg_pool_3x3~2|")
    shared = oracle(tmp_path)
    (before,) = shared.answer([Score(cell)])
    updates = shared.answer([Update((cell,))] * 40)
    (after,) = shared.answer([Score(cell)])
    losses = [update.loss for update in updates if isinstance(update, Updated) and update.loss is not None]
    assert len(losses) == 40
    assert np.mean(losses[-5:]) < np.mean(losses[:5])
    assert isinstance(before, Scored)
    assert isinstance(after, Scored)
    assert after.value > before.value + 0.1


@pytest.mark.parametrize(
    ("setting", "value"), [("widths", "doubled"), ("slices", "random"), ("sharing", "node"), ("norm", "batch")]
)
def test_settings_of_other_networks_are_refused(tmp_path: Path, setting: str, value: str) -> None:
    with pytest.raises(SettingError, match=f"'{setting}' cannot be '{value}': the networks of space 'nasbench201'"):
        oracle(tmp_path, **{setting: value})


@pytest.mark.parametrize("setting", [{"batch_norm": "batch"}, {"batch_norm": "running"}, {"running_momentum": 0.9}])
def test_settings_of_normalisation_are_taken(tmp_path: Path, setting: dict[str, Any]) -> None:
    (answer,) = oracle(tmp_path, **setting).answer([Score(SPACE.sample(stream(1, "cells")))])
    assert isinstance(answer, Scored)


POLICIES: dict[str, dict[str, Any]] = {
    "darts": {"epochs": 1, "updates": 2},
    "enas": {"epochs": 1, "updates": 2, "steps": 2},
    "fairnas": {"epochs": 1, "updates": 2, "search": "pool", "pool": 4},
    "fbnet": {"epochs": 2, "updates": 2, "warmup": 1},
    "spos": {"epochs": 1, "updates": 2, "population": 4, "mutants": 2, "crossovers": 2},
    "gdas": {"epochs": 1, "updates": 2},
    "bayesnas": {"epochs": 1, "updates": 2},
    "nao": {"pool": 6, "training_epochs": 2, "updates": 2, "update_epochs": 1},
}


@pytest.mark.slow(reason="a supernet is trained for each policy")
@pytest.mark.parametrize("name", POLICIES)
def test_policies_search_on_shared_weights(tmp_path: Path, name: str) -> None:
    policy = load("policy", name)(SPACE, stream(1, "policy"), **POLICIES[name])
    outcome = search(policy, oracle(tmp_path), Budget(queries=40))
    assert SPACE.contains(outcome.recommendation)
    assert outcome.progress.trials > 0


def test_the_published_protocols_ship_and_stand_in_for_others() -> None:
    """AutoDL-Projects, configs/nas-benchmark/algos: RANDOM.config, DARTS.config, ENAS.config, GDAS.config."""
    published = {"spos": (250, 64, 0.025, 391), "darts": (50, 64, 0.025, 391), "enas": (310, 128, 0.05, 196)}
    published |= {"gdas": (250, 64, 0.025, 391)}
    for protocol, (epochs, batch, rate, steps) in published.items():
        recipe = load_supernet_recipe(f"nasbench201/{protocol}")
        assert isinstance(recipe, ImageRecipe)
        part = recipe.training
        assert (part.epochs, part.batch_size, part.learning_rate, recipe.steps_per_epoch) == (
            epochs,
            batch,
            rate,
            steps,
        )
        assert (recipe.network.width, recipe.network.modules) == (16, 5)
        own = {"steps": 50, "samples": 20, "lr": 0.001, "beta1": 0.0}  # scripts-search/algos/ENAS.sh
        own |= {"select": "sampled", "fresh": 100, "select_every": 310}
        assert recipe.search == {"epochs": epochs, "updates": steps} | (own if protocol == "enas" else {})
    assert full_name("nasbench201", "nao") == "nasbench201/spos"
    assert full_name("nasbench201", "fbnet") == "nasbench201/darts"
