"""A judge of a table with repeats says how far its values and ranks can be believed; nothing new is looked up."""

import math

import numpy as np
import pytest

from backends.tabular.named_tables import open_table
from harness.core.numbers import Undefined
from harness.judging.judge import Judge
from harness.planning.settings import create_space
from tests.fakes.spaces import Pairs
from tests.fakes.tables import TRUTH, FakeTable

DIGITS, SPACE = open_table("nasbench101-v5-digits"), create_space("nasbench101-v5")
MEANS = DIGITS.mean("test_accuracy")


def cell_of(row, space=SPACE):
    return space.from_key(int(DIGITS.keys[row]))


def test_a_cell_has_the_standard_error_of_its_own_repeats_and_an_interval_around_its_rank() -> None:
    judge = Judge(DIGITS, SPACE)
    row = int(np.argsort(-MEANS)[95])
    found = judge.noise_of(cell_of(row))
    assert found.error == pytest.approx(DIGITS.values("test_accuracy")[row].std(ddof=1) / math.sqrt(3))
    assert found.ranks.low < judge.judge(cell_of(row)).rank < found.ranks.high
    assert found.truth.alike == 189


def test_the_noise_is_that_of_the_cells_that_are_ranked() -> None:
    small = create_space("nasbench101-v4")
    judge = Judge(DIGITS, small)
    assert judge.noise.summary.cells == judge.truth.ranking.size == small.size
    assert isinstance(judge.noise_of(small.from_key(int(small.enumerate_keys()[0]))).error, float)


@pytest.mark.parametrize(("count", "words"), [(1, "one incumbent"), (3, "3 incumbents"), (1_000, "1,000 incumbents")])
def test_a_look_says_how_many_incumbents_it_was_about(count, words) -> None:
    looks = []
    Judge(DIGITS, SPACE, record=looks.append).many([cell_of(row) for row in range(count)], run="r")
    assert [look.architecture for look in looks] == [words]


def test_noise_is_read_without_a_look() -> None:
    looks = []
    judge = Judge(DIGITS, SPACE, record=looks.append)
    judge.noise_of(cell_of(3)), judge.tau_ceiling([cell_of(row) for row in range(50)])
    assert not looks


def test_the_ceiling_of_tau_is_below_one_and_the_same_for_the_same_cells() -> None:
    judge, cells = Judge(DIGITS, SPACE), [cell_of(row) for row in range(0, 2_532, 13)]
    assert 0.8 < judge.tau_ceiling(cells) < 0.9
    assert judge.tau_ceiling(cells[::-1]) == judge.tau_ceiling(cells) == Judge(DIGITS, SPACE).tau_ceiling(cells)


def test_a_truth_without_repeats_has_no_noise_that_is_known() -> None:
    judge = Judge(FakeTable(TRUTH), Pairs())
    assert isinstance(judge.noise, Undefined)
    assert "one repeat" in judge.noise.reason
    assert judge.noise_of(Pairs().parse("1+1")) == judge.tau_ceiling([Pairs().parse("1+1")]) == judge.noise


def test_smaller_perplexities_are_better() -> None:
    table, space = open_table("rnn2-austen"), create_space("rnn2")
    judge = Judge(table, space)
    best = space.from_key(int(table.keys[np.argmin(table.mean("test_perplexity"))]))
    found = judge.noise_of(best)
    assert found.ranks.low == 1
    assert found.ranks.high < 6
    assert found.truth.best == pytest.approx(table.mean("test_perplexity").min())
