"""The figures' tables against brute force, and their SVG in the page: one name for each thing, no style, no script."""

import re
from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest
from scipy import stats

from harness.core.numbers import Undefined
from harness.leaderboard.stored_boards import stored_boards
from harness.output.figure_style import canvas
from harness.report.board_report import board_report_of
from harness.report.drawings import drawn_cells
from harness.report.figure_tables import SeedValues, seed_table, share_table
from harness.report.figures import LONGEST, DrawnFigure, agreement, over_time, recommendations
from harness.report.inline_svg import inline_svg
from harness.report.provenance import facts
from harness.report.ranking import ranking
from harness.report.significance import matrix
from harness.statistics import Interval
from harness.storage.store import Store
from tests.report.stores import HOSTILE


@pytest.fixture
def board_report(store_url):
    with Store.read(store_url) as store:
        return board_report_of(stored_boards(store, store.runs())[0], store)


def drawings_of(page):
    return [ElementTree.fromstring(svg) for svg in re.findall(r"<svg .*?</svg>", page.read_text(), re.DOTALL)]


def test_every_figure_and_every_best_cell_is_an_svg_with_a_name(page):
    found = drawings_of(page)
    assert len(found) == 4 + 3
    assert all(each.attrib["role"] == "img" and each.attrib["aria-label"] for each in found)
    labels = [each.attrib["aria-label"] for each in found]
    assert labels[:2] == ["Regret against queries", "Regret against hours of training"]


def test_no_figure_holds_a_script_a_style_or_a_link_to_the_outside(page, hostile_page):
    for each in [*drawings_of(page), *drawings_of(hostile_page)]:
        for element in each.iter():
            assert element.tag in {"svg", "g", "defs", "path", "use", "text", "tspan", "clipPath", "rect"}
            assert not any(key == "style" or key.startswith("on") for key in element.attrib)
            assert element.attrib.get("href", "#").startswith("#")


def test_an_id_stands_once_in_the_page_and_every_reference_leads_to_one(page):
    names = [element.attrib["id"] for each in drawings_of(page) for element in each.iter() if "id" in element.attrib]
    assert len(names) == len(set(names)) > 0
    used = {name for each in drawings_of(page) for element in each.iter() for name in references(element)}
    assert used
    assert used <= set(names)


def references(element):
    """The names that an element's attributes refer to."""
    return [name for value in element.attrib.values() for name in re.findall(r"#([\w.-]+)\)?$", value) if "-" in name]


def test_text_stays_text_and_looks_are_attributes_that_the_page_may_override():
    figure = canvas()
    figure.add_subplot().set_title(HOSTILE, fontsize=9, color="#ff0000")
    drawn = ElementTree.fromstring(inline_svg(figure, "x", 'a "name" & more'))
    (title,) = (element for element in drawn.iter("text") if element.text == HOSTILE)
    assert (title.attrib["fill"], title.attrib["font-size"]) == ("#ff0000", "9px")
    assert drawn.attrib["aria-label"] == 'a "name" & more'
    assert "font-family" not in title.attrib


def test_a_long_name_is_cut_in_a_figure_and_stays_one_of_its_own(board_report, store_url):
    entries = [replace(entry, policy=entry.policy + "x" * 90) for entry in board_report.board.entries]
    rows = tuple(replace(row, entry=entry) for row, entry in zip(board_report.rows, entries, strict=True))
    judged = tuple(replace(run, policy=run.policy + "x" * 90) for run in board_report.judged)
    long = replace(board_report, rows=rows, judged=judged, board=replace(board_report.board, entries=tuple(entries)))
    with Store.read(store_url) as store:
        found = [*over_time("t", long, store), *recommendations("r", long)]
    for figure in found:
        texts = [element.text or "" for element in ElementTree.fromstring(figure.svg).iter("text")]
        cut = [text for text in texts if "…" in text]
        assert len(cut) == len(set(cut)) >= 2
        assert all(len(text.partition(":")[0]) <= LONGEST for text in cut)


def test_the_table_of_the_space_says_what_the_worst_shares_of_the_cells_reach():
    values = np.random.default_rng(0).normal(60, 3, 400)
    for larger in (False, True):
        content = {"truth": values.tolist(), "larger_is_better": larger, "x_label": "test perplexity"}
        for share, text in share_table("t", content).rows:
            value = float(text.split()[0])
            no_better = values <= value + 0.0051 if larger else values >= value - 0.0051
            assert np.mean(no_better) >= float(share.split()[0]) / 100
            assert text.endswith(" or less" if larger else " or more")


def test_the_chances_of_a_pair_are_scipys_and_sum_to_one(board_report):
    found = matrix(board_report)
    for i, j in combinations(range(len(board_report.rows)), 2):
        a, b = (np.array(board_report.rows[k].entry.values) for k in (i, j))
        wins = stats.mannwhitneyu(-a, -b).statistic / (len(a) * len(b))  # the smaller perplexity is better
        assert found.rows[i][j].improvement == pytest.approx(wins)
        assert found.rows[j][i].improvement == pytest.approx(1 - wins)
        assert {found.rows[i][j].side, found.rows[j][i].side} in ({""}, {"better", "worse"})
    assert all(found.rows[i][i] is None for i in range(len(board_report.rows)))


def test_a_search_ends_at_the_regret_of_the_best_scored_cell(board_report, store_url):
    with Store.read(store_url) as store:
        figure = next(iter(over_time("x", board_report, store)))
        for row in board_report.rows:
            if not row.searches:
                continue
            found = []
            for run in row.runs:
                best = max(store.trials(run.id), key=lambda trial: trial.value)
                cell = board_report.ground_truth.space.parse(best.architecture)
                found.append(board_report.ground_truth.judge.judge(cell, run=run.id).regret)
            last = [texts for texts in figure.data.rows if texts[0] == row.label][-1]
            assert float(last[2]) == pytest.approx(np.mean(found), abs=0.0051)


def test_what_is_undefined_is_a_dash_in_the_table():
    row = SeedValues("nao", (1, 2), (0.5, Undefined("failed")), (0.5, Undefined("one seed")), 100.0)
    other = SeedValues("enas", (2, 3), (0.5, 0.7), (0.6, Interval(0.5, 0.7, 0.95)), 100.0)
    table = seed_table("Each seed", [row, other])
    assert table.heads == ("policy", "mean", "95% interval", "1", "2", "3")
    assert table.rows == (
        ("nao", "50.00", "–", "50.00", "–", "–"),
        ("enas", "60.00", "[50.00, 70.00]", "–", "50.00", "70.00"),
    )


def test_without_shared_weights_there_is_no_tau(board_report, store_url):
    with Store.read(store_url) as store:
        assert agreement(board_report, store) is None


def test_a_difference_that_is_found_is_on_the_better_side(board_report):
    values = [(50.1, 50.2, 50.3, 50.2), (60.1, 60.2, 60.3, 60.2), (60.0, 60.3, 60.2, 60.1)]
    entries = [replace(entry, values=each) for entry, each in zip(board_report.board.entries[:3], values, strict=True)]
    three = replace(board_report, board=replace(board_report.board, entries=tuple(entries)), rows=board_report.rows[:3])
    sides = [[cell and cell.side for cell in row] for row in matrix(three).rows]
    # the smaller perplexity is better
    assert sides == [[None, "better", "better"], ["worse", None, ""], ["worse", "", None]]


def test_hours_of_training_are_hours(board_report, store_url):
    with Store.read(store_url) as store:
        _, figure = (found for found in over_time("x", board_report, store) if isinstance(found, DrawnFigure))
    longest = max(run.spent.seconds for run in board_report.runs) / 3600
    assert figure.data.heads[1] == "hours of training"
    assert max(float(texts[1]) for texts in figure.data.rows) == pytest.approx(longest, rel=1e-3)


def test_the_cell_that_is_drawn_is_the_best_of_its_row(board_report):
    for row, drawn in zip(board_report.rows, drawn_cells("x", board_report), strict=True):
        best = min(row.entry.values)
        assert drawn.text.startswith(f"test perplexity {best:.2f}; seed ")
        assert f"rank {min(row.entry.ranks):,};" in drawn.text
        assert drawn.architecture in {run.recommendation for run in row.runs}


def test_the_leaderboard_sorts_by_the_numbers_that_it_prints(board_report):
    table = ranking(board_report)
    for place, head in enumerate(table.heads):
        if head.text or head.name in ("queries", "hours", "rank_interval"):
            continue
        for cells in table.rows:
            printed, cell = cells[place].parts[0], cells[place]
            assert (cell.key == "") == isinstance(printed, Undefined)
            if cell.key and head.name != "seeds":
                assert float(printed.replace(",", "")) == pytest.approx(float(cell.key), abs=0.0051, rel=0.06)


def test_the_chance_to_beat_a_random_draw_is_scipys(board_report):
    table = ranking(board_report)
    place = [head.head for head in table.heads].index("P(better)")
    draws = np.array(next(row.entry.values for row in board_report.rows if not row.searches))
    for row, cells in zip(board_report.rows, table.rows, strict=True):
        if row.searches:
            values = np.array(row.entry.values)
            wins = stats.mannwhitneyu(-values, -draws).statistic / (len(values) * len(draws))
            assert float(cells[place].key) == pytest.approx(wins)


def test_what_some_runs_alone_were_made_with_says_of_how_many(board_report):
    first = board_report.runs[0].id
    rows = tuple(
        replace(row, runs=tuple(_elsewhere(run) if run.id == first else run for run in row.runs))
        for row in board_report.rows
    )
    told = dict(facts(replace(board_report, rows=rows)).rows)
    here = board_report.runs[1].provenance["platform"]
    assert set(told["platform"].split("; ")) == {"elsewhere (one run)", f"{here} ({len(board_report.runs) - 1} runs)"}
    assert told["Python"] == board_report.runs[0].provenance["python"]


def _elsewhere(run):
    return replace(run, provenance={**run.provenance, "platform": "elsewhere"})


def test_a_search_that_asked_for_no_scores_is_named_beside_the_curves(board_report, store_url):
    first = replace(board_report.rows[0], runs=tuple(replace(run, scores=0) for run in board_report.rows[0].runs))
    with Store.read(store_url) as store:
        found = list(over_time("x", replace(board_report, rows=(first, *board_report.rows[1:])), store))
    assert Undefined(f"{first.label} asked for no scores") in found
    assert sum(isinstance(each, DrawnFigure) for each in found) == 2
