"""The figures' data against brute force, and their specifications against Vega-Lite's own compiler."""

import json
import re
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import vl_convert
from scipy import stats

from harness.core.numbers import Undefined
from harness.leaderboard.stored_boards import stored_boards
from harness.output.figure_style import COLOURS
from harness.report.anytime import Curve, anytime_figure
from harness.report.board_report import board_report_of
from harness.report.charts import Chart
from harness.report.distribution import distribution_figure
from harness.report.drawings import drawing, drawn_cells
from harness.report.figures import over_time
from harness.report.provenance import facts
from harness.report.ranking import ranking
from harness.report.seeds import Strip, strip_figure
from harness.report.series import Series, series_of
from harness.report.significance import matrix
from harness.statistics import Interval
from harness.storage.store import Store

BLUE = Series("nao", "#0072B2", ())


@pytest.fixture
def board_report(store_url):
    with Store.read(store_url) as store:
        return board_report_of(stored_boards(store, store.runs())[0], store)


def marks(figure, kind):
    """The rows of the layers that are drawn with this mark."""
    return [row for each in figure.spec["layer"] if each["mark"]["type"] == kind for row in each["data"]["values"]]


def test_every_specification_compiles(page):
    specs = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', page.read_text(), re.DOTALL)
    assert len(specs) == 4
    for spec in specs:
        assert vl_convert.vegalite_to_vega(json.loads(spec))["marks"]


def test_a_picks_height_is_the_share_of_cells_that_are_no_better(board_report):
    truth = board_report.ground_truth.values
    figure = distribution_figure("x", board_report.board, board_report.series, truth)
    picks = marks(figure, "point")
    assert len(picks) == sum(len(row.entry.seeds) for row in board_report.rows)
    for pick in picks:
        # perplexity: no better means as large or larger
        assert pick["share"] == pytest.approx(100 * np.mean(truth >= pick["value"] - 1e-9))


def test_the_curve_of_the_space_passes_through_every_cell(board_report):
    truth = board_report.ground_truth.values
    curve = marks(distribution_figure("x", board_report.board, board_report.series, truth), "line")
    assert [point["value"] for point in curve] == sorted(truth, reverse=True)[-len(curve) :]
    for point in curve:
        assert point["share"] == pytest.approx(100 * np.mean(truth >= point["value"]))


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
            last = [point for point in marks(figure, "line") if point["row"] == row.series.label][-1]
            assert last["mean"] == pytest.approx(np.mean(found))


def test_what_is_undefined_is_left_out_of_the_figure_and_a_dash_in_its_table():
    strip = Strip(BLUE, (1, 2), (0.5, Undefined("failed")), 0.5, Undefined("one seed"))
    figure = strip_figure("x", "Each seed", "Words.", axis_title="tau", strips=[strip])
    assert [mark["seed"] for mark in marks(figure, "circle")] == [1]
    assert marks(figure, "rule") == []
    assert figure.data.rows == (("nao", "0.50", "–", "0.50", "–"),)


def test_an_interval_is_drawn_from_its_low_to_its_high_end():
    strip = Strip(BLUE, (1, 2), (0.5, 0.7), 0.6, Interval(0.5, 0.7, 0.95))
    (rule,) = marks(strip_figure("x", "t", "s", axis_title="tau", strips=[strip]), "rule")
    assert (rule["low"], rule["mean"], rule["high"]) == (0.5, 0.6, 0.7)


@pytest.mark.parametrize(("last", "kind"), [(29.0, None), (31.0, "log")], ids=["narrow", "wide"])
def test_costs_of_several_sizes_are_on_a_logarithmic_axis(last, kind):
    curve = Curve(BLUE, (1.0, last), (2.0, 1.0), (1.0, 0.5), (3.0, 1.5))
    figure = anytime_figure("x", "t", [curve], axes=("queries", "regret"), baseline=None)
    assert figure.spec["layer"][1]["encoding"]["x"]["scale"].get("type") == kind
    assert len(figure.spec["layer"]) == 3


def test_the_mean_regret_of_a_uniform_draw_is_a_line_where_it_is_known():
    curve = Curve(BLUE, (1.0, 2.0), (2.0, 1.0), (1.0, 0.5), (3.0, 1.5))
    figure = anytime_figure("x", "t", [curve], axes=("queries", "regret"), baseline=4.0)
    assert marks(figure, "rule") == [{"mean": 4.0}]
    assert "uniform draw" in figure.summary


def test_no_two_of_two_dozen_rows_look_alike_and_none_is_black():
    looks = [(each.colour, each.dash) for each in series_of([str(i) for i in range(24)], [False] * 24)]
    assert len(set(looks)) == 24
    assert {colour for colour, _ in looks} <= set(COLOURS) - {"#000000"}


def test_the_baseline_is_grey_and_takes_no_colour_from_the_others():
    alone = series_of(["nao", "enas"], [False, False])
    beside = series_of(["nao", "random", "enas"], [False, True, False])
    assert [each.colour for each in beside if each.label != "random"] == [each.colour for each in alone]
    assert beside[1].colour not in COLOURS


def test_an_arrow_begins_below_its_source_and_ends_above_its_target():
    vertices = [{"label": name, "operation": name == "conv"} for name in ("input", "conv", "output")]
    drawn = drawing({"title": "", "vertices": vertices, "edges": [(0, 1), (1, 2), (0, 2)]})
    for path, (source, target) in zip(drawn.paths, [(0, 1), (1, 2), (0, 2)], strict=True):
        numbers = [float(number) for number in re.findall(r"-?[\d.]+", path)]
        assert numbers[:2] == [drawn.boxes[source].x, drawn.boxes[source].y + 15]
        assert numbers[-2:] == [drawn.boxes[target].x, drawn.boxes[target].y - 15]
    assert all(52 <= box.x <= drawn.width - 52 and 15 <= box.y <= drawn.height - 15 for box in drawn.boxes)


def test_a_difference_that_is_found_is_on_the_better_side(board_report):
    values = [(50.1, 50.2, 50.3, 50.2), (60.1, 60.2, 60.3, 60.2), (60.0, 60.3, 60.2, 60.1)]
    entries = [replace(entry, values=each) for entry, each in zip(board_report.board.entries[:3], values, strict=True)]
    three = replace(board_report, board=replace(board_report.board, entries=tuple(entries)), rows=board_report.rows[:3])
    sides = [[cell and cell.side for cell in row] for row in matrix(three).rows]
    # the smaller perplexity is better
    assert sides == [[None, "better", "better"], ["worse", None, ""], ["worse", "", None]]


def test_hours_of_training_are_hours(board_report, store_url):
    with Store.read(store_url) as store:
        _, figure = (found for found in over_time("x", board_report, store) if isinstance(found, Chart))
    longest = max(run.spent.seconds for run in board_report.runs) / 3600
    assert 0.1 * longest < max(point["cost"] for point in marks(figure, "line")) <= longest


def test_the_cell_that_is_drawn_is_the_best_of_its_row(board_report):
    for row, drawn in zip(board_report.rows, drawn_cells(board_report), strict=True):
        best = min(row.entry.values)
        assert drawn.text.startswith(f"test perplexity {best:.2f}; seed ")
        assert f"rank {min(row.entry.ranks):,};" in drawn.text
        assert drawn.architecture in {run.recommendation for run in row.runs}


def test_the_leaderboard_sorts_by_the_numbers_that_it_prints(board_report):
    table = ranking(board_report)
    for place, head in enumerate(table.heads):
        if head.text or head.name in ("queries", "hours"):
            continue
        for cells in table.rows:
            printed, cell = cells[place].parts[0], cells[place]
            assert (cell.value is None) == isinstance(printed, Undefined)
            if cell.value is not None and head.name != "seeds":
                assert float(printed.replace(",", "")) == pytest.approx(cell.value, abs=0.0051, rel=0.06)


def test_the_chance_to_beat_a_random_draw_is_scipys(board_report):
    table = ranking(board_report)
    place = [head.name for head in table.heads].index("P(better)")
    draws = np.array(next(row.entry.values for row in board_report.rows if not row.searches))
    for row, cells in zip(board_report.rows, table.rows, strict=True):
        if row.searches:
            values = np.array(row.entry.values)
            wins = stats.mannwhitneyu(-values, -draws).statistic / (len(values) * len(draws))
            assert cells[place].value == pytest.approx(wins)


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
    assert Undefined(f"{first.series.label} asked for no scores") in found
    assert sum(isinstance(each, Chart) for each in found) == 2
