"""The tables behind the verdicts, in every form, and the data that they are printed from."""

import csv
import io
import json
import re

import numpy as np
import pytest
from rich.console import Console
from scipy import stats

from harness.leaderboard.document import document
from harness.leaderboard.formats import render, terminal
from harness.leaderboard.leaderboard import build
from harness.leaderboard.printed_tables import statistics
from tests.fakes.judged_runs import (
    COURSES,
    FULL,
    NAO,
    RANDOM,
    RANDOM_AND_NAO,
    TRUTH,
    board,
    entry,
    perplexity,
    printed,
    runs,
)

KEY = ("nao", "tabular", "nasbench101")
SEARCHED = build(
    RANDOM_AND_NAO + runs("random-search", ["diverged", *RANDOM[1:]], oracle="supernet"),
    TRUTH,
    searches={KEY: {"queries": tuple(RANDOM), "seconds": (0.93,) * 10}},
)
LIVE = ("tabular+score-gradient", "supernet", "standalone")


def shown(leaderboard):
    return printed(leaderboard, statistics=True)


def test_the_tables_behind_the_verdicts_are_shown_only_where_they_are_asked_for():
    plain = Console(width=100, file=io.StringIO(), color_system=None)
    plain.print(terminal(FULL))
    assert "Hedges" not in plain.file.getvalue()
    assert plain.file.getvalue().splitlines()[:8] == shown(FULL).splitlines()[:8]
    assert "Against one random draw; differences in points, positive where better" in shown(FULL)
    for note in ("percentile bootstrap", "a tie counting half", "two one-sided tests"):
        assert " ".join(shown(SEARCHED).split()).count(note) == 1


def test_the_verdict_stands_below_the_table():
    lines = shown(FULL).splitlines()
    row = next(i for i, line in enumerate(lines) if line.startswith("random"))
    assert lines[row + 2].startswith("nao: better than one random draw by 3.16 points (95 % interval 1.81 to 4.51; ")


def test_a_row_of_the_comparison_holds_what_scipy_finds():
    values = [0.941, *NAO[1:]]
    test = stats.ttest_ind(values, RANDOM, equal_var=False)
    low, high = (100 * end for end in test.confidence_interval(0.95))
    rank = stats.mannwhitneyu(values, RANDOM, method="asymptotic").pvalue
    line = next(line for line in shown(FULL).splitlines() if re.match(r"nao +\+", line))
    assert line.split()[:6] == [
        "nao",
        f"+{100 * (np.mean(values) - np.mean(RANDOM)):.2f}",
        f"[{low:.2f},",
        f"{high:.2f}]",
        f"{test.pvalue:.0e}",
        f"{test.pvalue:.0e}",
    ]
    assert line.split()[6] == f"{rank:.0e}"


def test_the_summaries_have_their_intervals_in_brackets():
    sheet = statistics(FULL)[0]
    found = entry("nao", FULL)
    cells = ["".join(cell) for cell in sheet.rows[0]]
    assert cells[0] == "nao"
    assert cells[1].startswith(f"{100 * found.mean:.2f} [{100 * found.mean_interval.low:.2f}, ")
    assert cells[2].startswith(f"{100 * np.median(found.values):.2f} [")
    assert cells[3].startswith(f"{100 * stats.trim_mean(found.values, 0.25):.2f} [")


def test_every_comparison_has_its_tables_and_only_of_the_rows_that_have_it():
    titles = [sheet.title.partition(";")[0] for sheet in statistics(SEARCHED)]
    assert titles == [
        "Over the seeds, with 95 % intervals in brackets",
        "Against one random draw",
        "What the seeds can show against one random draw",
        "Against random search at as many queries",
        "What the seeds can show against random search at as many queries",
        "Against random search for as much training time",
        "What the seeds can show against random search for as much training time",
    ]
    rows = [[row[0][0] for row in sheet.rows] for sheet in statistics(SEARCHED)]
    assert rows[0] == ["nao", "random", "random-search"]
    assert rows[1] == ["nao", "random-search"]
    assert rows[3] == rows[5] == ["nao"]
    assert statistics(board())[0].rows == ()


def test_all_tables_fit_100_columns_whatever_the_oracles():
    wide = board(*(runs("darts", NAO, oracle=oracle, taus=[0.1] * 10) for oracle in LIVE), runs("random", RANDOM))
    for leaderboard in (SEARCHED, wide):
        lines = shown(leaderboard).splitlines()
        assert max(map(len, lines)) <= 100
        assert any(re.match(r"(nao|darts) +\S+ +\+3\.05 \[1\.71, 4\.39\] +\S+ +\S+ +\S+ +\S+ 0\.9", x) for x in lines)


def test_every_dash_has_its_footnote_below_its_own_table():
    text = shown(board(runs("random", [0.9], [1]), runs("nao", [0.9], [1])))
    below = text.partition("Against one random draw")[2].partition("What the seeds")[0]
    assert "–¹" in below
    assert re.search(r"\n–¹ \w+", below)


def test_where_smaller_is_better_the_tables_say_in_what_and_that_positive_is_better():
    made = board(
        runs("random", [perplexity(v, 20) for v in (68.0, 69.0, 70.0)], (1, 2, 3)),
        runs("nao", [perplexity(v, 3) for v in (63.0, 64.0, 65.0)], (1, 2, 3)),
        truth=COURSES,
    )
    assert "differences in perplexity, positive where better" in shown(made)
    assert re.search(r"nao +\+5\.00 \[2\.73, 7\.27\]", shown(made))


@pytest.mark.parametrize("form", ["markdown", "latex"])
def test_markdown_and_latex_have_the_same_tables(form):
    plain, full = render(SEARCHED, form), render(SEARCHED, form, statistics=True)
    assert full.count("Mann-") == 3
    assert "Mann-" not in plain
    for text in (plain, full):
        assert "nao on tabular: better than one random draw by 3.05 points" in text
    if form == "latex":
        assert full.count(r"\begin{table}") == full.count(r"\end{table}") == 8
    else:
        assert {line.count("|") for line in plain.splitlines() if line.startswith("|")} == {12}


def test_the_json_nests_each_comparison_with_its_reasons():
    rows = {row["policy"]: row for row in json.loads(render(SEARCHED, "json"))["leaderboard"]}
    nao, found = rows["nao"], entry("nao", SEARCHED)
    assert nao["against_random"]["welch_p"] == found.welch_p
    assert nao["against_random"]["interval"] == {
        "low": found.against_random.interval.low,
        "high": found.against_random.interval.high,
        "level": 0.95,
    }
    queries, seconds = nao["against_search"]
    assert (queries["other"], queries["reasons"]) == ("random search at as many queries", {})
    assert "exact_p" not in queries
    assert seconds["margin"] == 0.0025
    assert nao["verdict"] == found.verdict
    assert rows["random"]["against_random"] is None
    assert rows["random"]["reasons"]["against_random"] == "random is what the others are tested against"
    assert rows["random"]["against_search"] == []


def test_the_csv_has_a_dotted_column_for_each_number_of_a_comparison():
    rows = {row["policy"]: row for row in csv.DictReader(io.StringIO(render(SEARCHED, "csv")))}
    nao, found = rows["nao"], entry("nao", SEARCHED)
    assert float(nao["against_random.welch_p"]) == found.welch_p
    assert float(nao["against_random.interval.high"]) == found.against_random.interval.high
    assert float(nao["mean_interval.low"]) == found.mean_interval.low
    assert float(nao["against_search.queries.difference"]) == found.against_search[0].difference
    assert rows["random"]["against_random.welch_p"] == ""
    assert "against_search.queries.exact_p" not in nao
    assert "against_random: random is what" in rows["random"]["reasons"]


def test_the_csv_has_the_same_columns_whatever_is_undefined():
    heads = [render(each, "csv").splitlines()[0] for each in (FULL, board(), board(runs("nao", ["gone"], [1])))]
    assert len(set(heads)) == 1
    assert "against_search" not in heads[0]


def test_nothing_undefined_reaches_a_form():
    boards = [SEARCHED, board(runs("random", [0.9], [1]), runs("nao", ["gone"], [1])), board(runs("nao", NAO))]
    for leaderboard in boards:
        texts = [shown(leaderboard), *(render(leaderboard, form, statistics=True) for form in ("markdown", "latex"))]
        for text in (*texts, render(leaderboard, "csv"), json.dumps(document(leaderboard), allow_nan=False)):
            assert not re.search(r"\b(nan|inf|None|Undefined)\b", text, re.IGNORECASE)
