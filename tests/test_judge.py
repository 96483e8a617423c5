"""The judge's verdicts, by hand and by SciPy, and the record of its looks."""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from harness.core.errors import IncompatibleError, SpaceError, StoreError, TableError
from harness.core.space import Architecture, SearchSpace
from harness.judge import Judge, Look, NoVerdict, Verdict


class Pairs(SearchSpace):
    """Unordered pairs of the numbers below ``top``: (1, 3) and (3, 1) are one cell, of key 10 a + b with a <= b."""

    scheme = "pairs"

    def __init__(self, top=4):
        self.name, self.top, self.options = f"pairs{top}", top, (top, top)

    @property
    def size(self):
        return self.top * (self.top + 1) // 2

    def keys(self, choices):
        return choices[:, 0] * 10 + choices[:, 1]

    def canonical_keys(self, keys):
        return np.minimum(keys, keys % 10 * 10 + keys // 10)

    def from_keys(self, keys):
        return np.stack([keys // 10, keys % 10], axis=1)

    def owns(self, keys):
        return (keys // 10 < self.top) & (keys % 10 < self.top)

    def format(self, architecture):
        return "+".join(map(str, architecture.choices))

    def parse(self, text):
        return Architecture(tuple(map(int, text.split("+"))))

    def sample(self, rng):
        return Architecture(tuple(rng.integers(self.top, size=2).tolist()))

    def enumerate_keys(self):
        return np.array([10 * a + b for a in range(self.top) for b in range(a, self.top)])


@dataclass
class FakeTable:
    """What the judge needs of a table, from a dictionary of keys to means."""

    truth: dict[int, float]
    name: str = "fake"
    scheme: str = "pairs"
    digest: str = "d" * 64
    epochs: tuple[int, ...] = (2, 8)
    repeats: int = 3
    metrics: tuple[str, ...] = ("validation_accuracy", "test_accuracy", "test_perplexity")
    keys: np.ndarray = field(init=False)

    def __post_init__(self):
        self.keys = np.array(sorted(self.truth))

    def rows(self, keys):
        place = np.searchsorted(self.keys, keys) % len(self.keys)
        return np.where(self.keys[place] == keys, place, -1)

    def mean(self, metric, epochs=None):
        return np.array([self.truth[key] for key in self.keys.tolist()])


TRUTH = {0: 0.70, 1: 0.90, 2: 0.90, 11: 0.80, 12: math.nan, 22: 0.75, 99: 0.99}


def judged(*choices, table=None, **options):
    return Judge(table or FakeTable(TRUTH), Pairs(), **options).judge(Architecture(choices))


@pytest.mark.parametrize(
    ("choices", "value", "rank", "regret", "percentile"),
    [
        ((0, 1), 0.90, 1, 0.0, 100),
        ((0, 2), 0.90, 1, 0.0, 100),
        ((2, 0), 0.90, 1, 0.0, 100),
        ((1, 1), 0.80, 3, 0.1, 60),
        ((2, 2), 0.75, 4, 0.15, 40),
        ((0, 0), 0.70, 5, 0.2, 20),
    ],
)
def test_verdicts_worked_by_hand(choices, value, rank, regret, percentile):
    """Five cells of the space have a mean: cell 99 lies outside of it, and cell 1+2 diverged."""
    verdict = judged(*choices)
    assert verdict == Verdict(value, rank, 5, pytest.approx(regret), pytest.approx(percentile))


def test_the_same_repeats_in_another_order_are_a_tie():
    means = [(0.1 + 0.2 + 0.3) / 3, (0.3 + 0.2 + 0.1) / 3]
    assert means[0] != means[1]
    judge = Judge(FakeTable({0: means[0], 1: means[1], 11: 0.1}), Pairs(2))
    assert [judge.judge(Architecture(pair)).rank for pair in ((0, 0), (0, 1), (1, 1))] == [1, 1, 3]
    assert [judge.judge(Architecture(pair)).regret for pair in ((0, 0), (0, 1), (1, 1))] == [0, 0, pytest.approx(0.1)]


def test_a_smaller_space_of_the_same_table_has_its_own_ranks():
    verdict = Judge(FakeTable(TRUTH), Pairs(2)).judge(Architecture((0, 0)))
    assert (verdict.rank, verdict.size) == (3, 3)


def test_perplexities_are_better_when_they_are_lower():
    judge = Judge(FakeTable({0: 60.0, 1: 58.0, 11: 65.0}), Pairs(2), "test_perplexity", larger_is_better=False)
    assert judge.judge(Architecture((0, 1))) == Verdict(58.0, 1, 3, 0.0, 100.0)
    assert judge.judge(Architecture((1, 1))) == Verdict(65.0, 3, 3, 7.0, pytest.approx(100 / 3))
    assert judge.truth.best == 58.0


def test_a_cell_that_the_table_lacks_has_no_verdict_but_a_reason():
    assert judged(3, 3) == NoVerdict("table 'fake' does not hold the recommended cell 3+3")


def test_a_cell_that_diverged_has_no_verdict_but_a_reason():
    verdict = judged(2, 1)
    assert isinstance(verdict, NoVerdict)
    assert "test_accuracy" in verdict.reason
    assert "diverged" in verdict.reason


@given(st.lists(st.integers(0, 9), min_size=10, max_size=10), st.booleans())
def test_ranks_agree_with_scipy(values, larger_is_better):
    space = Pairs()
    table = FakeTable(dict(zip(space.enumerate_keys().tolist(), map(float, values), strict=True)))
    judge = Judge(table, space, larger_is_better=larger_is_better)
    scores = -np.array(values) if larger_is_better else np.array(values)
    expected = scipy.stats.rankdata(scores, method="min").tolist()
    verdicts = [judge.judge(cell) for cell in space.enumerate()]
    assert [verdict.rank for verdict in verdicts] == expected
    assert [verdict.percentile for verdict in verdicts] == pytest.approx(
        [scipy.stats.percentileofscore(-scores, -score, kind="weak") for score in scores]
    )
    assert min(verdict.regret for verdict in verdicts) == 0


def test_the_truth_says_what_its_numbers_are_of():
    truth = Judge(FakeTable(TRUTH), Pairs()).truth
    assert truth.text == "test accuracy, mean of 3 repeats at 8 epochs"
    assert (truth.split, truth.size, truth.space_size) == ("test", 5, 10)
    assert truth.mean == pytest.approx(0.81)
    assert truth.std == pytest.approx(np.std([0.7, 0.9, 0.9, 0.8, 0.75]))
    assert Judge(FakeTable(TRUTH, repeats=1), Pairs()).truth.text == "test accuracy, one repeat at 8 epochs"


def test_every_look_is_recorded_even_those_that_find_nothing():
    kept: list[Look] = []
    judge = Judge(FakeTable(TRUTH), Pairs(), record=kept.append)
    assert not kept
    judge.judge(Architecture((0, 1)), run="r1")
    judge.judge(Architecture((3, 3)), run="r2")
    assert [(look.run, look.architecture) for look in kept] == [("r1", "0+1"), ("r2", "3+3")]
    assert all(look.metric == "test_accuracy" and look.table_digest == "d" * 64 for look in kept)
    assert all(datetime.now(UTC) - look.when < timedelta(minutes=1) for look in kept)
    assert judge.looks == kept


def test_the_truth_is_not_told_when_the_look_cannot_be_recorded():
    def refuse(look):
        raise StoreError("read-only")

    class Blind(FakeTable):
        def rows(self, keys):
            raise AssertionError("looked")

    with pytest.raises(StoreError, match="read-only"):
        judged(0, 1, table=Blind(TRUTH), record=refuse)


def test_a_foreign_table_metric_or_cell_is_refused():
    with pytest.raises(IncompatibleError, match=r"scheme 'rnn'.*scheme 'pairs'"):
        judged(0, 0, table=FakeTable(TRUTH, scheme="rnn"))
    with pytest.raises(TableError, match="no metric 'bleu' to judge by; it has validation_accuracy, test_accuracy"):
        judged(0, 0, metric="bleu")
    with pytest.raises(TableError, match="no test_accuracy of any cell of space 'pairs4'"):
        judged(0, 0, table=FakeTable({12: math.nan, 99: 0.9}))
    with pytest.raises(SpaceError, match=r"\(7, 7\) is no cell of space 'pairs4'"):
        judged(7, 7)
