"""The noise of a truth, against simulation, brute force and closed forms."""

import math
import time

import numpy as np
import pytest
from scipy.stats import kendalltau, norm

from backends.tabular.named_tables import open_table
from harness.core.numbers import Undefined
from harness.statistics import NoisyMeans, TruthNoise
from harness.statistics.noisy_means import critical_distance, cross_fitted_best, repeat_variances, standard_errors

DIGITS = open_table("nasbench101-v5-digits")
VALUES, RECORDED = DIGITS.values("test_accuracy"), DIGITS.recorded()


def rng():
    return np.random.Generator(np.random.PCG64(7))


def trained(truth, error, repeats, draw):
    """Repeats (cells, repeats) of cells with these true values, whose means have this standard error."""
    return truth[:, None] + error * math.sqrt(repeats) * draw.standard_normal((len(truth), repeats))


def noisy(values):
    found = NoisyMeans.of(values.mean(axis=1), values.var(axis=1, ddof=1), np.full(len(values), values.shape[1]))
    assert isinstance(found, NoisyMeans)
    return found


def test_standard_errors_are_those_of_each_cell_and_pooled_where_a_cell_has_one_repeat() -> None:
    values = np.array([[1.0, 2.0, 3.0], [4.0, 4.0, np.nan], [9.0, np.nan, np.nan], [5.0, 7.0, np.nan]])
    recorded = ~np.isnan(values)
    variances = repeat_variances(values, recorded)
    assert variances == pytest.approx([1.0, 0.0, np.nan, 2.0], nan_ok=True)
    pooled = (2 * 1.0 + 1 * 0.0 + 1 * 2.0) / 4
    expected = [math.sqrt(1 / 3), 0.0, math.sqrt(pooled), math.sqrt(2 / 2)]
    assert standard_errors(variances, recorded.sum(axis=1)) == pytest.approx(expected)


def test_the_shipped_table_separates_all_cells_but_not_the_best_hundred() -> None:
    noise = TruthNoise.of(VALUES, RECORDED, 1.0)
    means, own = VALUES.mean(axis=1), VALUES.std(axis=1, ddof=1) / math.sqrt(3)
    top = np.argsort(-means, kind="stable")[:100]
    assert noise.summary.separation == pytest.approx(means.std() / math.sqrt((own**2).mean()))
    assert noise.summary.top_separation == pytest.approx(means[top].std() / math.sqrt((own[top] ** 2).mean()))
    assert noise.summary.separation == pytest.approx(6.5, abs=0.05)
    assert noise.summary.top_separation == pytest.approx(0.82, abs=0.01)
    error = math.sqrt((own[top] ** 2).mean())
    pairs = np.abs(means[top][:, None] - means[top])[np.triu_indices(100, 1)]
    assert (pairs < 1.96 * math.sqrt(2) * error).mean() == pytest.approx(0.98, abs=0.005)


def test_the_cross_fitted_best_is_read_in_the_repeat_that_did_not_choose_it() -> None:
    by_hand = []
    for repeat in range(3):
        others = [i for i in range(3) if i != repeat]
        chosen = [sum(row[i] for i in others) for row in VALUES.tolist()]
        best = [VALUES[i, repeat] for i, value in enumerate(chosen) if value == max(chosen)]
        by_hand.append(np.mean(best))
    assert cross_fitted_best(VALUES, RECORDED) == pytest.approx(np.mean(by_hand))
    assert cross_fitted_best(VALUES, RECORDED) == pytest.approx(0.8872, abs=1e-4)
    assert TruthNoise.of(VALUES, RECORDED, 1.0).summary.optimism == pytest.approx(0.0201, abs=1e-4)


def test_the_best_mean_of_equal_cells_is_luck_and_the_cross_fitted_one_is_not() -> None:
    draw, found = rng(), []
    for _ in range(200):
        values = trained(np.zeros(50), 1.0, 3, draw)
        found.append((values.mean(axis=1).max(), cross_fitted_best(values, np.ones((50, 3), bool))))
    best, crossed = np.mean(found, axis=0)
    assert best == pytest.approx(2.249, abs=0.1)  # the expected largest of 50 standard normal values
    assert crossed == pytest.approx(0.0, abs=0.25)


def test_a_cell_takes_part_only_in_repeats_that_it_has_beside_another() -> None:
    values = np.array([[9.0, np.nan], [1.0, 2.0], [3.0, 0.0]])
    assert cross_fitted_best(values, ~np.isnan(values)) == pytest.approx((1.0 + 0.0) / 2)
    assert isinstance(cross_fitted_best(values[:1], ~np.isnan(values[:1])), Undefined)


@pytest.mark.parametrize("cells", [2, 50, 2_532])
def test_the_critical_distance_is_that_of_the_best_of_equal_cells(cells) -> None:
    draw = rng()
    others = norm.ppf(draw.random(40_000) ** (1 / (cells - 1)))  # the largest of the others
    distances = (others - draw.standard_normal(40_000)) / math.sqrt(2)
    assert critical_distance(cells) == pytest.approx(np.quantile(distances, 0.95), abs=0.05)


def test_the_cells_like_the_best_are_counted_one_by_one_and_hold_the_truly_best_one() -> None:
    found = noisy(VALUES)
    limit, (best, *_), (error, *_) = critical_distance(2_532), found.means, found.errors
    by_hand = sum(best - m < limit * math.hypot(e, error) for m, e in zip(found.means, found.errors, strict=True))
    assert found.alike == by_hand == 189
    draw, held = rng(), []
    for _ in range(200):
        values = trained(np.append(0.0, np.full(199, -0.001)), 1.0, 5, draw)
        held.append((-values.mean(axis=1)).argsort().argsort()[0] < noisy(values).alike)
    assert np.mean(held) > 0.9


@pytest.mark.parametrize(("error", "cells"), [(0.3, 500), (1.0, 500), (0.2, 32)])
def test_rank_intervals_hold_the_true_rank_in_about_95_cases_of_100(error, cells) -> None:
    draw, held, best = rng(), [], []
    for _ in range(25):
        truth = draw.standard_normal(cells)
        values = trained(truth, error, 5, draw)
        ranks, means, found = (-truth).argsort().argsort() + 1, values.mean(axis=1), noisy(values)
        for place, cell in enumerate((-means).argsort()[:: max(1, cells // 30)]):
            interval = found.rank_interval(means[cell])
            (best if place == 0 else held).append(interval.low <= ranks[cell] <= interval.high)
    assert 0.91 < np.mean(held) < 0.99
    assert np.mean(best) > 0.85


@pytest.mark.parametrize(("error", "bias"), [(0.3, 0.02), (1.0, 0.04)])
def test_the_ceiling_of_tau_is_what_the_true_order_reaches(error, bias) -> None:
    """For normal values and errors the expected tau is 2 / π · asin(ρ) (Kendall and Gibbons 1990)."""
    draw, ceilings, reached = rng(), [], []
    for _ in range(4):
        truth = draw.standard_normal(1_000)
        values = trained(truth, error, 3, draw)
        means = values.mean(axis=1)
        ceilings.append(noisy(values).tau_ceiling(means[:200]))
        reached.append(kendalltau(truth[:200], means[:200]).statistic)
    expected = 2 / math.pi * math.asin(1 / math.hypot(1, error))
    assert np.mean(reached) == pytest.approx(expected, abs=0.04)
    assert -bias - 0.02 < np.mean(ceilings) - expected < 0.02


def test_the_ceiling_falls_with_the_noise_and_the_seed_is_fixed() -> None:
    found = noisy(VALUES)
    means = VALUES.mean(axis=1)
    top = np.sort(means)[-100:]
    assert found.tau_ceiling(means[:300]) == found.tau_ceiling(means[:300])
    assert found.tau_ceiling(top) < 0.5 < 0.8 < found.tau_ceiling(means[:300]) < 0.9


def test_noise_that_cannot_be_known_has_a_reason() -> None:
    single = VALUES[:, :1]
    assert "one repeat" in TruthNoise.of(single, RECORDED[:, :1], 1.0).reason
    constant = np.repeat(single, 3, axis=1)
    assert "do not differ" in TruthNoise.of(constant, RECORDED, 1.0).reason
    assert "no cell" in TruthNoise.of(np.full((3, 2), np.nan), np.ones((3, 2), bool), 1.0).reason


def test_cells_without_a_value_have_no_error_and_smaller_may_be_better() -> None:
    values = np.array([[60.0, 62.0], [np.nan, 50.0], [70.0, 71.0], [65.0, 64.0]])
    recorded = np.array([[True, True], [True, True], [True, True], [True, True]])
    noise = TruthNoise.of(values, recorded, -1.0)
    assert noise.means == pytest.approx([61.0, np.nan, 70.5, 64.5], nan_ok=True)
    assert np.isnan(noise.errors[1])
    assert (noise.summary.best, noise.summary.cross_fitted_best) == (61.0, 61.0)
    assert noise.summary.cells == 3


def test_a_table_as_large_as_nasbench101_takes_well_below_a_second() -> None:
    draw = rng()
    values, recorded = trained(draw.standard_normal(423_624), 0.3, 3, draw), np.ones((423_624, 3), bool)
    start = time.perf_counter()
    noise = TruthNoise.of(values, recorded, 1.0)
    noise.noisy.rank_interval(1.0), noise.noisy.tau_ceiling(noise.means[:200])
    assert time.perf_counter() - start < 5  # about 0.6 on an idle core
    interval = noise.noisy.rank_interval(float(noise.means.mean()))
    assert interval.low < 423_624 / 2 < interval.high
