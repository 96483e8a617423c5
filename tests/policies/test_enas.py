"""ENAS: its gradient, its baseline, its pool, and what it learns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from harness.core.oracle import Score, Scored, Update
from harness.core.space import Architecture, SearchSpace
from harness.spaces.nasbench101 import NASBench101
from harness.spaces.rnn_cell import RNNCell
from policies.enas import ENAS, Pool
from policies.networks.cell_controllers import CellController
from policies.networks.controller import Controller
from policies.parts.step import SearchStep
from tests.fakes.searches import finish, hill, require_the_same_from_any_cut, rng, rounds
from tests.fakes.spaces import Holes
from tests.policies.networks.test_controller import plain

SPACE = Holes()
ROWS = SPACE.everything()
INSIDE = ROWS[SPACE.keys(ROWS) >= 0]


def build(**settings: Any) -> ENAS:
    return ENAS(SPACE, rng(), **({"hidden": 16} | settings))


def gradients(policy: ENAS) -> list[torch.Tensor]:
    return [parameter.grad.clone() for parameter in policy.controller.parameters() if parameter.grad is not None]


def test_conditioned_on_the_space_the_slope_of_the_mean_reward_needs_no_slope_of_the_share_inside() -> None:
    policy = build()
    controller = policy.controller
    rewards = torch.tensor([hill(tuple(row)) ** 2 for row in INSIDE.tolist()])
    odds = controller(INSIDE)[0].exp()
    assert float(odds.detach().sum()) < 0.9, "some rows must lie outside for this to say anything"
    expected = torch.autograd.grad((odds * rewards).sum() / odds.sum(), [*controller.parameters()])
    weights = (odds / odds.sum()).detach()
    baseline = (weights * rewards).sum()
    ours = torch.autograd.grad(
        (weights * (rewards - baseline) * controller(INSIDE)[0]).sum(), [*controller.parameters()]
    )
    for a, b in zip(expected, ours, strict=True):
        torch.testing.assert_close(a, b, atol=1e-7, rtol=1e-4)


def test_a_step_follows_the_published_rule_computed_by_a_plain_loop() -> None:
    policy = build(samples=4, entropy=0.01, decay=0.9)
    values = [0.2, float("nan"), 0.9, 0.4]
    rows = INSIDE[[0, 3, 5, 9]]
    logs, entropies = zip(*(plain(policy.controller, row) for row in rows.tolist()), strict=True)
    baseline, loss = None, torch.zeros(())
    for value, log, entropy in zip(values, logs, entropies, strict=True):
        if value != value:
            continue  # no value, no part in the step
        reward = value + 0.01 * entropy
        baseline = reward if baseline is None else baseline
        baseline -= (1 - 0.9) * (baseline - reward)
        loss = loss - log * (reward - baseline) / 4
    loss.backward()
    expected = gradients(policy)
    policy._reinforce(SearchStep(Score, rows, values))
    for a, b in zip(gradients(policy), expected, strict=True):
        torch.testing.assert_close(a, b, atol=1e-7, rtol=1e-4)


def test_the_optimiser_moves_the_weights_by_adam_with_the_published_rates() -> None:
    policy = build()
    before = [parameter.detach().clone() for parameter in policy.controller.parameters()]
    policy._reinforce(SearchStep(Score, INSIDE[:4], [0.1, 0.2, 0.3, 0.4]))
    for parameter, old, slope in zip(policy.controller.parameters(), before, gradients(policy), strict=True):
        # at its first step, bias-corrected Adam goes lr * g / (|g| + eps)
        torch.testing.assert_close(parameter.detach(), old - 0.0035 * slope / (slope.abs() + 1e-3))


def test_the_baseline_is_kept_across_epochs_or_reset_as_released() -> None:
    means: dict[str, list[float | None]] = {"kept": [], "reset": []}
    for baseline, seen in means.items():
        policy = build(baseline=baseline, epochs=2, updates=2, steps=3, select_every=9)
        for _ in rounds(policy):
            seen.append(policy.state_dict()["mean"])
    assert means["reset"][:4] == means["kept"][:4]  # the first epoch: updates, then three controller steps
    assert means["kept"][4] == means["kept"][3]
    assert means["reset"][4] is None


def test_a_reward_in_percent_makes_the_entropy_weigh_a_hundredth() -> None:
    one, hundred = build(entropy=0.01), build(entropy=1.0, reward_scale=100.0)
    for policy in (one, hundred):
        policy._reinforce(SearchStep(Score, INSIDE[:3], [0.3, 0.5, 0.1]))
    for a, b in zip(gradients(one), gradients(hundred), strict=True):
        torch.testing.assert_close(100 * a, b, atol=1e-6, rtol=1e-3)


def test_an_epoch_asks_for_updates_then_rewards_and_selects_every_so_many() -> None:
    policy = build(epochs=5, updates=6, steps=2, samples=3, pool=9, fresh=2, select_every=2)
    asked = [(type(trials[0].query), len(trials)) for trials in rounds(policy)]
    epoch, selection = [(Update, 6), (Score, 3), (Score, 3)], [(Score, 9)]
    assert asked == [*epoch, *epoch, *selection, *epoch, *epoch, *selection, *epoch, *selection]


def test_by_default_it_takes_sixty_thousand_rewards() -> None:
    policy = build()
    assert policy.epochs * policy.steps * policy.samples == 60_000
    assert policy.updates == -(-45_000 // 160)


def test_the_best_of_the_latest_selection_is_recommended() -> None:
    policy = build(epochs=2, updates=20, steps=1, pool=7, fresh=1, select_every=1)
    for number, trials in enumerate(rounds(policy, lambda choices: 1 - hill(choices))):
        if number % 3 == 2:
            values = [trial.answer.value for trial in trials if isinstance(trial.answer, Scored)]
            assert policy.recommend() == trials[int(np.argmax(values))].query.architecture


def test_before_any_selection_the_best_reward_is_recommended() -> None:
    policy = build(epochs=1, updates=0, steps=20)
    trials = [t for _, ts in zip(range(10), rounds(policy), strict=False) for t in ts]
    assert hill(policy.recommend().choices) == max(t.answer.value for t in trials if isinstance(t.answer, Scored))


def test_the_pool_holds_the_latest_distinct_cells() -> None:
    pool = Pool(3, 2)
    pool.add(np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([5, 6, 7, 8]))
    pool.add(np.array([[1, 0], [2, 2]]), np.array([6, 9]))
    assert pool.rows.tolist() == [[1, 1], [1, 0], [2, 2]]
    assert pool.state_dict()["keys"].tolist() == [8, 6, 9]


def test_a_controller_that_has_left_the_space_is_helped_out_by_the_sampler() -> None:
    policy = build(epochs=1, updates=5, steps=1)
    policy.controller.rollout = lambda generator, count: np.zeros((count, 4), np.int64)
    assert SPACE.keys(np.zeros((1, 4), np.int64)) == [-1]
    assert all(SPACE.contains(point) for query in policy.ask(5) for point in query.points)


def test_draws_inside_the_space_keep_their_odds() -> None:
    policy = build()
    for parameter in policy.controller.parameters():
        parameter.data *= 30
    odds = policy.controller(INSIDE)[0].detach().exp().numpy()
    odds /= odds.sum()
    counts = np.bincount(np.searchsorted(np.sort(SPACE.keys(INSIDE)), SPACE.keys(policy._draw(20_000))))
    expected = 20_000 * odds[np.argsort(SPACE.keys(INSIDE))]
    assert ((counts - expected) ** 2 / expected).sum() < len(INSIDE) + 4 * (2 * len(INSIDE)) ** 0.5


def test_it_learns_a_hill() -> None:
    space = Holes((3,) * 8)
    policy = ENAS(space, rng(), epochs=15, updates=0, samples=10)
    *_, last = (np.mean([hill(t.query.architecture.choices) for t in ts]) for ts in rounds(policy) if len(ts) == 10)
    assert last > 0.55, "a uniform draw has a third of its decisions right"
    assert isinstance(policy.recommend(), Architecture)


def test_failures_leave_the_controller_as_it_was() -> None:
    policy = build(epochs=1, updates=0, steps=3)
    before = policy.state_dict()["controller"]
    finish(policy, None)
    after = policy.state_dict()["controller"]
    assert all((before[name] == after[name]).all() for name in before)


CELLS = [NASBench101(vertices=4, encoding="tree"), RNNCell(nodes=2)]


@pytest.mark.parametrize("space", CELLS, ids=lambda space: space.name)
def test_a_search_with_a_published_controller_resumes_from_any_cut(space: SearchSpace) -> None:
    settings: dict[str, Any] = {"epochs": 2, "updates": 3, "steps": 2, "samples": 3, "select_every": 1, "fresh": 2}
    require_the_same_from_any_cut(
        lambda seed: ENAS(space, rng(seed), **settings), lambda policy: rounds(policy, limit=4)
    )
    assert isinstance(ENAS(space, rng(), **settings).controller, CellController)
    assert isinstance(ENAS(space, rng(), **settings, controller="decisions").controller, Controller)


@pytest.mark.parametrize("space", CELLS, ids=lambda space: space.name)
def test_a_published_controller_learns_which_operation_is_good(space: SearchSpace) -> None:
    good = space.options[-1] - 1
    policy = ENAS(space, rng(), epochs=1, updates=0, steps=80, lr=0.03, fresh=0)
    before = np.mean(policy.controller.rollout(rng(3), 1000)[:, -1] == good)
    finish(policy, lambda choices: float(choices[-1] == good))
    assert np.mean(policy.controller.rollout(rng(3), 1000)[:, -1] == good) > before + 0.1


def test_the_best_of_the_controller_s_samples_is_recommended_if_asked_for() -> None:
    policy = build(epochs=4, updates=2, steps=2, select="sampled", fresh=5, select_every=2, reward_batches=3)
    scored = [trials for trials in rounds(policy) if isinstance(trials[0].query, Score) and len(trials) == 5]
    assert len(scored) == 2
    assert {trial.query.batches for trials in scored for trial in trials} == {3}
    best = max(scored[-1], key=lambda trial: trial.answer.value)
    assert policy.recommend() == best.query.architecture


def test_auto_is_settled_to_a_name_and_what_earlier_versions_did_is_left_out_of_a_record() -> None:
    settled = ENAS.settled({"controller": "auto", "lr": 0.1}, SPACE)
    assert settled == {"controller": ENAS.implied["controller"], "lr": 0.1}
    assert [ENAS.settled({"controller": "auto"}, space)["controller"] for space in CELLS] == [
        "convolutional",
        "recurrent",
    ]
