"""How two orders agree, against counting pairs, SciPy, and all orders of cells that tie."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from harness import statistics
from harness.core.numbers import Undefined
from tests.statistics.samples import SHIFTS, SLOPES

Pairs = list[tuple[int, int]]
PAIRS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=3, max_size=15)
FEW = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=6)
CORRELATIONS = (statistics.kendall, statistics.sparse_kendall, statistics.spearman, statistics.weighted_kendall)


def sides(pairs: Pairs) -> tuple[list[float], list[float]]:
    """The two columns of pairs."""
    a, b = (list(map(float, side)) for side in zip(*pairs, strict=True))
    return a, b


def constant(pairs: Pairs) -> bool:
    return any(len(set(side)) == 1 for side in sides(pairs))


def kendall_by_counting(a: list[float], b: list[float], weigh: Callable[[int, int], float] = lambda i, j: 1) -> float:
    """Kendall 1945: concordant less discordant pairs, over the geometric mean of the pairs that are not tied."""
    pairs = [
        (weigh(i, j), np.sign(a[i] - a[j]), np.sign(b[i] - b[j])) for i, j in itertools.combinations(range(len(a)), 2)
    ]
    untied = [sum(pair[0] for pair in pairs if pair[side] != 0) for side in (1, 2)]
    return float(sum(w * x * y for w, x, y in pairs) / math.sqrt(untied[0] * untied[1]))


def weighted_by_counting(a: list[float], b: list[float]) -> float:
    """Vigna 2015, Sec. 4: each pair weighs 1/r + 1/s; ranks from the largest, ties by the other side; both ways."""
    found = []
    for first, second in ((a, b), (b, a)):
        order = sorted(range(len(a)), key=lambda i: (-first[i], -second[i]))
        rank = {cell: place for place, cell in enumerate(order, start=1)}
        found.append(kendall_by_counting(a, b, lambda i, j, rank=rank: 1 / rank[i] + 1 / rank[j]))
    return sum(found) / 2


@given(PAIRS)
def test_kendalls_tau_agrees_with_counting_pairs_and_with_scipy(pairs: Pairs) -> None:
    a, b = sides(pairs)
    tau = statistics.kendall(a, b)
    if constant(pairs):
        assert tau == Undefined("one side does not vary, so Kendall's tau has no order to compare")
    else:
        assert tau == pytest.approx(kendall_by_counting(a, b))
        assert tau == pytest.approx(scipy.stats.kendalltau(a, b).statistic)


@given(PAIRS.filter(lambda pairs: not constant(pairs)))
def test_the_weighted_tau_and_spearman_agree_with_their_definitions(pairs: Pairs) -> None:
    a, b = sides(pairs)
    assert statistics.weighted_kendall(a, b) == pytest.approx(weighted_by_counting(a, b), abs=1e-12)
    ranks = [[sum(v > w for w in side) + side.count(v) / 2 for v in side] for side in (a, b)]
    assert statistics.spearman(a, b) == pytest.approx(np.corrcoef(*ranks)[0, 1], abs=1e-12)


def test_kendalls_tau_of_orders_worked_by_hand() -> None:
    order = [1.0, 2.0, 3.0, 4.0, 5.0]
    assert statistics.kendall(order, [value**3 for value in order]) == pytest.approx(1)
    assert statistics.kendall(order, order[::-1]) == pytest.approx(-1)
    assert statistics.kendall(order, [1.0, 3.0, 2.0, 4.0, 5.0]) == pytest.approx(0.8)  # 9 of 10 pairs, one swapped
    assert statistics.kendall([1.0, 2.0, 3.0], [1.0, 3.0, 2.0]) == pytest.approx(1 / 3)  # Yu et al. 2020, Table 5
    assert statistics.kendall([1.0, 1.0, 2.0], [1.0, 2.0, 3.0]) == pytest.approx(2 / math.sqrt(2 * 3))


def test_the_weighted_tau_minds_a_swap_at_the_top_more_than_one_at_the_bottom() -> None:
    order = [1.0, 2.0, 3.0, 4.0, 5.0]
    top, bottom = [1.0, 2.0, 3.0, 5.0, 4.0], [2.0, 1.0, 3.0, 4.0, 5.0]
    assert statistics.weighted_kendall(order, order) == pytest.approx(1)
    # The ten weights 1/r + 1/s of five ranks sum to 4 (1 + 1/2 + 1/3 + 1/4 + 1/5) = 137/15; a swap turns one of them.
    assert statistics.weighted_kendall(order, top) == pytest.approx(1 - 2 * (1 + 1 / 2) / (137 / 15))
    assert statistics.weighted_kendall(order, bottom) == pytest.approx(1 - 2 * (1 / 4 + 1 / 5) / (137 / 15))


def test_the_sparse_tau_takes_values_within_its_step_as_ties_on_both_sides() -> None:
    a, b = [0.9001, 0.9003, 0.7, 0.6, 0.5], [0.8, 0.9, 0.7002, 0.7004, 0.2]
    coarse = kendall_by_counting([0.9, 0.9, 0.7, 0.6, 0.5], [0.8, 0.9, 0.7, 0.7, 0.2])
    assert statistics.sparse_kendall(a, b) == pytest.approx(coarse)
    assert statistics.sparse_kendall(a, b, decimals=4) == pytest.approx(kendall_by_counting(a, b))
    assert statistics.sparse_kendall(a, b, decimals=0) == pytest.approx(
        kendall_by_counting([1, 1, 1, 1, 0], [1, 1, 1, 1, 0])
    )


@given(PAIRS.filter(lambda pairs: not constant(pairs)), SLOPES, SHIFTS, st.randoms())
def test_neither_the_unit_nor_the_order_of_the_cells_changes_a_correlation(
    pairs: Pairs, slope: float, shift: float, random: Random
) -> None:
    a, b = sides(pairs)
    c, d = sides(random.sample(pairs, len(pairs)))
    for correlation in (statistics.kendall, statistics.spearman, statistics.weighted_kendall):
        found = correlation(a, b)
        assert correlation([slope * value + shift for value in a], b) == pytest.approx(found, abs=1e-9)
        assert correlation(c, d) == pytest.approx(found, abs=1e-9)
        assert correlation(b, a) == pytest.approx(found, abs=1e-9)


def test_columns_may_be_arrays() -> None:
    a, b = np.array([0.1, 0.4, 0.3, 0.2]), np.array([0.5, 0.6, 0.9, 0.7])
    for correlation in CORRELATIONS:
        assert correlation(a, b) == correlation(a.tolist(), b.tolist())


@pytest.mark.parametrize("correlation", CORRELATIONS)
@pytest.mark.parametrize(
    ("a", "b", "reason"),
    [
        ([], [], "needs at least 3 pairs, not 0"),
        ([1.0, 2.0], [2.0, 1.0], "needs at least 3 pairs, not 2"),
        ([0.1] * 4, [1.0, 2.0, 3.0, 4.0], "one side does not vary, so"),
        ([1.0, 2.0, 3.0, 4.0], [0.1] * 4, "one side does not vary, so"),
        ([1.0, math.nan, 3.0], [1.0, 2.0, 3.0], "a value is not finite"),
        ([1.0, 2.0, 3.0], [1.0, 2.0, math.inf], "a value is not finite"),
    ],
)
def test_columns_that_rank_nothing_say_why(correlation: Any, a: list[float], b: list[float], reason: str) -> None:
    found = correlation(a, b)
    assert isinstance(found, Undefined)
    assert reason in found.reason


@pytest.mark.parametrize("correlation", CORRELATIONS)
def test_columns_of_different_lengths_are_refused(correlation: Any) -> None:
    with pytest.raises(ValueError, match="3 values cannot be paired with 4"):
        correlation([1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0])


def tops(values: list[float], k: int) -> list[tuple[int, ...]]:
    """The top k of every order in which cells that tie may stand."""
    cells = range(len(values))
    orders = (sorted(order, key=lambda cell: -values[cell]) for order in itertools.permutations(cells))
    return [tuple(order[:k]) for order in orders]


@given(FEW, st.data())
def test_the_top_is_the_mean_over_all_orders_of_cells_that_tie(pairs: Pairs, data: st.DataObject) -> None:
    scores, truth = sides(pairs)
    k = data.draw(st.integers(1, len(pairs)))
    by_score, by_truth = (tops(side, k) for side in (scores, truth))
    share = {cell: sum(cell in top for top in by_truth) / len(by_truth) for cell in range(len(pairs))}
    shared = [sum(share[cell] for cell in top) / k for top in by_score]
    assert statistics.top_precision(scores, truth, k) == pytest.approx(np.mean(shared))
    regrets = [max(truth) - max(truth[cell] for cell in top) for top in by_score]
    assert statistics.top_regret(scores, truth, k) == pytest.approx(np.mean(regrets), abs=1e-12)


def test_the_top_worked_by_hand() -> None:
    scores, truth = [0.9, 0.8, 0.7, 0.6], [0.92, 0.94, 0.91, 0.95]
    assert [statistics.top_precision(scores, truth, k) for k in (1, 2, 3, 4)] == pytest.approx([0, 0.5, 2 / 3, 1])
    assert [statistics.top_regret(scores, truth, k) for k in (1, 2, 3, 4)] == pytest.approx([0.03, 0.01, 0.01, 0])
    # All scores tie: the best of two random cells is 0.95, 0.94 or 0.92 in 3, 2 and 1 of the 6 pairs.
    assert statistics.top_regret([0.5] * 4, truth, 2) == pytest.approx(0.95 - (3 * 0.95 + 2 * 0.94 + 0.92) / 6)
    assert statistics.top_precision([0.5] * 4, truth, 2) == pytest.approx(0.5)


@given(FEW, SLOPES, SHIFTS)
def test_the_top_regret_is_in_the_unit_of_the_truth(pairs: Pairs, slope: float, shift: float) -> None:
    scores, truth = sides(pairs)
    moved = [slope * value + shift for value in truth]
    regret = statistics.top_regret(scores, truth, 1)
    assert statistics.top_regret(scores, moved, 1) == pytest.approx(slope * regret, abs=1e-9)


def test_a_large_top_of_cells_that_all_tie_holds_the_best_as_often_as_it_must() -> None:
    truth = np.zeros(100_000)
    truth[7] = 1
    assert statistics.top_regret(np.zeros(100_000), truth, 25_000) == pytest.approx(0.75)


def test_no_top_of_more_cells_than_there_are_or_of_unknown_values() -> None:
    for top in (statistics.top_precision, statistics.top_regret):
        assert top([0.1], [0.2], 2) == Undefined("a top 2 needs as many cells, not 1")
        assert top([], [], 1) == Undefined("a top 1 needs as many cells, not 0")
        assert top([0.1, math.nan], [0.1, 0.2], 1) == Undefined("a value is not finite")
        assert top([0.1, 0.2], [math.inf, 0.2], 1) == Undefined("a value is not finite")
        for wrong in (([0.1], [0.2], 0), ([0.1], [0.2, 0.3], 1)):
            with pytest.raises(ValueError, match="no top"):
                top(*wrong)
