"""Ranks of several policies, against Demsar's worked example, SciPy and scikit-posthocs."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scikit_posthocs
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from harness.core.numbers import Undefined
from harness.statistics import friedman, nemenyi_distance

RANKS = np.array(
    [
        [4, 3, 2, 1],
        [1, 2, 3, 4],
        [4, 1, 2, 3],
        [4, 1, 3, 2],
        [4, 2, 3, 1],
        [1, 2.5, 4, 2.5],
        [3, 2, 4, 1],
        [2.5, 2.5, 4, 1],
        [4, 3, 2, 1],
        [2.5, 2.5, 2.5, 2.5],
        [4, 2.5, 1, 2.5],
        [3, 2, 4, 1],
        [4, 1, 2, 3],
        [3, 1, 4, 2],
    ]
)
"""Ranks of four classifiers on 14 data sets that have the means and the statistic of Demsar 2006, Table 6."""

DEMSAR = 1 - RANKS / 10


def test_the_mean_ranks_and_the_statistic_of_demsars_example() -> None:
    """Demsar's 9.28 has no correction for ties: dividing by their share gives SciPy's and ours."""
    found = friedman(DEMSAR)
    assert [round(rank, 3) for rank in found.mean_ranks] == [3.143, 2.000, 2.893, 1.964]
    ties = [count**3 - count for row in RANKS for count in np.unique(row, return_counts=True)[1].tolist()]
    share = 1 - sum(ties) / (14 * (4**3 - 4))
    assert round(found.statistic * share, 2) == 9.28
    assert found.p == pytest.approx(scipy.stats.chi2.sf(found.statistic, 3))


def test_the_critical_distances_of_demsars_example() -> None:
    """Demsar 2006, Sec. 3.2.2: q 2.569 and 2.291 for four classifiers, distances 1.25 and 1.12 on 14 data sets."""
    assert round(nemenyi_distance(4, 14), 2) == 1.25
    assert round(nemenyi_distance(4, 14, level=0.1), 2) == 1.12


@pytest.mark.parametrize(
    ("policies", "printed"),
    list(enumerate((1.960, 2.343, 2.569, 2.728, 2.850, 2.949, 3.031, 3.102, 3.164), start=2)),
)
def test_the_critical_values_of_demsars_table_5(policies: int, printed: float) -> None:
    q = nemenyi_distance(policies, 25) / math.sqrt(policies * (policies + 1) / (6 * 25))
    assert q == pytest.approx(printed, abs=1e-3)


def test_policies_further_apart_than_the_distance_are_those_that_scikit_posthocs_tells_apart() -> None:
    values = np.random.default_rng(2).normal(size=(12, 5)) + np.array([0, 0.5, 1.5, 2.0, 4.0])
    ranks = np.array(friedman(values).mean_ranks)
    ps = scikit_posthocs.posthoc_nemenyi_friedman(values).to_numpy()
    for level in (0.05, 0.2):
        apart = np.abs(ranks[:, None] - ranks) > nemenyi_distance(5, 12, level=level)
        assert (apart == (ps < level)).all()
        assert apart.any()
        assert not apart.all()


@given(st.lists(st.lists(st.integers(0, 4), min_size=4, max_size=4), min_size=2, max_size=8))
def test_friedman_agrees_with_scipy(rows: list[list[int]]) -> None:
    blocks = np.array(rows, dtype=float)
    found = friedman(blocks)
    if all(len(set(row)) == 1 for row in rows):
        assert found == Undefined("no block tells the policies apart, so Friedman's test has no ranks")
        return
    theirs = scipy.stats.friedmanchisquare(*blocks.T)
    assert (found.statistic, found.p) == pytest.approx((theirs.statistic, theirs.pvalue))
    assert found.mean_ranks == pytest.approx(tuple(5 - scipy.stats.rankdata(blocks, axis=1).mean(axis=0)))


@given(st.permutations(range(14)), st.floats(0.01, 100), st.floats(-10, 10))
def test_neither_the_order_of_the_blocks_nor_their_units_matter(order: list[int], slope: float, shift: float) -> None:
    found, moved = friedman(DEMSAR), friedman(slope * DEMSAR[order] + shift)
    assert moved.mean_ranks == pytest.approx(found.mean_ranks)
    assert (moved.statistic, moved.p) == pytest.approx((found.statistic, found.p))


@pytest.mark.parametrize(
    ("blocks", "reason"),
    [
        (DEMSAR[:, :2], "Friedman's test needs at least 3 policies on 2 blocks, not 2 on 14"),
        (DEMSAR[:1], "Friedman's test needs at least 3 policies on 2 blocks, not 4 on 1"),
        (np.where(RANKS == 1, np.nan, DEMSAR), "a value is not finite"),
    ],
)
def test_blocks_without_a_test_say_why(blocks: np.ndarray, reason: str) -> None:
    assert friedman(blocks) == Undefined(reason)


def test_one_policy_or_no_block_has_no_critical_distance() -> None:
    for wrong in [(1, 10), (3, 0)]:
        with pytest.raises(ValueError, match="need 2 policies and 1 block"):
            nemenyi_distance(*wrong)
