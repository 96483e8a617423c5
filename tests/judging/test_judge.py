"""The judge's verdicts, by hand and by SciPy, and the record of its looks."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from backends.tabular.named_tables import open_table
from harness.core.errors import IncompatibleError, SpaceError, StoreError, TableError
from harness.core.judgement import Correlation, NoVerdict, Ranking, TruthLookup, Verdict
from harness.core.numbers import Undefined
from harness.core.space import Architecture
from harness.judging.judge import Judge
from harness.spaces.nasbench101 import NASBench101
from tests.fakes.spaces import Pairs
from tests.fakes.tables import TRUTH, BlindTable, FakeTable


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
    judge = Judge(FakeTable({0: 60.0, 1: 58.0, 11: 65.0}), Pairs(2), "test_perplexity")
    assert judge.judge(Architecture((0, 1))) == Verdict(58.0, 1, 3, 0.0, 100.0)
    assert judge.judge(Architecture((1, 1))) == Verdict(65.0, 3, 3, 7.0, pytest.approx(100 / 3))
    assert judge.truth.ranking == Ranking(3, 3, 58.0, 61.0, pytest.approx(np.std([60, 58, 65])))


def test_a_cell_that_the_table_lacks_has_no_verdict_but_a_reason():
    assert judged(3, 3) == NoVerdict("table 'fake' does not hold the recommended cell 3+3")


def test_a_cell_that_diverged_has_no_verdict_but_a_reason():
    verdict = judged(2, 1)
    assert isinstance(verdict, NoVerdict)
    assert "test_accuracy" in verdict.reason
    assert "diverged" in verdict.reason


@given(st.lists(st.integers(0, 9), min_size=10, max_size=10), st.sampled_from(["test_accuracy", "test_perplexity"]))
def test_ranks_agree_with_scipy(values, metric):
    space = Pairs()
    table = FakeTable(dict(zip(space.enumerate_keys().tolist(), map(float, values), strict=True)))
    judge = Judge(table, space, metric)
    scores = -np.array(values) if metric == "test_accuracy" else np.array(values)
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
    assert (truth.split, truth.kind, truth.name, truth.digest) == ("test", "table", "fake", "d" * 64)
    spread = np.std([0.7, 0.9, 0.9, 0.8, 0.75])
    assert truth.ranking == Ranking(5, 10, 0.9, pytest.approx(0.81), pytest.approx(spread))
    assert Judge(FakeTable(TRUTH, repeats=1), Pairs()).truth.text == "test accuracy, one repeat at 8 epochs"


def test_every_look_is_recorded_even_those_that_find_nothing():
    kept: list[TruthLookup] = []
    judge = Judge(FakeTable(TRUTH), Pairs(), record=kept.append)
    assert not kept
    judge.judge(Architecture((0, 1)), run="r1")
    judge.judge(Architecture((3, 3)), run="r2")
    assert [(look.run, look.architecture) for look in kept] == [("r1", "0+1"), ("r2", "3+3")]
    assert all(look.metric == "test_accuracy" and look.table_digest == "d" * 64 for look in kept)
    assert all(datetime.now(UTC) - look.when < timedelta(minutes=1) for look in kept)


def test_the_truth_is_not_told_when_the_look_cannot_be_recorded():
    def refuse(look):
        raise StoreError("read-only")

    with pytest.raises(StoreError, match="read-only"):
        judged(0, 1, table=BlindTable(TRUTH), record=refuse)


def test_a_foreign_table_metric_or_cell_is_refused():
    with pytest.raises(IncompatibleError, match=r"scheme 'rnn'.*scheme 'pairs'"):
        judged(0, 0, table=FakeTable(TRUTH, scheme="rnn"))
    with pytest.raises(TableError, match="no metric 'bleu' to judge by; it has validation_accuracy, test_accuracy"):
        judged(0, 0, metric="bleu")
    with pytest.raises(TableError, match="no test_accuracy of any cell of space 'pairs4'"):
        judged(0, 0, table=FakeTable({12: math.nan, 99: 0.9}))
    with pytest.raises(SpaceError, match=r"\(7, 7\) is no cell of space 'pairs4'"):
        judged(7, 7)


def correlated(scores, truth=TRUTH, **options):
    """The judge's tau between these scores, by cell, and the truth."""
    cells = [Architecture(choices) for choices in scores]
    return Judge(FakeTable(truth), Pairs(), **options).tau(cells, list(scores.values()))


def test_scores_in_the_order_of_the_truth_have_tau_one_and_reversed_ones_minus_one():
    assert correlated({(0, 0): 0.1, (2, 2): 0.2, (1, 1): 0.3, (0, 1): 0.4}) == Correlation(pytest.approx(1), 4)
    assert correlated({(0, 0): 0.4, (2, 2): 0.3, (1, 1): 0.2, (0, 1): 0.1}) == Correlation(pytest.approx(-1), 4)
    assert correlated({(0, 0): 0.2, (2, 2): 0.1, (1, 1): 0.3, (0, 1): 0.4}) == Correlation(pytest.approx(2 / 3), 4)


def test_a_tie_in_the_truth_is_corrected_for_as_scipy_does():
    scores = {(0, 0): 0.3, (0, 1): 0.2, (0, 2): 0.4, (1, 1): 0.1, (2, 2): 0.5}
    expected = scipy.stats.kendalltau(list(scores.values()), [0.70, 0.90, 0.90, 0.80, 0.75]).statistic
    assert correlated(scores) == Correlation(pytest.approx(expected), 5)


def test_a_truth_that_is_better_when_lower_turns_the_sign():
    scores = {(0, 0): 0.1, (0, 1): 0.2, (1, 1): 0.3}
    perplexities = {0: 70.0, 1: 60.0, 11: 50.0}
    assert correlated(scores, perplexities, metric="test_perplexity") == Correlation(pytest.approx(1), 3)
    assert correlated(scores, perplexities) == Correlation(pytest.approx(-1), 3)


def test_cells_without_a_score_or_a_truth_are_left_out_and_a_repeated_cell_counts_once():
    scores = {
        (0, 0): 0.1,
        (1, 2): 0.0,  # diverged
        (3, 3): 0.0,  # not in the table
        (0, 2): None,  # its score failed
        (2, 2): 0.2,
        (1, 1): 0.3,
        (0, 1): math.nan,
        (1, 0): 0.4,  # the same cell, scored after all
    }
    assert correlated(scores) == Correlation(pytest.approx(1), 4)


def test_too_few_or_equal_scores_have_no_tau_but_a_reason():
    few = Undefined("Kendall's tau needs at least 3 pairs, not 2")
    assert correlated({(0, 0): 0.1, (2, 2): 0.2, (3, 3): 0.3, (0, 1): None}) == Correlation(few, 2)
    flat = correlated({(0, 0): 0.1, (2, 2): 0.1, (1, 1): 0.1})
    assert flat == Correlation(Undefined("one side does not vary, so Kendall's tau has no order to compare"), 3)


@given(st.lists(st.integers(0, 5), min_size=10, max_size=10), st.lists(st.integers(0, 5), min_size=10, max_size=10))
def test_tau_agrees_with_scipy_whatever_the_order_of_the_cells(values, scores):
    space = Pairs()
    judge = Judge(FakeTable(dict(zip(space.enumerate_keys().tolist(), map(float, values), strict=True))), space)
    cells = list(space.enumerate())
    tau = judge.tau(cells, [float(score) for score in scores]).tau
    if len(set(values)) > 1 and len(set(scores)) > 1:
        assert tau == pytest.approx(scipy.stats.kendalltau(scores, values).statistic)
        assert judge.tau(cells[::-1], [float(score) for score in scores[::-1]]).tau == tau


def test_a_correlation_is_one_look_however_many_cells_and_is_not_told_when_it_cannot_be_recorded():
    kept: list[TruthLookup] = []
    cells = [Architecture(choices) for choices in ((0, 0), (1, 1), (2, 2))]
    Judge(FakeTable(TRUTH), Pairs(), record=kept.append).tau(cells, [0.1, 0.2, 0.3], run="r1")
    assert [(look.run, look.architecture, look.metric) for look in kept] == [("r1", "3 probed cells", "test_accuracy")]

    def refuse(look):
        raise StoreError("read-only")

    with pytest.raises(StoreError, match="read-only"):
        Judge(FakeTable(TRUTH), Pairs(), record=refuse).tau(cells, [0.1, 0.2, 0.3])
    with pytest.raises(SpaceError, match=r"\(7, 7\) is no cell"):
        Judge(FakeTable(TRUTH), Pairs()).tau([Architecture((7, 7))], [0.5])


def test_uniform_draws_are_from_the_ranked_cells_of_the_space():
    """Percentiles of 0.70, 0.75, 0.80 and twice 0.90, worked by hand."""
    draws = Judge(FakeTable(TRUTH), Pairs()).draws(Pairs())
    assert draws.size == 5
    assert draws.percentiles([0.70, 0.75, 0.80, 0.90]).tolist() == pytest.approx([0.1, 0.3, 0.5, 0.8])
    perplexities = Judge(FakeTable({0: 60.0, 1: 58.0, 11: 65.0}), Pairs(2), "test_perplexity").draws(Pairs(2))
    assert perplexities.percentiles([58.0, 65.0]).tolist() == pytest.approx([5 / 6, 1 / 6])


def test_an_encoding_that_reaches_a_part_draws_from_that_part():
    table, whole, tree = (
        open_table("nasbench101-v5-digits"),
        NASBench101(vertices=5),
        NASBench101(vertices=5, encoding="tree"),
    )
    judge = Judge(table, whole)
    assert judge.draws(whole).size == len(table) == whole.size
    assert judge.draws(tree).size == tree.reachable < whole.size
    best = max(table.mean("test_accuracy")[table.rows(tree.enumerate_keys())])
    assert judge.draws(tree).percentiles([best]) == pytest.approx(1 - 0.5 / tree.reachable)
