"""BANANAS and its ensemble: against plain PyTorch, and what it proposes."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch

from policies.bananas import BANANAS
from policies.networks.ensemble import Ensemble
from tests.fakes.searches import finish, hill, rng, rounds
from tests.fakes.spaces import Holes

SPACE = Holes((3, 4, 3, 4, 3))


def test_the_ensemble_trains_each_network_as_plain_pytorch_trains_it():
    sizes, rows = [6, 5, 4, 1], rng(3).integers(0, 2, (11, 6)).astype(np.uint8)
    values = rng(4).normal(size=11)
    ours = Ensemble(3, sizes, rng(5))
    networks = []
    for which in range(3):
        layers = [torch.nn.Linear(a, b) for a, b in pairwise(sizes)]
        for layer, weight in zip(layers, ours.weights, strict=True):
            layer.weight.data, layer.bias.data = weight.data[which].T.clone(), torch.zeros(weight.shape[2])
        networks.append(torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2]))
    orders = rng(5)
    for a, b in pairwise(sizes):
        orders.uniform(size=(3, a, b))  # what the weights were drawn from
    ours.fit(rows, values, epochs=7, batch=4, lr=0.01)
    x, y = torch.tensor(rows, dtype=torch.float32), torch.tensor(values, dtype=torch.float32)
    adams = [torch.optim.Adam(network.parameters(), 0.01, betas=(0.9, 0.99)) for network in networks]
    for _ in range(7):
        order = np.argsort(orders.random((3, 11)), axis=1)
        for network, adam, own in zip(networks, adams, order, strict=True):
            for start in range(0, 11, 4):
                batch = own[start : start + 4]
                adam.zero_grad()
                (network(x[batch])[:, 0] - y[batch]).abs().mean().backward()
                adam.step()
    expected = np.stack([network(x)[:, 0].detach().numpy() for network in networks])
    np.testing.assert_allclose(ours.predict(rows), expected, atol=1e-4)
    assert np.abs(expected).max() > 0.05


def test_weights_start_within_the_limits_of_glorot_and_spread_to_them():
    ensemble = Ensemble(5, [364, 20, 20, 1], rng())
    for weight, (a, b) in zip(ensemble.weights, [(364, 20), (20, 20), (20, 1)], strict=True):
        limit = (6 / (a + b)) ** 0.5
        assert 0.9 * limit < float(weight.detach().abs().max()) <= limit


def test_an_ensemble_learns_which_of_two_halves_is_better():
    rows = rng(1).integers(0, 2, (60, 8)).astype(np.uint8)
    values = rows[:, 2] + 0.01 * rng(2).normal(size=60)
    ensemble = Ensemble(5, [8, 20, 20, 1], rng(3))
    ensemble.fit(rows[:40], values[:40], epochs=150, batch=32, lr=0.01)
    predicted = ensemble.predict(rows[40:]).mean(axis=0)
    assert predicted[rows[40:, 2] == 1].min() > predicted[rows[40:, 2] == 0].max()


def test_it_asks_for_new_cells_alone_ten_and_then_ten_at_a_time():
    policy = BANANAS(SPACE, rng(), samples=45, epochs=3, layers=2)
    sizes = [len(trials) for trials in rounds(policy)]
    assert sizes == [10, 10, 10, 10, 5]
    trials = finish(BANANAS(SPACE, rng(), samples=45, epochs=3, layers=2))
    keys = SPACE.canonical_keys(SPACE.keys(np.array([t.query.architecture.choices for t in trials])))
    assert len(set(keys.tolist())) == 45


def distances(centre, trials):
    """In how many decisions each asked cell differs from a cell."""
    return [sum(a != b for a, b in zip(centre, t.query.architecture.choices, strict=True)) for t in trials]


@pytest.mark.parametrize("settings", [{"parents": 1, "candidates": 6}, {"parents": 1, "candidates": 6, "patience": 0}])
def test_after_the_first_cells_it_asks_for_neighbours_of_the_best(settings):
    policy = BANANAS(SPACE, rng(), samples=16, epochs=3, layers=2, batch=6, **settings)
    first, second = list(rounds(policy))
    away = distances(max(first, key=lambda trial: trial.answer.value).query.architecture.choices, second)
    assert len(away) == 6
    assert away.count(1) >= 3  # six mutations of one cell, less those that are the same


def test_parents_are_mutated_one_after_the_other_until_there_are_enough_candidates():
    policy = BANANAS(SPACE, rng(), samples=20, parents=2, patience=3, candidates=40, epochs=2, layers=1)
    next(rounds(policy))
    ranked = policy._rows[np.argsort(-policy._values, kind="stable")]
    parents = []

    def copies(space, generator, parent):
        parents.append(parent.tolist())
        return parent

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("policies.bananas.mutate", copies)  # no copy is new, so no parent is enough
        assert len(policy._candidates()) == policy.batch
    assert parents == [row.tolist() for row in ranked[:6] for _ in range(20)]
    known = SPACE.canonical_keys(SPACE.keys(policy._rows))
    enough = policy._mutants(ranked, known)
    assert not set(known.tolist()) & set(SPACE.canonical_keys(SPACE.keys(enough)).tolist())


def test_by_default_the_best_cell_alone_is_mutated_as_in_naszilla():
    policy = BANANAS(SPACE, rng())
    # naszilla, bananas and get_candidates: num_arches_to_mutate, patience_factor, num, num_init, k, total_queries
    assert (policy.parents, policy.patience, policy.candidates) == (1, 5, 100)
    assert (len(policy.ask(100)), policy.batch, policy.samples) == (10, 10, 150)


def test_a_space_that_is_used_up_ends_the_search():
    small = Holes((2, 3, 2))
    trials = finish(BANANAS(small, rng(), samples=100, epochs=2, layers=1))
    assert len(trials) == small.size


@pytest.mark.parametrize("value", [None, lambda choices: 0.5])
def test_where_nothing_can_be_learned_it_goes_on_at_random(value):
    assert len(finish(BANANAS(SPACE, rng(), samples=30, epochs=2, layers=1), value)) == 30


def test_it_finds_the_top_of_a_hill_sooner_than_random_draws():
    ours = finish(BANANAS(SPACE, rng(2), samples=60))
    assert max(trial.answer.value for trial in ours) == max(hill(a.choices) for a in SPACE.enumerate())
