"""The judge of the 32 recurrent cells of two nodes, by a table of perplexities whose ranks are known."""

import math

import numpy as np
import pytest

from backends.tabular import Table
from harness.core.errors import TableError
from harness.core.judgement import Correlation, NoVerdict, Ranking, Verdict
from harness.core.space import Architecture
from harness.judging.judge import Judge
from harness.planning.settings import create_space
from tests.backends.tabular import courses
from tests.fakes.spaces import Pairs
from tests.fakes.tables import TRUTH, FakeTable

RNN2 = create_space("rnn2")


@pytest.fixture
def table(tmp_path):
    courses.write(tmp_path / "rnn2.h5")
    return Table.open(tmp_path / "rnn2.h5")


def test_a_table_of_perplexities_is_judged_by_those_of_its_test_data(table):
    truth = Judge(table, RNN2).truth
    assert (truth.metric, truth.split, truth.larger_is_better) == ("test_perplexity", "test", False)
    assert truth.text == "test perplexity, mean of 3 repeats at 4 epochs"
    deviation = math.sqrt((32**2 - 1) / 12) / 4
    assert truth.ranking == Ranking(32, 32, 62.0, pytest.approx(62 + 31 / 8), pytest.approx(deviation))


@pytest.mark.parametrize(
    ("text", "value", "rank", "regret", "percentile"),
    [
        ("tanh@0 sigmoid@0", 62.0, 1, 0.0, 100),
        ("sigmoid@0 tanh@0", 62.25, 2, 0.25, 100 * 31 / 32),
        ("relu@0 tanh@1", 62.5, 3, 0.5, 100 * 30 / 32),
        ("identity@0 identity@1", 69.75, 32, 7.75, 100 / 32),
    ],
)
def test_the_smallest_perplexity_has_rank_one(table, text, value, rank, regret, percentile):
    """The first three and the last are those of Yu et al.'s eval-nas, visualization/best_configs.py."""
    verdict = Judge(table, RNN2).judge(RNN2.parse(text))
    assert verdict == Verdict(pytest.approx(value), rank, 32, pytest.approx(regret), pytest.approx(percentile))


def test_scores_are_right_when_they_are_high_where_perplexities_are_low(table):
    cells = list(RNN2.enumerate())
    perplexities = table.mean("test_perplexity")
    judge = Judge(table, RNN2)
    assert judge.tau(cells, (-np.log(perplexities)).tolist()) == Correlation(pytest.approx(1), 32)
    assert judge.tau(cells, perplexities.tolist()) == Correlation(pytest.approx(-1), 32)


def test_a_cell_of_which_one_training_diverged_is_not_ranked(tmp_path):
    final = courses.content()["final"]
    values = final["test_perplexity"].copy()
    values[2, 3, 1] = np.nan
    courses.write(tmp_path / "rnn2.h5", final=final | {"test_perplexity": values})
    judge = Judge(Table.open(tmp_path / "rnn2.h5"), RNN2)
    verdict = judge.judge(RNN2.parse("tanh@0 sigmoid@0"))
    assert isinstance(verdict, NoVerdict)
    assert "no test_perplexity" in verdict.reason
    second = judge.judge(RNN2.parse("sigmoid@0 tanh@0"))
    assert (second.rank, second.size, second.regret) == (1, 31, 0)


def test_the_same_repeats_in_another_order_are_a_tie_at_any_magnitude():
    repeats = [1002.0 + 1 / 3, 1001.1, 997.7, 1013.13]
    forward, backward = sum(repeats) / 4, sum(repeats[::-1]) / 4
    means = {0: forward, 1: np.nextafter(forward, 2000), 2: backward, 11: 1200.0}
    judge = Judge(FakeTable(means), Pairs(3), "test_perplexity")
    assert [judge.judge(Architecture(pair)).rank for pair in ((0, 0), (0, 1), (0, 2), (1, 1))] == [1, 1, 1, 4]


def test_a_table_without_a_figure_of_its_test_data_judges_nothing():
    with pytest.raises(TableError, match="no metric 'test_accuracy' or 'test_perplexity' to judge by; it has valid"):
        Judge(FakeTable(TRUTH, metrics=("validation_perplexity",)), Pairs())


def test_a_metric_of_unknown_direction_judges_nothing():
    with pytest.raises(TableError, match="no metric 'test_bleu' to judge by"):
        Judge(FakeTable(TRUTH, metrics=("test_bleu",)), Pairs(), "test_bleu")
