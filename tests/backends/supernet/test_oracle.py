"""The supernet oracle: its messages, its settings, and that what it trains learns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from backends.supernet.oracle import SupernetOracle
from harness.core.errors import IncompatibleError, ResourceError, UnknownNameError
from harness.core.oracle import Failed, Gradient, Score, Scored, Slope, Update, Updated
from harness.planning.settings import create_space
from tests.backends.supernet.tiny import drawn, values, written

SPACE = create_space("nasbench101-v4")


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    return written(tmp_path)


def oracle(recipe: str, seed: int = 5, **settings: Any) -> SupernetOracle:
    return SupernetOracle(SPACE, seed, recipe=recipe, seconds="none", **settings)


def trained(it: SupernetOracle, steps: int = 10) -> SupernetOracle:
    it.answer([Update((cell,)) for cell in drawn(SPACE, steps)])
    return it


def test_what_answers_cost(recipe: str) -> None:
    cell = drawn(SPACE, 1)[0]
    mixture = SPACE.one_hot(cell)
    score, update, slope = oracle(recipe).answer([Score(cell), Update((cell, mixture)), Gradient(mixture)])
    assert isinstance(score, Scored)
    assert isinstance(update, Updated)
    assert isinstance(slope, Slope)
    assert (score.cost.queries, update.cost.queries, slope.cost.queries) == (1, 0, 1)
    assert update.cost.epochs == pytest.approx(2 / 5)  # two points, and five steps to an epoch of 100 images
    assert score.cost.epochs == slope.cost.epochs == 0


def test_training_learns_the_digits(tmp_path: Path) -> None:
    it = oracle(written(tmp_path, epochs=100))
    before = np.mean(values(it.answer([Score(cell) for cell in drawn(SPACE, 20)])))
    trained(it, 300)
    after = np.mean(values(it.answer([Score(cell) for cell in drawn(SPACE, 20)])))
    assert before < 0.2  # ten classes
    assert after > 0.3


def test_the_statistics_of_batch_normalisation_decide_a_score(recipe: str) -> None:
    asked = [Score(cell) for cell in drawn(SPACE, 20)]
    scores = {name: values(trained(oracle(recipe, batch_norm=name)).answer(asked)) for name in MODES}
    assert len({tuple(each) for each in scores.values()}) == len(MODES)


MODES = ("recalibrated", "batch", "running")


def test_doubled_widths_double_every_stack_and_not_the_stem(recipe: str) -> None:
    plain, doubled = oracle(recipe).state_dict()["module"], oracle(recipe, widths="doubled").state_dict()["module"]
    shapes = [[value.shape for value in each.values() if value.ndim == 4] for each in (plain, doubled)]
    assert shapes[0][0] == shapes[1][0] == (5, 1, 3, 3)
    assert shapes[0][1][0] * 2 == shapes[1][1][0]


def test_scores_are_of_validation_images_unless_test_images_are_asked_for(recipe: str) -> None:
    asked = [Score(cell) for cell in drawn(SPACE, 20)]
    seen = trained(oracle(recipe, search_metric="test"))
    assert seen.metric.split == "test"
    assert oracle(recipe).metric.split == "validation"
    # 40 validation images give multiples of 1/40; the 1,657 test images are a prime number
    assert all(abs(value * 40 - round(value * 40)) < 1e-9 for value in values(trained(oracle(recipe)).answer(asked)))
    assert all(abs(value * 1657 - round(value * 1657)) < 1e-9 for value in values(seen.answer(asked)))


def test_random_chunks_train_other_channels_and_score_the_same_way_twice(recipe: str) -> None:
    asked = [Score(cell) for cell in drawn(SPACE, 20)]
    first, chunked = trained(oracle(recipe)), trained(oracle(recipe, slices="random"))
    assert values(first.answer(asked)) != values(chunked.answer(asked))
    assert values(chunked.answer(asked)) == values(chunked.answer(asked))
    assert values(chunked.answer(asked)) == values(trained(oracle(recipe, slices="random")).answer(asked))


def test_half_precision_trains_too(tmp_path: Path) -> None:
    it = trained(oracle(written(tmp_path, epochs=100), precision="bfloat16"), 300)
    assert np.mean(values(it.answer([Score(cell) for cell in drawn(SPACE, 20)]))) > 0.3
    assert {value.dtype for value in it.state_dict()["module"].values()} == {np.dtype("float32")}


def test_a_diverged_training_is_a_failure_and_not_a_crash(tmp_path: Path) -> None:
    it = oracle(written(tmp_path, learning_rate=1e30, clip=1e30))
    answers = it.answer([Update((cell,)) for cell in drawn(SPACE, 6)])
    assert isinstance(answers[-1], Failed)
    assert isinstance(it.answer([Gradient(SPACE.one_hot(drawn(SPACE, 1)[0]))])[0], Failed)
    assert isinstance(it.answer([Score(drawn(SPACE, 1)[0])])[0], Scored)


def test_scores_after_some_epochs_are_refused(recipe: str) -> None:
    with pytest.raises(IncompatibleError, match="4 epochs"):
        oracle(recipe).answer([Score(drawn(SPACE, 1)[0], epochs=4)])


def test_a_recipe_that_is_not_there_is_told_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'digits'"):
        SupernetOracle(SPACE, 1, recipe="digit")


def test_full_memory_says_what_to_lower(recipe: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has ...")

    it = oracle(recipe)
    monkeypatch.setattr("backends.supernet.weights.SharedWeights.update", full)
    with pytest.raises(ResourceError, match=r"^CUDA out of memory; lower .*batch_size"):
        it.answer([Update((drawn(SPACE, 1)[0],))])


def test_each_policy_takes_its_own_protocol() -> None:
    settings = {"recipe": "digits", "device": "cpu"}
    chosen, brought = SupernetOracle.protocol(settings, "darts", SPACE)
    assert chosen["recipe"] == "digits/darts"
    assert brought["updates"] == 16  # 1,000 images in batches of 64
    asked = {"recipe": "digits/spos", "device": "cpu"}
    assert SupernetOracle.protocol(asked, "darts", SPACE)[0]["recipe"] == "digits/spos"
