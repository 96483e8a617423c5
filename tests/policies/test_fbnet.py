"""FBNet: its temperatures, its noise, and the path of its logits."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from harness.core.oracle import Gradient, Trial
from policies.fbnet import FBNet
from tests.fakes.searches import answer, bowl, finish, mixtures, planted, rng
from tests.fakes.spaces import Holes

OPTIONS = (2, 3, 4)
SPACE = Holes(OPTIONS)
loss = bowl(sum(OPTIONS))


@pytest.mark.parametrize(
    ("epoch", "temperature"), [(0, 5.0), (10, 3.188), (50, 0.527), (89, 0.0911), (103, 0.05), (199, 0.05)]
)
def test_temperatures_are_the_published_ones(epoch: int, temperature: float) -> None:
    assert FBNet(SPACE, rng()).temperature(epoch) == pytest.approx(temperature, rel=1e-3)
    assert FBNet(SPACE, rng()).temperature(102) > 0.05


def test_forty_steps_by_messages_equal_a_gumbel_softmax_in_one_process() -> None:
    policy = FBNet(SPACE, rng(7), epochs=10, updates=4, anneal=0.3)
    finish(policy, loss)
    noise, logits = rng(7), [torch.zeros(n, dtype=torch.float64, requires_grad=True) for n in OPTIONS]
    adam = torch.optim.Adam(logits, lr=0.01, betas=(0.5, 0.999), weight_decay=5e-4)
    for step in range(40):
        temperature = 5 * math.exp(-0.3 * (step // 4))
        gumbel = torch.from_numpy(noise.gumbel(size=(3, 4)))
        rows = [torch.softmax((row + g[: len(row)]) / temperature, 0) for row, g in zip(logits, gumbel, strict=True)]
        adam.zero_grad()
        loss(torch.cat(rows)).backward()
        adam.step()
        noise.gumbel(size=(3, 4))  # for the shared weights' step
    for ours, theirs in zip(policy.parameters, logits, strict=True):
        np.testing.assert_allclose(ours[: len(theirs)], theirs.detach(), rtol=0, atol=1e-12)
    assert np.abs(policy.parameters).max() > 0.1


def test_every_query_has_fresh_noise_and_is_of_first_order() -> None:
    trials = finish(FBNet(SPACE, rng(), epochs=1, updates=6, warmup=1), loss)
    assert len(set(mixtures(trials))) == len(trials) == 18
    assert not any(trial.query.unrolled for trial in trials if isinstance(trial.query, Gradient))


def test_equal_logits_are_a_uniform_choice_made_hard_by_a_low_temperature() -> None:
    policy = FBNet(SPACE, rng(), epochs=1, updates=3000, warmup=1, temperature=0.05)
    queries = policy.ask(3000)
    last = np.array([query.points[0][2] for query in queries])
    assert np.mean(last.max(axis=1) > 0.95) > 0.8
    counts = np.bincount(last.argmax(axis=1), minlength=4)
    assert ((counts - 750) ** 2 / 750).sum() < 3 + 4 * 6**0.5  # the arg-max of Gumbel noise follows the softmax


def test_the_recommendation_is_read_off_the_logits_without_noise() -> None:
    policy = FBNet(SPACE, rng(), epochs=2, updates=40, lr=0.05)
    for _ in range(60):
        queries = policy.ask(10)
        policy.tell([Trial(i, q, answer(q, planted(OPTIONS, (1, 2, 3)))) for i, q in enumerate(queries)])
        rows = [row[:n] for row, n in zip(policy.parameters, OPTIONS, strict=True)]
        choices = tuple(int(np.argmax(row)) for row in rows)
        assert policy.recommend().choices == choices or sum(choices) % 5 == 0


def test_by_default_it_takes_the_published_number_of_steps_without_a_warm_up() -> None:
    policy = FBNet(SPACE, rng())
    assert (policy.epochs, policy.updates, policy.warmup) == (200, 40_000 // 64, 0)
