"""Stand-alone training: determinism, independence of repeats, evaluation, divergence."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from backends.data.digits import load
from backends.data.images import Images, Split
from backends.standalone.cell_trainer import CellTrainer, training_seed
from harness.core.errors import SettingError, UnknownNameError
from tests.backends.standalone.recipe import CELL, TINY, graphs_of_text
from tests.backends.standalone.trainings import accuracies, train


@pytest.fixture(scope="module")
def digits() -> Images:
    torch.set_num_threads(1)
    return load(TINY.train_images, TINY.validation_images)


def test_a_seed_decides_a_training(digits: Images) -> None:
    first, again = (accuracies(train(CELL, TINY, digits, epochs=2, seeds=[1, 2])) for _ in range(2))
    assert first == again
    assert first[0] != first[1]


def test_a_training_hardly_depends_on_its_neighbours(digits: Images) -> None:
    together = accuracies(train(CELL, TINY, digits, epochs=2, seeds=[1, 2]))
    alone = accuracies(train(CELL, TINY, digits, epochs=2, seeds=[2]))
    assert together[1] == pytest.approx(alone[0], abs=0.02)


def test_colour_images_kept_as_bytes_train_like_their_standardised_copy(digits: Images) -> None:
    rng = torch.Generator().manual_seed(1)
    mean, std = torch.tensor([100.0, 120.0, 140.0])[:, None, None], torch.tensor([60.0, 62.0, 64.0])[:, None, None]

    def coloured(split: Split) -> Split:
        return Split(torch.randint(0, 256, (len(split), 3, 8, 8), generator=rng, dtype=torch.uint8), split.labels)

    parts = [coloured(split) for split in (digits.train, digits.validation, digits.test)]
    stored = Images("noise", *parts, mean, std, classes=10)
    copies = [Split((part.images.float() - mean) / std, part.labels) for part in parts]
    copy = Images("noise", *copies, torch.zeros(1, 1, 1), torch.ones(1, 1, 1), classes=10)
    first, second = (accuracies(train(CELL, TINY, data, epochs=2, seeds=[1, 2])) for data in (stored, copy))
    assert first == second
    assert first[0] != first[1]


def test_training_learns_and_its_time_grows(digits: Images) -> None:
    (curve,) = train(CELL, TINY, digits, epochs=8, seeds=[1])
    assert curve.final.test_accuracy > 0.5
    assert curve.final.train_accuracy > curve.half.train_accuracy
    assert 0 < curve.half.seconds < curve.final.seconds
    assert not curve.diverged


def test_a_diverged_training_says_so(digits: Images) -> None:
    (curve,) = train(CELL, replace(TINY, learning_rate=1e30), digits, epochs=2, seeds=[1])
    assert curve.diverged


def test_training_leaves_the_global_generator_alone(digits: Images) -> None:
    before = torch.get_rng_state()
    train(CELL, TINY, digits, epochs=2, seeds=[1])
    assert torch.equal(before, torch.get_rng_state())


def test_a_training_seed_depends_on_cell_budget_repeat_and_recipe_seed() -> None:
    other = graphs_of_text("0111001000010000", "02")
    seeds = [training_seed(TINY, CELL, 2, 0), training_seed(TINY, CELL, 2, 1), training_seed(TINY, CELL, 4, 0)]
    seeds += [training_seed(TINY, other, 2, 0), training_seed(replace(TINY, seed=8), CELL, 2, 0)]
    seeds += [training_seed(TINY, CELL, 2, 0, attempt=1)]
    assert len(set(seeds)) == 6


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


def test_full_batches_leave_the_remainder_of_a_split_out(digits: Images) -> None:
    def cut(split: Split, images: int) -> Split:
        return Split(split.images[:images], split.labels[:images])

    # 200 validation images are three batches of 64, 1,341 test images are twenty
    shorter = replace(digits, validation=cut(digits.validation, 192), test=cut(digits.test, 1280))
    full = replace(TINY, evaluation="full-batches", evaluation_batch=64)
    expected = train(CELL, replace(TINY, train_accuracy_images=64), shorter, epochs=2, seeds=[1])
    assert accuracies(train(CELL, full, digits, epochs=2, seeds=[1])) == accuracies(expected)


def test_a_split_without_a_full_batch_is_refused() -> None:
    with pytest.raises(SettingError, match="only 100 images"):
        CellTrainer(replace(TINY, evaluation="full-batches"))


def test_the_published_optimiser_and_schedule_learn(digits: Images) -> None:
    recipe = replace(TINY, optimiser="rmsprop", learning_rate=0.2, schedule="cosine-by-step", warmup=0.0)
    (curve,) = train(CELL, replace(recipe, remainder="carried"), digits, epochs=12, seeds=[1])
    assert curve.final.test_accuracy > 0.5


def test_an_unknown_data_set_is_named() -> None:
    with pytest.raises(UnknownNameError, match="'letters'"):
        CellTrainer(replace(TINY, dataset="letters"))
