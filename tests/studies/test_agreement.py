"""The statistics of two rankings, against counting pairs and against random tie-breaking."""

from __future__ import annotations

import itertools
import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy.stats import weightedtau

from harness.core.numbers import Undefined
from harness.studies.agreement import agreement, competition_ranks, seed_statistics

Floats = npt.NDArray[np.float64]


def samples() -> list[tuple[Floats, Floats]]:
    """Columns of nine values, with ties on both sides in the later ones."""
    rng = np.random.default_rng(3)
    whole = [(rng.random(9), rng.random(9)) for _ in range(3)]
    tied = [(rng.integers(4, size=9) / 4, rng.integers(5, size=9) / 5) for _ in range(4)]
    return whole + tied


def tau_b(a: Floats, b: Floats) -> float:
    """(P - Q) / sqrt((P + Q + ties of a alone) (P + Q + ties of b alone)), by counting pairs."""
    signs = [(np.sign(a[i] - a[j]), np.sign(b[i] - b[j])) for i, j in itertools.combinations(range(len(a)), 2)]
    agreeing = sum(x * y for x, y in signs)
    return float(agreeing / math.sqrt(sum(x != 0 for x, _ in signs) * sum(y != 0 for _, y in signs)))


def mean_ranks(values: Floats) -> Floats:
    """1 for the largest; the mean place of those that tie."""
    return np.array([(values > v).sum() + ((values == v).sum() + 1) / 2 for v in values])


@pytest.mark.parametrize(("scores", "truth"), samples())
def test_tau_and_spearman_are_what_counting_gives(scores: Floats, truth: Floats) -> None:
    found = agreement(scores, truth)
    assert found.tau == pytest.approx(tau_b(scores, truth))
    ours, theirs = mean_ranks(scores), mean_ranks(truth)
    assert found.spearman == pytest.approx(np.corrcoef(ours, theirs)[0, 1])
    assert found.deviation == pytest.approx(np.abs(ours - theirs).mean())


@pytest.mark.parametrize(("scores", "truth"), samples())
def test_precision_is_the_mean_share_over_all_orders_of_ties(scores: Floats, truth: Floats) -> None:
    rng = np.random.default_rng(1)

    def top(values: Floats, k: int) -> set[int]:
        return set(np.lexsort((rng.random(len(values)), -values))[:k].tolist())

    found = agreement(scores, truth).precision
    assert set(found) == {3, 5}
    for k, value in found.items():
        draws = [len(top(scores, k) & top(truth, k)) / k for _ in range(2000)]
        assert value == pytest.approx(np.mean(draws), abs=4 * (np.std(draws) + 1e-9) / math.sqrt(2000) + 1e-9)


@pytest.mark.parametrize(("scores", "truth"), samples())
def test_regret_is_what_the_best_of_the_top_lacks_over_all_orders_of_ties(scores: Floats, truth: Floats) -> None:
    rng = np.random.default_rng(2)
    found = agreement(scores, truth).regret
    assert set(found) == {3, 5}
    for k, value in found.items():
        tops = [np.lexsort((rng.random(len(scores)), -scores))[:k] for _ in range(2000)]
        draws = [truth.max() - truth[top].max() for top in tops]
        assert value == pytest.approx(np.mean(draws), abs=4 * (np.std(draws) + 1e-9) / math.sqrt(2000) + 1e-9)


def test_the_weighted_tau_counts_a_change_at_the_top_most() -> None:
    truth = np.arange(9.0)
    low, high = truth.copy(), truth.copy()
    low[[0, 1]], high[[7, 8]] = low[[1, 0]], high[[8, 7]]
    below, above = agreement(low, truth), agreement(high, truth)
    assert below.tau == pytest.approx(above.tau)
    assert below.weighted_tau == pytest.approx(weightedtau(low, truth, rank=True).statistic)
    assert above.weighted_tau == pytest.approx(weightedtau(high, truth, rank=True).statistic)
    assert above.weighted_tau < below.weighted_tau < 1


def test_sparse_tau_takes_values_within_a_thousandth_as_equal() -> None:
    scores, truth = np.array([0.9001, 0.9003, 0.7, 0.6, 0.5]), np.array([0.8, 0.9, 0.7002, 0.7004, 0.2])
    rounded = tau_b(np.array([0.9, 0.9, 0.7, 0.6, 0.5]), np.array([0.8, 0.9, 0.7, 0.7, 0.2]))
    found = agreement(scores, truth)
    assert found.sparse_tau == pytest.approx(rounded)
    assert found.tau == pytest.approx(tau_b(scores, truth))
    assert rounded != pytest.approx(tau_b(scores, truth))


def test_cells_without_a_score_or_a_truth_are_left_out() -> None:
    scores, truth = np.array([1.0, np.nan, 2.0, 3.0, 4.0]), np.array([1.0, 2.0, np.nan, 3.0, 4.0])
    found = agreement(scores, truth)
    assert (found.cells, found.tau, found.spearman, found.deviation) == (3, 1.0, 1.0, 0.0)


@pytest.mark.parametrize(
    ("scores", "reason"),
    [
        ([0.1] * 5, "one side does not vary"),
        ([math.nan] * 5, "at least 3 pairs, not 0"),
        ([0.1, 0.2, math.nan, math.nan, math.inf], "at least 3 pairs, not 2"),
    ],
)
def test_what_ranks_nothing_has_a_reason_instead_of_a_number(scores: list[float], reason: str) -> None:
    found = agreement(np.array(scores), np.arange(5.0))
    for value in (found.tau, found.sparse_tau, found.spearman):
        assert isinstance(value, Undefined)
        assert reason in value.reason


def test_places_count_from_the_largest_and_ties_share_the_best_place() -> None:
    assert competition_ranks(np.array([0.5, 0.9, math.nan, 0.5, 0.1])) == [2, 1, None, 2, 4]


def test_a_spread_names_the_best_and_the_worst_seed_the_first_of_equals() -> None:
    found = seed_statistics({1: 0.5, 2: None, 3: 0.25, 4: 0.75, 5: 0.75})
    assert (found["seeds"], found["mean"], found["best_seed"], found["worst_seed"]) == (4, 0.5625, 4, 3)
    assert found["std"] == pytest.approx(np.std([0.5, 0.25, 0.75, 0.75], ddof=1))
    turned = seed_statistics({1: 0.5, 3: 0.25, 4: 0.75}, sign=-1)
    assert (turned["best"], turned["worst"]) == (0.25, 0.75)


def test_the_spread_of_no_seed_is_empty_and_one_seed_has_no_deviation() -> None:
    assert set(seed_statistics({1: None}).values()) == {0, None}
    assert seed_statistics({1: 0.5})["std"] is None
