"""Mean ranks over several leaderboards, against Demsar's formulas and SciPy."""

from dataclasses import replace

import pytest
from scipy.stats import friedmanchisquare

from harness.core.errors import SettingError
from harness.figures.across_boards import over_boards
from tests.fakes.judged_runs import COURSES, NAO, RANDOM, TRUTH, board, perplexity, runs

LEVELS = {"a": [0.93, 0.92, 0.90, 0.95], "b": [0.91, 0.93, 0.89, 0.94], "c": [0.90, 0.91, 0.91, 0.93]}


def boards(count=4, truth=TRUTH):
    return [
        board(*(runs(name, [values[i]] * 3, seeds=range(3)) for name, values in LEVELS.items()), truth=truth)
        for i in range(count)
    ]


def test_mean_ranks_and_friedmans_p_are_those_of_the_means():
    content = over_boards(boards())
    assert content["ranks"] == pytest.approx({"a": 1.5, "b": 2.0, "c": 2.5})
    p = friedmanchisquare(*LEVELS.values()).pvalue
    assert content["title"].endswith(f"4 leaderboards; Friedman p = {p:.2g}")
    assert content["distance"] == pytest.approx(2.343 * (3 * 4 / (6 * 4)) ** 0.5, abs=2e-3)  # Demsar 2006, Table 5


def test_a_smaller_perplexity_has_the_better_rank():
    low, middle, high = ([perplexity(value, 3)] * 2 for value in (63.0, 65.0, 70.0))
    groups = [runs(n, v, seeds=(1, 2)) for n, v in zip("abc", (low, middle, high), strict=True)]
    several = [board(*groups, truth=COURSES) for _ in range(3)]
    assert over_boards(several)["ranks"] == {"a": 1.0, "b": 2.0, "c": 3.0}


def test_rows_that_a_board_lacks_are_left_out_and_other_oracles_are_named():
    extra = board(
        *(runs(name, [values[0]] * 3, seeds=range(3)) for name, values in LEVELS.items()),
        runs("nao", NAO, oracle="supernet"),
    )
    assert set(over_boards([extra, *boards(2)])["ranks"]) == {"a", "b", "c"}
    named = board(*(runs(n, v[:3], seeds=range(3), oracle="supernet") for n, v in LEVELS.items()))
    assert set(over_boards([named, named])["ranks"]) == {f"{n} on supernet" for n in LEVELS}


@pytest.mark.parametrize("several", [[], boards(1), [board(runs("random", RANDOM)), board(runs("random", RANDOM))]])
def test_what_cannot_be_compared_is_refused(several):
    with pytest.raises(SettingError, match=f"these runs make {len(several)} with"):
        over_boards([replace(each) for each in several])
