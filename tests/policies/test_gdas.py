"""GDAS: its temperatures, its hard samples, and the path of its logits."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from backends.training.recipes.files import full_name, load_supernet_recipe
from harness.core.oracle import Gradient
from policies.gdas import GDAS
from tests.fakes.searches import bowl, finish, mixtures, planted, rng
from tests.fakes.spaces import Holes

OPTIONS = (2, 3, 4)
SPACE = Holes(OPTIONS)
loss = bowl(sum(OPTIONS))


@pytest.mark.parametrize(("epoch", "temperature"), [(0, 10.0), (249, 0.1), (124.5, 5.05)])
def test_temperatures_fall_linearly_between_the_published_ones(epoch, temperature):
    assert GDAS(SPACE, rng()).temperature(epoch) == pytest.approx(temperature)


def test_every_query_is_one_hot_and_of_first_order():
    trials = finish(GDAS(SPACE, rng(), epochs=2, updates=8), loss)
    for mixture in mixtures(trials):
        assert all(sorted(row) == [0.0] * (len(row) - 1) + [1.0] for row in mixture)
    assert len(set(mixtures(trials))) > 8
    assert not any(trial.query.unrolled for trial in trials if isinstance(trial.query, Gradient))


@pytest.mark.parametrize("slopes", ["all", "chosen"])
def test_forty_steps_by_messages_equal_the_straight_through_estimator_in_one_process(slopes):
    policy = GDAS(SPACE, rng(7), epochs=10, updates=4, slopes=slopes)
    noise = rng(7)
    start = 1e-3 * noise.standard_normal((3, 4))
    finish(policy, loss)
    logits = [torch.tensor(row[:n], requires_grad=True) for row, n in zip(start, OPTIONS, strict=True)]
    adam = torch.optim.Adam(logits, lr=3e-4, betas=(0.5, 0.999), weight_decay=1e-3)
    for step in range(40):
        temperature = 10 - 9.9 * (step // 4) / 9
        gumbel = torch.from_numpy(noise.gumbel(size=(3, 4)))
        rows = []
        for row, g in zip(logits, gumbel, strict=True):
            soft = torch.softmax((row + g[: len(row)]) / temperature, 0)
            hard = torch.nn.functional.one_hot(soft.argmax(), len(row)).double()
            # forward the hard sample, backward the soft weights, or that of what was chosen alone
            straight = hard - soft.detach() + soft
            rows.append(straight if slopes == "all" else hard * straight)
        adam.zero_grad()
        loss(torch.cat(rows)).backward()
        adam.step()
        noise.gumbel(size=(3, 4))  # for the shared weights' step
    for ours, theirs in zip(policy.parameters, logits, strict=True):
        np.testing.assert_allclose(ours[: len(theirs)], theirs.detach(), rtol=0, atol=1e-12)
    assert np.abs(policy.parameters).max() > 5e-3


def test_it_learns_which_choices_are_good():
    policy = GDAS(SPACE, rng(), epochs=20, updates=40, lr=0.05)
    finish(policy, planted(OPTIONS, (1, 2, 3)))
    assert policy.recommend().choices == (1, 2, 3)


def test_by_default_it_searches_for_the_published_epochs_with_every_recipe_of_its_own():
    policy = GDAS(SPACE, rng())
    assert (policy.epochs, policy.updates) == (250, 391)
    for family in ("cifar10", "digits", "nasbench201"):
        recipe = load_supernet_recipe(full_name(family, GDAS.recipe))
        assert recipe.training.epochs == recipe.search.get("epochs", 250) == 250
