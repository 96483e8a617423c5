"""The leaderboard's numbers, what it says about missing ones, and its five forms."""

import csv
import io
import json
import math
import re

import numpy as np
import pytest
import scipy.stats
from rich.console import Console

from harness.core.budget import Cost
from harness.core.errors import UnknownNameError
from harness.judge import NoVerdict, Truth, Verdict
from harness.leaderboard import Judged, build
from harness.render import document, render, terminal
from harness.statistics import Undefined

SIZE = 423_624
TRUTH = Truth("test_accuracy", 3, 108, "nasbench101", "d" * 64, True, SIZE, SIZE, 0.9432, 0.8968, 0.058)
SEEDS = range(1268, 1278)
NAO = [0.930, 0.932, 0.941, 0.935, 0.928, 0.931, 0.925, 0.933, 0.938, 0.927]
RANDOM = [0.91, 0.89, 0.92, 0.90, 0.87, 0.915, 0.905, 0.88, 0.93, 0.895]


def judgement(told):
    """From a value, a value with its rank, or a reason why there is none."""
    if isinstance(told, str):
        return NoVerdict(told)
    value, rank = told if isinstance(told, tuple) else (told, 50_000)
    return Verdict(value, rank, SIZE, 0.9432 - value, 100 * (SIZE - rank + 1) / SIZE)


def runs(policy, values, seeds=SEEDS, **changes):
    """Judged runs, one a seed."""
    defaults = {
        "policy": policy,
        "oracle": "tabular",
        "space": "nasbench101",
        "table": "nasbench101",
        "spent": Cost(0) if policy == "random" else Cost(600, 64_800.0, 1.8e6),
        "repeated": 0 if policy == "random" else 150,
        "search_metric": "validation_accuracy",
    }
    return [
        Judged(
            seed=seed,
            judgement=judgement(value),
            **defaults | changes,
        )
        for seed, value in zip(seeds, values, strict=True)
    ]


def board(*groups, truth=TRUTH):
    return build([run for group in groups for run in group], truth)


def entry(policy, leaderboard):
    return next(entry for entry in leaderboard.entries if entry.policy == policy)


def printed(leaderboard, width=100):
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(terminal(leaderboard))
    return console.file.getvalue()


def every_form(leaderboard):
    return [printed(leaderboard), *(render(leaderboard, form) for form in ("csv", "json", "markdown", "latex"))]


FULL = board(runs("random", RANDOM), runs("nao", [(0.941, 3_543), *NAO[1:]]))
SPREAD = f"{100 * np.mean([0.941, *NAO[1:]]):.2f} ± {100 * np.std([0.941, *NAO[1:]], ddof=1):.2f}"


def test_the_numbers_of_an_entry_agree_with_scipy_and_numpy():
    found = entry("nao", FULL)
    values = [0.941, *NAO[1:]]
    assert found.seeds == tuple(SEEDS)
    assert found.values == tuple(values)
    assert found.mean == pytest.approx(np.mean(values))
    assert found.std == pytest.approx(np.std(values, ddof=1))
    assert found.best == 0.941
    assert (found.best_rank, found.size) == (3_543, SIZE)
    assert found.mean_regret == pytest.approx(0.9432 - np.mean(values))
    assert found.welch_p == pytest.approx(scipy.stats.ttest_ind(values, RANDOM, equal_var=False).pvalue)
    assert found.p_beats_random == pytest.approx(0.9194, abs=5e-5)  # Yu et al. 2020, Table 4, prints 0.92
    assert (found.queries, found.simulated_hours, found.repeated_share) == (600, 500, 0.25)


def test_the_best_mean_comes_first_and_a_policy_without_a_value_last():
    leaderboard = board(
        runs("broken", ["gone"] * 10), runs("random", RANDOM), runs("nao", NAO), runs("enas", [0.92] * 10)
    )
    assert [entry.policy for entry in leaderboard.entries] == ["nao", "enas", "random", "broken"]


def test_perplexities_are_best_when_they_are_lowest():
    truth = Truth("test_perplexity", 10, 1000, "rnn2", "d" * 64, False, 32, 32, 62.63, 67.21, 2.52)
    leaderboard = board(
        runs("nao", [(66.0, 9), (63.6, 2)], [1, 2]), runs("random", [(67.0, 14), (68.0, 20)], [1, 2]), truth=truth
    )
    assert [entry.best for entry in leaderboard.entries] == [63.6, 67.0]
    assert "64.80 ± 1.70" in printed(leaderboard)
    assert "Test perplexity, mean of 10 repeats at 1000 epochs" in printed(leaderboard)


def test_costs_are_means_over_the_seeds():
    pair = runs("nao", [0.93], [1]) + runs("nao", [0.94], [2], spent=Cost(200, 0.0, 0.9e6), repeated=10)
    found = entry("nao", board(pair))
    assert (found.queries, found.simulated_hours, found.repeated_share) == (400, 375, 160 / 800)


def test_random_itself_is_not_tested_against_random():
    found = entry("random", FULL)
    assert found.welch_p == Undefined("random is what the others are tested against")
    assert found.repeated_share == Undefined("no query was asked")
    assert found.p_beats_random == pytest.approx((1 - 50_000 / SIZE) ** 10)


def test_the_baseline_is_random_on_the_same_space_and_table_with_the_same_oracle_if_there_is_one():
    other = [value - 0.05 for value in RANDOM]
    leaderboard = board(
        runs("nao", NAO, oracle="standalone"),
        runs("nao", NAO),
        runs("nao", NAO, space="elsewhere"),
        runs("random", other, oracle="standalone"),
        runs("random", RANDOM),
    )
    expected = {
        ("standalone", "nasbench101"): scipy.stats.ttest_ind(NAO, other, equal_var=False).pvalue,
        ("tabular", "nasbench101"): scipy.stats.ttest_ind(NAO, RANDOM, equal_var=False).pvalue,
    }
    for found in leaderboard.entries:
        if found.policy == "nao" and found.space == "nasbench101":
            assert found.welch_p == pytest.approx(expected[found.oracle, found.space])
        elif found.policy == "nao":
            assert found.welch_p == Undefined("there are no runs of random to test against")


def test_two_constant_policies_have_no_test_but_a_reason():
    leaderboard = board(runs("random", [0.9] * 10), runs("enas", [0.92] * 10))
    assert entry("enas", leaderboard).std == 0
    assert "neither side varies" in entry("enas", leaderboard).welch_p.reason
    assert "neither side varies" in printed(leaderboard)


def test_one_seed_has_a_mean_but_neither_deviation_nor_test():
    leaderboard = board(runs("random", [0.9], [1268]), runs("nao", [0.93], [1268]))
    found = entry("nao", leaderboard)
    assert (found.mean, found.best) == (0.93, 0.93)
    assert found.std == Undefined("one seed has no standard deviation")
    assert isinstance(found.welch_p, Undefined)
    assert found.p_beats_random == pytest.approx(1 - 50_000 / SIZE)
    assert "93.00 ± –¹" in printed(leaderboard)
    assert any("one seed a policy is little" in warning for warning in leaderboard.warnings)


def test_failed_runs_are_counted_and_named_and_each_still_counts_as_a_draw_of_randoms():
    leaderboard = board(runs("random", RANDOM), runs("nao", ["diverged", *NAO[1:9], "killed"]))
    found = entry("nao", leaderboard)
    assert found.mean == pytest.approx(np.mean(NAO[1:9]))
    assert found.failed == ((1268, "diverged"), (1277, "killed"))
    assert found.p_beats_random == pytest.approx((1 - 50_000 / SIZE) ** 10)
    assert "nao: 2 of 10 runs have no value (seed 1268: diverged; seed 1277: killed)" in leaderboard.warnings
    assert re.search(r"nao +8/10 ", printed(leaderboard))
    for text in every_form(leaderboard):
        assert "1268" in text
        assert "diverged" in text


def test_a_policy_whose_runs_all_failed_is_shown_with_dashes_and_reasons():
    leaderboard = board(runs("nao", ["diverged"] * 10), runs("random", ["absent"] * 10))
    found = entry("nao", leaderboard)
    for number in (found.mean, found.std, found.best, found.best_rank, found.mean_regret, found.p_beats_random):
        assert number == Undefined("no run has a value")
    assert re.search(r"nao +0/10 +–¹", printed(leaderboard))
    for text in every_form(leaderboard):
        assert "no run has a value" in text


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


def test_a_search_that_saw_the_judged_metric_is_warned_of():
    for saw in ("test_accuracy", "test"):
        leaderboard = board(runs("random", RANDOM, search_metric=saw), runs("nao", NAO, search_metric=saw))
        assert [warning for warning in leaderboard.warnings if "the search of nao saw test_accuracy" in warning]
    assert not FULL.warnings


def test_a_truth_of_part_of_the_space_few_seeds_and_mixed_settings_are_warned_of():
    part = Truth("test_accuracy", 3, 108, "part", "d" * 64, True, 91, SIZE, 0.9, 0.8, 0.1)
    warnings = board(runs("nao", [(0.9, 1), (0.8, 40)], [1, 1]), truth=part).warnings
    assert "ranks and regrets are among the 91 of 423,624 cells that the table judges" in warnings
    assert "one seed a policy is little: Yu et al. 2020 compare over 10" in warnings
    assert any(warning.startswith("nao: a seed stands twice") for warning in warnings)


def test_the_terminal_table_fits_100_columns_and_says_what_its_numbers_are():
    text = printed(FULL)
    lines = text.splitlines()
    assert max(map(len, lines)) <= 100
    assert "Test accuracy, mean of 3 repeats at 108 epochs; 10 seeds a policy" in text
    assert "(1 - r/rmax)^n" in text
    assert "one a seed" in text
    row = next(line for line in lines if line.startswith("nao"))
    assert row.split() == ["nao", "10", *SPREAD.split(), "94.10", "3,543", "1.01", "0.919", *row.split()[9:]]
    assert row.split()[-2:] == ["600", "500.0"]


def test_the_best_row_is_bold_on_the_terminal():
    console = Console(width=100, file=io.StringIO(), force_terminal=True, color_system="standard")
    console.print(terminal(FULL))
    lines = console.file.getvalue().splitlines()
    assert any("\x1b[1m" in line and "nao" in line for line in lines)
    assert not any("\x1b[1m" in line and line.startswith("random") for line in lines)


def test_what_differs_between_entries_becomes_a_column():
    leaderboard = board(runs("nao", NAO), runs("nao", NAO, oracle="standalone"))
    head = next(line for line in printed(leaderboard, 120).splitlines() if line.startswith("policy "))
    assert "oracle" in head
    assert "space nasbench101" in printed(leaderboard, 120)


def test_the_json_document_holds_full_numbers_and_null_with_a_reason():
    content = json.loads(render(FULL, "json"))
    assert content == json.loads(json.dumps(document(FULL)))
    assert content.keys() == {"leaderboard", "warnings"}
    nao, random = content["leaderboard"]
    assert list(nao)[:6] == ["policy", "oracle", "space", "table", "metric", "seeds"]
    assert nao["values"] == [0.941, *NAO[1:]]
    assert nao["metric"] == "test accuracy, mean of 3 repeats at 108 epochs"
    assert nao["welch_p"] == entry("nao", FULL).welch_p
    assert nao["reasons"] == {}
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


def test_a_table_without_training_times_gets_a_dash_not_zero_hours():
    timeless = board(runs("random", RANDOM), runs("nao", NAO, spent=Cost(600, 64_800.0, 0.0)))
    assert entry("nao", timeless).simulated_hours == Undefined("the oracle knows no training times")
    assert entry("random", timeless).simulated_hours == 0
    record = next(row for row in document(timeless)["leaderboard"] if row["policy"] == "nao")
    assert record["simulated_hours"] is None
    assert "the oracle knows no training times" in printed(timeless)
