"""The five forms of the leaderboard."""

import csv
import io
import json
import math
import re

import numpy as np
import pytest
from rich.console import Console

from harness.core.budget import Cost
from harness.core.errors import UnknownNameError
from harness.judging.judged_runs import NOT_READ
from harness.leaderboard.document import document
from harness.leaderboard.formats import render, terminal
from tests.fakes.judged_runs import (
    FULL,
    NAO,
    RANDOM,
    SEEDS,
    SPREAD,
    TRAINED_BOARD,
    board,
    entry,
    every_form,
    printed,
    runs,
)


def test_nothing_ever_prints_nan():
    boards = [
        FULL,
        board(),
        board(runs("nao", ["gone"], [1])),
        board(runs("random", [0.9], [1]), runs("nao", [0.9], [1])),
        board(runs("random", [0.9] * 10), runs("nao", [0.9] * 10)),
    ]
    for leaderboard in boards:
        for text in every_form(leaderboard):
            assert not re.search(r"\b(nan|inf|None|Undefined)\b", text, re.IGNORECASE)


def test_the_terminal_table_fits_100_columns_and_says_what_its_numbers_are():
    text = printed(FULL)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert "Test accuracy, mean of 3 repeats at 108 epochs; 10 seeds a policy" in text
    assert "(1 - r/rmax)^n" in text
    assert "one a seed" in text
    row = next(line for line in lines if line.startswith("nao"))
    assert row.split() == ["nao", *SPREAD.split(), "94.10", "3,543", "1.01", "0.919", "3e-04", "450", "500"]


def test_the_best_row_is_bold_on_the_terminal():
    console = Console(width=100, file=io.StringIO(), force_terminal=True, color_system="standard")
    console.print(terminal(FULL))
    lines = console.file.getvalue().splitlines()
    assert any("\x1b[1m" in line and "nao" in line for line in lines)
    assert not any("\x1b[1m" in line and line.startswith("random") for line in lines)


def test_what_differs_between_entries_becomes_a_column():
    leaderboard = board(runs("nao", NAO), runs("nao", NAO, oracle="standalone"))
    head = next(line for line in printed(leaderboard).splitlines() if line.startswith("policy "))
    assert "oracle" in head
    assert "10 seeds a policy; space nasbench101, table nasbench101" in " ".join(printed(leaderboard).split())


WIDEST = board(
    runs("random", RANDOM),
    runs("random-search", ["diverged", *RANDOM[1:]], oracle="standalone"),
    runs("nao", NAO, oracle="supernet", taus=[-0.3 + seed / 100 for seed in range(10)], spent=Cost(62_000, 9.0, 5e6)),
)


def test_every_column_at_once_still_fits_100_columns():
    lines = printed(WIDEST, 300).splitlines()
    rows = [line for line in lines if line.startswith(("policy", "random", "nao")) and ": " not in line]
    assert max(map(len, rows)) <= 100
    assert [row.split()[0] for row in rows] == ["policy", "nao", "random", "random-search"]
    assert rows[1].startswith("nao           supernet     10 93.20±0.50")
    assert "-0.26±0.03" in rows[1]
    assert "9/10" in rows[3]


def test_a_long_name_is_folded_and_numbers_never_are():
    long = runs("darts", NAO, oracle="tabular+score-gradient", taus=[0.1] * 10, spent=Cost(62_000, 9.0, 5e6))
    lines = printed(board(runs("random-sharing", RANDOM, oracle="supernet"), long)).splitlines()
    assert max(map(len, lines)) <= 100
    row = next(line for line in lines if line.startswith("darts"))
    assert row.split()[2:] == ["93.20±0.50", "94.10", "50,000", "1.12", "0.285", "–¹", "0.10±0.00", "61,850", "1,389"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0.0"),
        (0.1, "2.8e-05"),
        (80.0, "0.022"),
        (90.0, "0.025"),
        (3575.0, "0.99"),
        (3585.0, "1.0"),
        (4000.0, "1.1"),
        (3.58e5, "99.4"),
        (3.6e7, "10,000"),
    ],
)
def test_hours_have_two_significant_digits_below_one_and_one_decimal_below_a_hundred(seconds, text):
    lines = printed(board(runs("random", RANDOM), runs("nao", NAO, spent=Cost(600, 0.0, seconds)))).splitlines()
    assert next(line for line in lines if line.startswith("nao")).split()[-1] == text


def test_the_number_of_runs_is_a_column_only_where_the_title_does_not_say_it():
    assert "runs" not in printed(FULL).splitlines()[4]
    uneven = printed(board(runs("random", RANDOM), runs("nao", NAO[:9], range(9))))
    assert re.search(r"nao +9 ", uneven)
    assert "9 or 10 seeds a policy" in uneven


def test_kendalls_tau_is_a_column_only_where_cells_were_probed():
    assert "Kendall" not in printed(FULL)
    probed = board(runs("random", RANDOM), runs("nao", NAO, taus=[0.2, 0.4] * 5))
    for text in (printed(probed), render(probed, "markdown"), render(probed, "latex").replace(r"$\pm$", "±")):
        assert "0.30 ± 0.11" in text
        assert "shares no weights" in text
        assert "final shared weights' scores of 200 sampled cells" in " ".join(text.split())
    nao, random = document(probed)["leaderboard"]
    assert (nao["tau"], nao["tau_std"]) == (pytest.approx(0.3), pytest.approx(np.std([0.2, 0.4] * 5, ddof=1)))
    assert (random["tau"], random["reasons"]["tau"]) == (None, "shares no weights")


def test_a_leaderboard_of_trained_cells_says_by_what_and_that_it_ranks_nothing():
    text = " ".join(printed(TRAINED_BOARD).split())
    assert "Test accuracy, one repeat at 108 epochs; 10 seeds a policy" in text
    assert "recipe nasbench101-cifar10" in text
    assert "trained from scratch by the recipe, every one from the same seeds" in text
    assert "–¹ not ranked" in text
    assert "r/rmax" not in text
    record = document(TRAINED_BOARD)["leaderboard"][0]
    assert (record["best_rank"], record["size"], record["judge"]) == (None, None, "recipe nasbench101-cifar10")


def test_the_json_document_holds_full_numbers_and_null_with_a_reason():
    content = json.loads(render(FULL, "json"))
    assert content == json.loads(json.dumps(document(FULL)))
    assert content.keys() == {"leaderboard", "warnings"}
    nao, random = content["leaderboard"]
    assert list(nao)[:6] == ["policy", "oracle", "space", "judge", "metric", "seeds"]
    assert nao["values"] == [0.941, *NAO[1:]]
    assert nao["metric"] == "test accuracy, mean of 3 repeats at 108 epochs"
    assert nao["welch_p"] == entry("nao", FULL).welch_p
    noise = dict.fromkeys(("truth_error", "rank_interval", "cross_fitted_regret", "tau_ceiling"), NOT_READ.reason)
    assert nao["reasons"] == {"tau": "shares no weights", "tau_std": "shares no weights", **noise}
    assert random["welch_p"] is None
    assert random["reasons"]["welch_p"] == "random is what the others are tested against"
    failed = document(board(runs("nao", ["diverged", 0.93], [1, 2])))["leaderboard"][0]
    assert failed["values"] == [None, 0.93]
    assert failed["failed_seeds"] == [1]
    assert failed["reasons"]["values"] == "seed 1: diverged"


def test_the_csv_reads_back():
    nao, random = csv.DictReader(io.StringIO(render(FULL, "csv")))
    assert float(nao["mean"]) == entry("nao", FULL).mean
    assert [float(value) for value in nao["values"].split(";")] == [0.941, *NAO[1:]]
    assert [int(seed) for seed in nao["seeds"].split(";")] == list(SEEDS)
    assert random["welch_p"] == ""
    assert "welch_p: random is what" in random["reasons"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_no_text_of_the_csv_is_a_formula_and_negative_numbers_stay_numbers(start):
    hostile = f'{start}HYPERLINK("http://x")'
    found = board(runs("random", [-1.5, -2.5], (1, 2)), runs(hostile, [-1.0, -0.5], (1, 2)))
    rows = list(csv.DictReader(io.StringIO(render(found, "csv"))))
    assert all(not row["policy"].startswith(start) for row in rows)
    assert {row["policy"][:1] for row in rows} == {"'", "r"}
    assert {row["values"] for row in rows} == {"-1.5;-2.5", "-1.0;-0.5"}
    assert {float(row["mean"]) for row in rows} == {-2.0, -0.75}


def test_the_markdown_is_a_table_with_the_best_mean_in_bold():
    lines = render(FULL, "markdown").splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert len({line.count("|") for line in table}) == 1
    assert f"**{SPREAD}**" in table[2]
    assert "–<sup>1</sup>" in table[3]
    assert "–<sup>1</sup> random is what the others are tested against" in lines


def test_names_are_escaped_in_markdown_and_latex():
    leaderboard = board(runs("my_plugin:A|B*", [0.9, "50 % of {x} & y_z ^ \\ ~ #1 $"], [1, 2]))
    assert r"my_plugin:A\|B\*" in render(leaderboard, "markdown")
    latex = render(leaderboard, "latex")
    assert r"my\_plugin:A|B*" in latex
    assert r"50 \% of \{x\} \& y\_z \textasciicircum{} \textbackslash{} \textasciitilde{} \#1 \$" in latex


def test_the_latex_is_a_booktabs_table_with_balanced_braces():
    latex, lead = render(FULL, "latex"), rf"\textbf{{{SPREAD}}}".replace("±", r"$\pm$")
    for word in (r"\toprule", r"\midrule", r"\bottomrule", lead, r"--\textsuperscript{1}"):
        assert word in latex
    rows = [line for line in latex.splitlines() if line.startswith(("nao", "random", "policy"))]
    columns = re.search(r"\\begin\{tabular\}\{(l?r*)\}", latex).group(1)
    assert {len(re.findall(r"(?<!\\)&", row)) for row in rows[:3]} == {len(columns) - 1}
    bare = re.sub(r"\\[{}]", "", latex)
    assert bare.count("{") == bare.count("}")


def test_an_unknown_form_is_refused_with_the_nearest_one():
    with pytest.raises(UnknownNameError, match="unknown format 'latx'; did you mean 'latex'"):
        render(FULL, "latx")


def test_an_infinite_or_missing_value_in_a_verdict_never_reaches_the_json():
    leaderboard = board(runs("nao", [math.inf, 0.9], [1, 2]))
    assert document(leaderboard)["leaderboard"][0]["mean"] is None
