"""``harness power`` from the command line: from a table, and from a store."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Harness

RUN = ("run", "--policy", "evolution", "--oracle", "synthetic", "--space", "rnn2", "--seeds", "1:4")


def test_a_table_says_before_any_run_what_some_seeds_would_find(harness: Harness) -> None:
    ended = harness("power", "--table", "rnn2-austen", "--difference", "1", "--seeds", "10")
    assert (ended.status, ended.err) == (0, "")
    for words in ("power 0.8 at level 0.05", "table rnn2-austen", "as spread as a draw", "always one value"):
        assert words in " ".join(ended.out.split())


def test_the_differences_of_a_table_of_accuracies_are_points(harness: Harness) -> None:
    document = json.loads(harness("power", "--table", "nasbench101-v5-digits", "--difference", "5", "--json").out)
    drawn = document["bases"][0]["policies"][0]
    assert drawn["seeds_needed"][0]["difference"] == pytest.approx(0.05)
    assert [each["seeds"] for each in drawn["detectable"]] == [3, 5, 10, 20, 50]


def test_a_store_says_it_of_each_policy_of_its_runs(harness: Harness) -> None:
    assert harness(*RUN, "--budget-queries", "8").status == 0
    document = json.loads(harness("power", "--json").out)
    (basis,) = document["bases"]
    assert [(row["policy"], row["runs"]) for row in basis["policies"]] == [("evolution", 3)]
    assert basis["policies"][0]["random_std"] > 0
    assert harness("power", "--policy", "evolution").status == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "there is no run store"),
        (("--table", "rnn2-austin"), "unknown table 'rnn2-austin'; did you mean 'rnn2-austen'"),
        (("--table", "rnn2-austen", "--power", "1"), "power 1.0 at level 0.05: no test has both"),
        (("--table", "rnn2-austen", "--difference", "-1"), "difference -1.0 must be a number above 0"),
        (("--table", "rnn2-austen", "--seeds", "1"), "'--seeds': 1 is not in the range x>=2"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(harness: Harness, arguments: tuple[str, ...], words: str) -> None:
    ended = harness("power", *arguments)
    assert (ended.status, ended.out) == (2, "")
    assert words in ended.err
    assert ended.err.count("\n") == 1


def test_a_policy_or_a_table_that_the_store_lacks_is_named(harness: Harness) -> None:
    assert harness(*RUN, "--budget-queries", "8").status == 0
    assert "unknown policy 'evolutoin'; did you mean 'evolution'" in harness("power", "--policy", "evolutoin").err
    ended = harness("power", "--store", "sqlite:///runs/harness.db", "--table", "rnn2-austen")
    assert "the store holds no run that table 'rnn2-austen' judges but those of random" in ended.err
    assert "but those of random" in harness("power", "--policy", "random").err
