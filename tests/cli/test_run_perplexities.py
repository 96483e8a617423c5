"""The command line on a table of perplexities: from a file of trainings to a leaderboard of recurrent cells."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.backends.tabular import courses
from tests.cli.conftest import Harness

pytestmark = pytest.mark.slow(reason="whole searches")

QUICK = ("nao.training_epochs=2", "nao.iterations=1", "enas.epochs=2", "enas.steps=2", "enas.updates=0")
SEARCHES = ("random-search", "nao", "enas")


def imported(harness: Harness) -> None:
    Path("cells.csv").write_text(courses.as_csv())
    ended = harness("table", "import", "csv", "cells.csv", "--space", "rnn2", "--output", "rnn2.h5")
    assert ended.status == 0
    assert "32 cells of space rnn2" in ended.err


@pytest.mark.slow(reason="a whole comparison on a table of perplexities")
def test_policies_are_ranked_by_the_smallest_perplexity(harness: Harness) -> None:
    imported(harness)
    asked = [argument for name in SEARCHES for argument in ("--policy", name)]
    asked += [argument for setting in QUICK for argument in ("--set", setting)]
    command = ("run", "--table", "rnn2.h5", "--space", "rnn2", *asked, "--seeds", "1:4", "--workers", "1")
    ended = harness(*command, "--budget-queries", "60", "--json")
    assert ended.status == 0
    document = json.loads(ended.out)
    rows = {row["policy"]: row for row in document["leaderboard"]}
    assert set(rows) == {*SEARCHES, "random"}
    means = [row["mean"] for row in document["leaderboard"]]
    assert means == sorted(means)
    for row in rows.values():
        assert (row["space"], row["size"]) == ("rnn2", 32)
        assert row["metric"] == "test perplexity, mean of 3 repeats at 4 epochs"
        assert row["best"] == min(row["values"]) == pytest.approx(62 + (row["best_rank"] - 1) / 4)
        assert row["mean_regret"] == pytest.approx(row["mean"] - 62)
    assert not any("saw" in warning for warning in document["warnings"])
    printed = harness(*command, "--budget-queries", "60")
    assert "Test perplexity, mean of 3 repeats at 4 epochs" in printed.out
    assert f"{rows['nao']['mean']:.2f}" in printed.out
    words = " ".join(printed.out.split()).replace("95 % interval", "").replace("95 % of its rank", "")
    assert not re.search(r"\d %", re.sub(r"above \d+\.\d % of the cells|95 % of", "", words))


def test_a_search_of_every_cell_finds_the_best_one(harness: Harness) -> None:
    imported(harness)
    ended = harness("run", "--table", "rnn2.h5", "--policy", "evolution", "--set", "evolution.population=30", "--json")
    row = next(row for row in json.loads(ended.out)["leaderboard"] if row["policy"] == "evolution")
    assert (row["space"], row["best_rank"], row["best"]) == ("rnn2", 1, pytest.approx(62.0))
    assert row["hours"] == pytest.approx(row["evaluations"] * 40 / 3600)
    assert row["evaluations"] < row["queries"] == 32


def test_the_table_is_summed_up_and_found_sound(harness: Harness) -> None:
    imported(harness)
    assert harness("table", "verify", "rnn2.h5").status == 0
    document = json.loads(harness("table", "info", "rnn2.h5", "--json").out)
    assert document["epochs"] == [1, 2, 3, 4]
    assert document["figures"]["test_perplexity"]["std_of_repeats"] == pytest.approx(0.5)
    lines = harness("table", "info", "rnn2.h5").out.splitlines()
    assert next(line for line in lines if line.startswith("epochs")).split() == ["epochs", "1", "to", "4"]
    figures = next(line for line in lines if line.startswith("test_perplexity"))
    expected = ["test_perplexity", "32", "65.875", "2.3083", "62", "0.5", "0.28868", "7.9961", "–", "0"]
    assert figures.split() == expected
    assert "cannot tell the best" in " ".join(lines)


def test_a_table_of_single_trainings_has_dashes_for_what_it_cannot_say(harness: Harness) -> None:
    Path("cells.csv").write_text("architecture,epochs,test_perplexity\ntanh@0 relu@1,3,70.5\nrelu@0 relu@1,3,80.5\n")
    harness("table", "import", "csv", "cells.csv", "--space", "rnn2", "--output", "one.h5")
    figures = harness("table", "info", "one.h5").out.splitlines()[-1]
    assert figures.split() == ["test_perplexity", "2", "75.5", "5", "70.5", "–", "–", "–", "–", "0"]


def test_a_run_on_a_table_without_validation_figures_says_what_to_do(harness: Harness) -> None:
    Path("cells.csv").write_text("architecture,epochs,test_perplexity\ntanh@0 relu@1,3,70.5\n")
    harness("table", "import", "csv", "cells.csv", "--space", "rnn2", "--output", "one.h5")
    ended = harness("run", "--table", "one.h5", "--policy", "random-search", "--seeds", "1")
    assert (ended.status, ended.err.count("\n")) == (2, 1)
    assert "--search-metric test" in ended.err
