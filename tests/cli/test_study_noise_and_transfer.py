"""``harness study noise`` and ``transfer``, and what an encoding cannot reach, as a user meets them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tests.cli.conftest import Harness

pytestmark = pytest.mark.slow(reason="whole studies")

NOISE = ("study", "noise", "--table", "rnn2-austen", "--policy", "evolution", "--policy", "local-search")
FEW = ("--policy", "random-search", "--budget-queries", "12", "--seeds", "1:4", "--workers", "1", "--epochs", "1")
TRANSFER = ("study", "transfer", "--table", "rnn2-ptb", "--table", "rnn2-austen")
TREE = ("--set", "space.encoding=tree")


@pytest.mark.slow(reason="30 searches and a figure")
def test_a_study_of_noise_shows_every_policy_in_every_condition(harness: Harness) -> None:
    shown = harness(*NOISE, *FEW, "--json", "--plot", "noise.png")
    assert shown.status == 0, shown.err
    assert shown.err.startswith("note: 30 of 30 runs are to be done")
    found = json.loads(shown.out)
    assert [each["name"] for each in found["conditions"]] == [
        "mean of 10 repeats, 6 epochs",
        "one repeat, 6 epochs",
        "mean of 10 repeats, 1 epoch",
    ]
    assert len(found["rows"]) == 9
    assert Path("noise.png").read_bytes().startswith(b"\x89PNG")
    again = harness(*NOISE, *FEW, "--format", "csv")
    assert again.err == ""  # the runs are there
    lines = again.out.splitlines()
    rows = list(csv.DictReader(lines[1 : lines.index("")]))
    assert [row["policy"] for row in rows] == ["evolution"] * 3 + ["local-search"] * 3 + ["random-search"] * 3
    assert rows[4]["mean ± std"] == f"{found['rows'][4]['mean']:.2f} ± {found['rows'][4]['std']:.2f}"
    page = harness(*NOISE, *FEW).out
    assert max(map(len, page.splitlines())) <= 100
    assert "judged by test perplexity, mean of 10 repeats at 6 epochs; 12 queries" in " ".join(page.split())
    for form in ("markdown", "latex"):
        assert harness(*NOISE, *FEW, "--format", form).status == 0


def test_the_runs_of_a_study_of_noise_are_on_a_leaderboard_like_others(harness: Harness) -> None:
    harness(*NOISE, *FEW, "--quiet")
    shown = harness("leaderboard", "--group-by", "oracle.epochs", "--group-by", "oracle.repeat", "--json")
    assert shown.status == 0, shown.err
    rows = json.loads(shown.out)["leaderboards"][0]["leaderboard"]
    assert sorted(len(row["seeds"]) for row in rows) == [3] * 10  # three policies in three conditions, and random


def test_a_study_of_transfer_shows_four_pairs_of_metrics(harness: Harness) -> None:
    shown = harness(*TRANSFER, "--plot", "transfer.svg")
    assert (shown.status, shown.err) == (0, "")
    assert max(map(len, shown.out.splitlines())) <= 100
    assert "32 cells of scheme rnn2 in common" in shown.out
    assert Path("transfer.svg").read_text().startswith("<?xml")
    found = json.loads(harness(*TRANSFER, "--json").out)
    assert [(row["first"], row["second"], round(row["tau"], 2)) for row in found["rows"]] == [
        ("validation_perplexity", "validation_perplexity", 0.82),
        ("validation_perplexity", "test_perplexity", 0.83),
        ("test_perplexity", "validation_perplexity", 0.83),
        ("test_perplexity", "test_perplexity", 0.84),
    ]
    one = json.loads(harness(*TRANSFER, "--metric", "test_perplexity", "--top", "3", "--json").out)
    assert (len(one["rows"]), one["top"], one["rows"][0]["second"]) == (1, 3, "test_perplexity")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("noise", "--table", "rnn2-austen", "--set", "oracle.repeat=mean"),
            "--set oracle.repeat=…: this study varies it",
        ),
        (("noise", "--table", "rnn2-austen", "--epochs", "9"), "no trainings of 9 epochs, only of 1 to 6"),
        (("noise", "--table", "rnn2-austen", "--policy", "darts"), "policy darts needs Gradient queries"),
        (("noise", "--table", "rnn2-austin"), "unknown table 'rnn2-austin'; did you mean 'rnn2-austen'?"),
        (("noise", "--table", "rnn2-austen", "--plot", "x.gif"), "--plot 'x.gif' must end in .png, .svg, .pdf"),
        (("transfer", "--table", "rnn2-ptb"), "--table is there once: a transfer is between two, --table A --table B"),
        (("transfer",), "--table is missing: a transfer is between two, --table A --table B"),
        (("transfer", "--table", "rnn2-ptb", "--table", "nasbench101-v5-digits"), "they share no cells"),
        (("transfer", *TRANSFER[2:], "--metric", "test"), "unknown metric of table 'rnn2-ptb' 'test'"),
    ],
)
def test_a_mistake_is_one_line_before_anything_runs(harness: Harness, arguments: tuple[str, ...], words: str) -> None:
    ended = harness("study", *arguments)
    assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1), ended.err
    assert words in ended.err
    assert not list(Path().iterdir())


def test_a_leaderboard_says_what_no_policy_can_reach_when_it_is_run_and_when_it_is_read(harness: Harness) -> None:
    run = ("run", "--policy", "random-search", "--budget-queries", "5", "--seeds", "1:3", "--workers", "1", "--json")
    warning = (
        "encoding tree reaches 82 of 2,532 cells (3.2 %); the best of them is rank 16, 88.55 %: no policy can do better"
    )
    assert warning in json.loads(harness(*run, *TREE).out)["warnings"]
    read = harness("leaderboard").out
    assert warning in " ".join(read.split())
    assert "encoding" not in harness(*run, "--store", "sqlite:///other.db").out


def test_info_says_how_good_the_best_reachable_cell_is(harness: Harness) -> None:
    tree = ("space", "info", "nasbench101-v5", "--set", "encoding=tree", "--table", "nasbench101-v5-digits")
    best = json.loads(harness(*tree, "--json").out)["best"]
    assert (best["metric"], best["rank"], best["of"]) == ("test_accuracy", 16, 2_532)
    assert f"{best['cell']} \n" in harness(*tree).out
    assert f"test accuracy {best['value']:.4f}, rank 16 of 2,532" in harness(*tree).out
    assert "best" not in json.loads(harness("space", "info", "rnn2", "--json").out)
    wrong = harness("space", "info", "rnn2", "--table", "nasbench101-v5-digits")
    assert (wrong.status, wrong.err.count("\n")) == (2, 1)
