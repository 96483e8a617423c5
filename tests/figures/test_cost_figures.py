"""What the figures of costs and values draw is what their contents say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex

from harness.core.budget import Cost
from harness.core.judgement import Verdict
from harness.core.numbers import Undefined
from harness.figures.anytime import LOG_SCALE_RATIO, anytime_data, plot_anytime
from harness.figures.distribution import TAIL, distribution_data, means_of, plot_distribution
from harness.figures.scatter import plot_scatter, scatter_data
from harness.leaderboard.anytime import Incumbent, Trajectory
from harness.output.figure_style import COLOURS
from tests.fakes.judged_runs import COURSES, NAO, RANDOM, TRUTH, board, perplexity, runs
from tests.fakes.spaces import Pairs
from tests.fakes.tables import TRUTH as CELLS
from tests.fakes.tables import FakeTable
from tests.figures.contents import curves
from tests.figures.test_figures import points, words


def course(
    policy: str, seed: int, regrets: dict[int, float], queries: int = 100, oracle: str = "tabular"
) -> Trajectory:
    """A run of so many queries, an hour each, whose incumbents have these regrets."""
    steps = tuple(Incumbent(n, 108.0 * n, 3600.0 * n, "cell", -regret) for n, regret in regrets.items())
    truths = tuple(Verdict(0.9432 - regret, 9, 100, regret, 50.0) for regret in regrets.values())
    spent = Cost(queries, 108.0 * queries, 3600.0 * queries)
    return Trajectory(policy, oracle, "nasbench101", seed, spent, steps, truths)


BOARD = board(runs("nao", NAO), runs("random", RANDOM))
PAIR = [course("nao", 1, {1: 0.04, 10: 0.02}), course("nao", 2, {3: 0.06, 100: 0.01})]


def line_of(axes: Any, name: str) -> Any:
    return next(line for line in axes.lines if line.get_label() == name)


def test_a_line_is_the_mean_regret_in_percentage_points_from_where_every_seed_has_one() -> None:
    content = anytime_data(PAIR, BOARD)
    (line,) = content["lines"]
    assert dict(zip(line["x"], line["mean"], strict=True)) == {
        x: pytest.approx(5.0 if x < 10 else 4.0 if x < 100 else 1.5) for x in line["x"]
    }
    assert (line["x"][0], line["x"][-1]) == (3, 100)
    (level,) = content["levels"]
    assert level == {"name": "one random draw", "value": pytest.approx(100 * (0.9432 - np.mean(RANDOM)))}
    (axes,) = plot_anytime(content).axes
    drawn = line_of(axes, "nao")
    assert points(drawn) == list(zip(line["x"], line["mean"], strict=True))
    assert drawn.get_drawstyle() == "steps-post"
    assert axes.get_ylabel() == "regret in test accuracy (percentage points)"
    assert line_of(axes, "one random draw").get_ydata()[0] == level["value"]


def test_the_band_lies_between_the_ends_of_the_interval() -> None:
    content = curves()
    for line, band in zip(content["lines"], plot_anytime(content).axes[0].collections, strict=True):
        heights = band.get_paths()[0].vertices[:, 1]
        assert {*line["low"], *line["high"]} >= set(heights.tolist())
        assert (heights.min(), heights.max()) == (min(line["low"]), max(line["high"]))


def test_hours_and_ranks_can_be_drawn_as_well() -> None:
    content = anytime_data(PAIR, BOARD, axis="seconds", quality="rank")
    assert (content["x_label"], content["y_label"]) == ("hours of training", "rank (1 is best)")
    assert (content["lines"][0]["x"][0], content["lines"][0]["x"][-1]) == pytest.approx((3, 100), rel=0.03)
    assert set(content["lines"][0]["mean"]) == {9}


def test_random_search_stands_last_in_black_and_ends_where_the_policies_do() -> None:
    beside = [course("random-search", seed, {1: 0.05}, queries=5000) for seed in (1, 2)]
    content = anytime_data([*beside, *PAIR], BOARD)
    assert [line["name"] for line in content["lines"]] == ["nao", "random-search"]
    assert content["lines"][1]["x"][-1] == 100
    assert to_hex(line_of(plot_anytime(content).axes[0], "random-search").get_color()) == "#000000"


def test_a_policy_on_two_oracles_has_two_lines() -> None:
    content = anytime_data([*PAIR, course("nao", 1, {1: 0.03}, oracle="supernet")], BOARD)
    assert [line["name"] for line in content["lines"]] == ["nao on tabular", "nao on supernet"]


def test_a_policy_whose_costs_are_unknown_is_named_and_not_drawn() -> None:
    dark = replace(PAIR[0], policy="darts", steps=(), truths=(), unknown=(("queries", Undefined("asks slopes")),))
    figure = plot_anytime(content := anytime_data([dark, *PAIR], BOARD))
    assert content["left_out"] == ["asks slopes"]
    assert "not drawn: asks slopes" in words(figure)
    assert [line["name"] for line in content["lines"]] == ["nao"]


@pytest.mark.parametrize(("ratio", "scale"), [(LOG_SCALE_RATIO, "log"), (LOG_SCALE_RATIO - 1, "linear")])
def test_costs_far_apart_stand_on_a_logarithmic_scale(ratio: float, scale: str) -> None:
    content = curves()
    for line in content["lines"]:
        line["x"] = np.linspace(2, 2 * ratio, len(line["x"])).tolist()
    assert plot_anytime(content).axes[0].get_xscale() == scale


def test_nothing_to_draw_is_an_empty_figure() -> None:
    content = anytime_data([course("nao", 1, {})], board(runs("nao", NAO)))
    assert (content["lines"], content["levels"]) == ([], [])
    plot_anytime(content).draw_without_rendering()


def test_curves_that_are_no_steps_are_lines() -> None:
    content = curves()
    content["steps"] = False
    assert {line.get_drawstyle() for line in plot_anytime(content).axes[0].lines} == {"default"}


def test_each_run_is_a_mark_at_its_cost_and_value() -> None:
    judged = [*runs("nao", NAO, spent=Cost(600, 1.0, 7200.0)), *runs("random", RANDOM)]
    content = scatter_data(judged, TRUTH)
    axes = plot_scatter(content).axes[0]
    (cloud,) = axes.collections
    assert cloud.get_offsets().tolist() == [[600.0, pytest.approx(100 * value)] for value in NAO]
    assert to_hex(cloud.get_facecolor()[0]).upper() == COLOURS[0]
    (level,) = (line for line in axes.lines if line.get_linestyle() == ":")
    assert level.get_ydata()[0] == pytest.approx(100 * np.mean(RANDOM))
    hours = scatter_data(judged, TRUTH, axis="seconds")
    assert (hours["x_label"], hours["clouds"][0]["costs"]) == ("hours of training", [2.0] * 10)


def test_a_run_without_a_value_has_no_mark() -> None:
    content = scatter_data(runs("nao", [0.9, "diverged", 0.91], (1, 2, 3)), TRUTH)
    assert content["clouds"][0]["values"] == pytest.approx([90.0, 91.0])


def test_the_cells_are_counted_and_the_picks_marked() -> None:
    means = np.random.default_rng(0).beta(8, 2, 1000)
    content = distribution_data([*means, float("nan")], BOARD)
    assert len(content["truth"]) == 1000
    figure = plot_distribution(content)
    above, below, right = figure.axes
    low, high = below.get_xlim()
    inside = (100 * means >= low) & (100 * means <= high)
    assert sum(bar.get_height() for bar in above.patches) == inside.sum()
    assert inside.sum() >= (1 - TAIL) * 1000
    (line,) = right.lines
    for value, share in points(line)[::100]:
        assert share == pytest.approx(100 * np.mean(100 * means <= value))
    marks = [line for line in below.lines if line.get_marker() == "o"]
    for line, values in zip(marks, (NAO, RANDOM), strict=True):
        assert list(line.get_xdata()) == pytest.approx([100 * value for value in values])
    assert [label.get_text() for label in below.get_yticklabels()] == ["nao", "random"]
    assert "1,000 cells" in words(figure)


def test_of_perplexities_the_larger_are_no_better() -> None:
    told = [perplexity(63.0, 2), perplexity(66.0, 20)]
    means = np.linspace(62.63, 74.0, 32)
    content = distribution_data(means.tolist(), board(runs("nao", told, (1, 2)), truth=COURSES))
    _, below, right = plot_distribution(content).axes
    for value, share in points(right.lines[0]):
        assert share == pytest.approx(100 * np.mean(means >= value))
    assert below.get_xlim()[0] < 62.63


def test_the_means_are_those_of_the_spaces_own_cells() -> None:
    found = means_of(FakeTable(CELLS), Pairs(), "test_accuracy")
    assert sorted(value for value in found if value == value) == [0.70, 0.75, 0.80, 0.90, 0.90]
