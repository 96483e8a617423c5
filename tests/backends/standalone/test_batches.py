"""The stream of training batches."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from backends.data.images import Images, Split
from backends.standalone.batches import TrainingBatches
from backends.training.recipes import Recipe
from tests.backends.standalone.recipe import TINY

NUMBER = 10


@pytest.fixture(scope="module")
def numbered() -> Images:
    """Image i of two channels is i + 1 everywhere, and its label is i."""
    labels = torch.arange(NUMBER)
    split = Split((labels + 1).to(torch.uint8)[:, None, None, None].expand(-1, 2, 4, 4).contiguous(), labels)
    return Images("numbers", split, split, split, torch.zeros(1, 1, 1), torch.ones(1, 1, 1), NUMBER)


def stream(recipe: Recipe, data: Images, seeds: tuple[int, ...] = (1, 2)) -> TrainingBatches:
    recipe = replace(recipe, train_images=NUMBER, batch_size=4)
    return TrainingBatches(recipe, data, [torch.Generator().manual_seed(seed) for seed in seeds], seeds)


def drawn(batches: TrainingBatches, times: int) -> tuple[Tensor, Tensor]:
    pairs = [batches.draw() for _ in range(times)]
    return torch.cat([images for images, _ in pairs]), torch.cat([labels for _, labels in pairs])


def test_images_go_with_their_labels_replica_by_replica(numbered: Images) -> None:
    images, labels = drawn(stream(TINY, numbered), 4)
    assert images.shape == (16, 4, 4, 4)
    assert torch.equal(images[:, ::2, 0, 0], labels + 1.0)
    assert torch.equal(images[:, 1::2, 3, 3], labels + 1.0)


def test_what_fills_no_batch_is_dropped_or_carried_into_the_next_epoch(numbered: Images) -> None:
    _, dropped = drawn(stream(TINY, numbered), 4)
    _, carried = drawn(stream(replace(TINY, remainder="carried"), numbered), 5)
    for replica in range(2):
        assert len(dropped[:8, replica].unique()) == len(dropped[8:, replica].unique()) == 8
        assert len(carried[:10, replica].unique()) == len(carried[10:, replica].unique()) == NUMBER


def test_a_replica_sees_what_it_would_see_alone(numbered: Images) -> None:
    recipe = replace(TINY, crop=1, flip=True, cutout=1, remainder="carried")
    together, alone = drawn(stream(recipe, numbered), 6), drawn(stream(recipe, numbered, (2,)), 6)
    assert torch.equal(together[0][:, 2:], alone[0])
    assert torch.equal(together[1][:, 1:], alone[1])


def test_random_changes_are_made(numbered: Images) -> None:
    images, _ = drawn(stream(replace(TINY, crop=1), numbered), 4)
    assert (images == 0).any()


def test_a_stream_goes_on_from_its_state(numbered: Images) -> None:
    recipe = replace(TINY, crop=1, flip=True, remainder="carried")
    first, second = stream(recipe, numbered), stream(recipe, numbered, (5, 6))
    drawn(first, 2)
    second.load_state_dict(first.state_dict())
    for one, other in zip(drawn(first, 4), drawn(second, 4), strict=True):
        assert torch.equal(one, other)
