"""Digits: the same pixels as ever, split and standardised."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.datasets import load_digits

from backends.data.digits import load
from backends.tabular.named_tables import open_table
from backends.training.recipes import load_recipe, recipe_path

NAME = "nasbench101-v5-digits"


def test_the_shipped_table_was_trained_on_these_pixels() -> None:
    recipe = load_recipe(recipe_path(NAME))
    data = load(recipe.train_images, recipe.validation_images, noise=recipe.noise)
    assert data.digest() == open_table(NAME).provenance["data_digest"]


def test_every_image_is_in_one_split_and_kept_standardised() -> None:
    data = load(1000, 398)
    splits = (data.train, data.validation, data.test)
    assert [len(split) for split in splits] == [1000, 398, 399]
    raw = load_digits()
    first = raw.images[np.random.default_rng(101).permutation(1797)[:1000]]
    stored = np.concatenate([split.images.numpy()[:, 0] for split in splits]) * first.std() + first.mean()
    assert sorted(map(bytes, np.rint(stored).astype(np.uint8))) == sorted(map(bytes, raw.images.astype(np.uint8)))
    assert torch.equal(data.standardised(data.train.images), data.train.images)
    assert (data.name, data.channels, data.classes) == ("digits", 1, 10)
