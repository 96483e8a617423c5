"""BayesNAS: its curvatures, its estimates, its switches."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from harness.core.budget import Cost
from harness.core.oracle import Failed, Gradient, Trial, Update
from policies.bayesnas import BayesNAS, curvatures, omegas, probes, rescaled
from policies.parts.relaxed import RelaxedSpace
from tests.fakes.searches import answer, finish, flat, planted, rng, rounds
from tests.fakes.spaces import Holes

OPTIONS = (2, 3, 1, 4)
SPACE = Holes(OPTIONS)
RELAXATION = RelaxedSpace(OPTIONS)
CHOICES = np.array([(d, k) for d, n in enumerate(OPTIONS) if n > 1 for k in range(n)])
WIDTH = sum(OPTIONS)
GENERATOR = torch.Generator().manual_seed(5)
ROOT = torch.randn(WIDTH, WIDTH, dtype=torch.float64, generator=GENERATOR)
BOWL = ROOT @ ROOT.T
TILT = torch.randn(WIDTH, dtype=torch.float64, generator=GENERATOR)


def bowl(point: torch.Tensor) -> torch.Tensor:
    return 0.5 * point @ BOWL @ point + TILT @ point


def exact(rows: np.ndarray) -> np.ndarray:
    """d H d along each line d from the rows to a choice."""
    bends = []
    for decision, choice in CHOICES:
        line = np.zeros_like(rows)
        line[decision] = -rows[decision]
        line[decision, choice] += 1
        vector = line[RELAXATION.inside]
        bends.append(vector @ BOWL.numpy() @ vector)
    return np.array(bends)


def slopes_at(points: list[np.ndarray], dtype: type = np.float64) -> np.ndarray:
    gradients = [BOWL @ flat(RELAXATION.mixture(rows)) + TILT for rows in points]
    return np.array([RELAXATION.rows(RELAXATION.mixture(_spread(g))) for g in gradients]).astype(dtype).astype(float)


def _spread(vector: torch.Tensor) -> np.ndarray:
    rows = np.zeros(RELAXATION.inside.shape)
    rows[RELAXATION.inside] = vector
    return rows


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-10), (np.float32, 1e-4)])
def test_curvatures_of_a_quadratic_are_exact_up_to_the_rounding_of_slopes(dtype: type, tolerance: float) -> None:
    rows = RELAXATION.softmax(rng().standard_normal(RELAXATION.inside.shape))
    slopes = slopes_at([rows, *probes(rows, CHOICES, 0.1)], dtype)
    np.testing.assert_allclose(curvatures(rows, slopes, CHOICES, 0.1), exact(rows), rtol=tolerance)


def test_omega_and_gamma_are_those_of_the_published_formulas() -> None:
    # gamma = 1/2, h = 2, lambda = 1/10: C = 1/(2 + 20) = 1/22, omega = sqrt(2 - 4/22) = 1.348400, 0.3/omega = 0.222486
    omega = omegas(np.array([0.5]), np.array([2.0]), 0.1)
    assert omega[0] == pytest.approx(1.348400, rel=1e-6)
    assert 0.3 / omega[0] == pytest.approx(0.222486, rel=1e-5)
    for gamma, h, penalty in ((1.0, 1.0, 0.01), (0.03, 7.0, 0.5), (4.0, 0.2, 2.0)):
        c = 1 / (1 / gamma + h / penalty)
        expected = math.sqrt(1 / gamma - c / gamma**2)
        assert omegas(np.array([gamma]), np.array([h]), penalty)[0] == pytest.approx(expected, rel=1e-10)


def test_an_epoch_ends_with_one_estimate_of_every_choice() -> None:
    policy = BayesNAS(SPACE, rng(), epochs=2, updates=1, warmup=0, lr=0.0, penalty=0.1)
    finish(policy, bowl)
    rows = policy._relax(0)
    gamma = np.ones(len(CHOICES))
    options = np.array(OPTIONS)[CHOICES[:, 0]]
    for _ in range(2):  # switches of 1 sum to the number of options
        h = np.maximum(exact(rows) / options**2, 0.1)
        c = 1 / (1 / gamma + h / 0.1)
        omega = np.sqrt(np.abs(1 / gamma - c / gamma**2))
        gamma = 1 / omega
    np.testing.assert_allclose(policy.omega[tuple(CHOICES.T)], omega, rtol=1e-9)
    np.testing.assert_allclose(policy.gamma[tuple(CHOICES.T)], gamma, rtol=1e-9)
    assert policy.omega[2, 0] == 1.0  # nothing to choose


def test_where_the_loss_is_flat_or_bends_down_gamma_is_finite_and_grows_with_the_switch() -> None:
    for bend in (0.0, -1.0):
        policy = BayesNAS(SPACE, rng(), epochs=1, updates=30, warmup=0)
        finish(policy, lambda point, bend=bend: planted(OPTIONS, (1, 2, 0, 3))(point) + bend * (point**2).sum())
        assert np.isfinite(policy.gamma).all()
        for row, switches, n in zip(policy.gamma, policy.parameters, OPTIONS, strict=True):
            assert row[:n].argmax() == switches[:n].argmax()


def test_a_probe_that_fails_leaves_the_estimate_of_its_choice_alone() -> None:
    policy = BayesNAS(SPACE, rng(), epochs=1, updates=1, warmup=0, lr=0.0)
    for _ in range(2):
        queries = policy.ask(100)
        answers = [answer(query, bowl) for query in queries]
        if len(queries) > 1:
            answers[3] = Failed("diverged", Cost(1))  # an Update, the mixture itself, then the probes
        policy.tell([Trial(i, q, a) for i, (q, a) in enumerate(zip(queries, answers, strict=True))])
    estimated = policy.omega[tuple(CHOICES.T)] != 1.0
    assert not estimated[1]
    assert estimated.sum() == len(CHOICES) - 1


def test_the_switches_follow_the_slope_of_the_loss_and_of_the_penalty() -> None:
    policy = BayesNAS(SPACE, rng(), epochs=1, updates=1, warmup=0, lr=0.05, penalty=0.3, start="random")
    switches = torch.ones(RELAXATION.inside.shape, dtype=torch.float64, requires_grad=True)
    omega = torch.from_numpy(policy.omega.copy())
    inside = torch.from_numpy(RELAXATION.inside)
    rows = switches * inside / (switches * inside).sum(1, keepdim=True)
    total = bowl(rows[inside]) + 0.3 * (omega * switches.abs())[inside].sum()
    moved = (switches - 0.05 * torch.autograd.grad(total, switches)[0]).detach().numpy() * RELAXATION.inside
    policy.tell([Trial(0, query, answer(query, bowl)) for query in policy.ask(1)])
    means = moved.clip(0).sum(1) / np.array(OPTIONS)
    np.testing.assert_allclose(policy.parameters, moved.clip(0) / means[:, None], rtol=1e-12)


def test_switches_are_scaled_to_a_mean_of_one_and_a_decision_never_loses_all() -> None:
    inside = RelaxedSpace((2, 3)).inside
    switches = np.array([[3.0, -1.0, 0.0], [-0.3, -0.1, -0.2]])
    np.testing.assert_allclose(rescaled(switches, inside), [[2.0, 0.0, 0.0], [0.0, 3.0, 0.0]])


def test_an_epoch_asks_for_a_slope_and_an_update_a_step_and_then_for_all_probes_at_once() -> None:
    policy = BayesNAS(SPACE, rng(), epochs=2, updates=2, warmup=1, warmup_updates=None)
    asked = ["".join("U" if isinstance(t.query, Update) else "G" for t in trials) for trials in rounds(policy, bowl)]
    last = "U" + "G" * (1 + len(CHOICES))
    assert asked == ["UU", "G", "UG", last, "G", "UG", last]


def test_probes_stay_among_the_mixtures_and_differ_in_one_decision() -> None:
    rows = RELAXATION.softmax(rng().standard_normal(RELAXATION.inside.shape))
    for (decision, choice), moved in zip(CHOICES, probes(rows, CHOICES, 0.1), strict=True):
        np.testing.assert_allclose(moved.sum(1), 1.0)
        assert moved[decision, choice] > rows[decision, choice]
        assert (np.delete(moved, decision, 0) == np.delete(rows, decision, 0)).all()


def test_by_default_the_weights_train_for_one_epoch_alone() -> None:
    policy = BayesNAS(SPACE, rng())
    assert (policy.warmup, policy.updates, policy.penalty) == (1, 45_000 // 18, 0.01)
    assert (policy.epochs, policy.warmup_updates) == (1, -(-5_000 // 18))
    assert [type(query) for query in policy.ask(2500)] == [Update] * 278


def test_a_random_start_is_drawn_from_the_unit_interval() -> None:
    policy = BayesNAS(Holes((4,) * 100), rng(), start="random")
    assert 0 < policy.gamma.min() < policy.gamma.max() < 1
    assert 0.45 < policy.omega.mean() < 0.55
    assert isinstance(policy.ask(1)[0], Update | Gradient)
