"""The figures of the studies of noise and transfer draw what the contents say."""

from __future__ import annotations

from typing import Any

import pytest
from matplotlib.colors import to_hex

from backends.tabular.named_tables import open_table
from harness.output.figure_style import COLOURS
from harness.studies.noise.figure import plot_noise
from harness.studies.transfer.figure import plot_transfer
from harness.studies.transfer.measure import study_transfer as transfer_study
from tests.studies.test_noise import TURNED, by_hand
from tests.studies.test_transfer import A, B, compared


def words(figure: Any) -> str:
    (axes,) = figure.axes
    return " | ".join((axes.get_title("left"), axes.get_xlabel(), axes.get_ylabel()))


def offsets(collection: Any) -> list[tuple[int, int]]:
    return [(int(x), int(y)) for x, y in collection.get_offsets()]


def test_each_policy_is_a_line_of_its_means_through_the_conditions() -> None:
    figure = plot_noise(by_hand(TURNED))
    (axes,) = figure.axes
    lines = {bar.get_label(): bar.lines[0] for bar in axes.containers}
    assert {name: line.get_ydata().tolist() for name, line in lines.items()} == {
        "nao": pytest.approx([95.0, 75.0]),
        "enas": pytest.approx([85.0, 75.0]),
        "spos": pytest.approx([75.0, 90.0]),
    }
    places = [[round(x) for x in line.get_xdata()] for line in lines.values()]
    assert places == [[0, 1]] * 3
    assert len({tuple(line.get_xdata()) for line in lines.values()}) == 3
    (dashed,) = (line for line in axes.lines if line.get_linestyle() == "--")
    assert dashed.get_ydata()[0] == pytest.approx(20.0)
    assert [label.get_text() for label in axes.get_xticklabels()] == ["clear", "noisy"]
    assert "test accuracy (%) of the recommended cell" in words(figure)
    assert "mean of 3 repeats at 108 epochs\nmean ± std of 2 seeds" in words(figure)


def test_a_condition_without_a_mean_leaves_a_gap() -> None:
    (axes,) = plot_noise(by_hand(TURNED | {"nao": ["diverged"] * 2})).axes
    assert axes.containers[0].lines[0].get_ydata().tolist() == [
        pytest.approx(95.0),
        pytest.approx(float("nan"), nan_ok=True),
    ]


def test_every_cell_is_a_mark_at_its_two_ranks_and_the_best_are_coloured() -> None:
    content = transfer_study(open_table("rnn2-ptb"), open_table("rnn2-austen"))
    figure = plot_transfer(content)
    (axes,) = figure.axes
    others, best = axes.collections
    ranks = [tuple(cell["ranks"]) for cell in content["cells"]]
    assert (offsets(best), offsets(others)) == (ranks[:5], ranks[5:])
    assert to_hex(best.get_facecolor()[0]) == COLOURS[1].lower()
    assert to_hex(others.get_facecolor()[0]) == COLOURS[0].lower()
    (line,) = axes.lines
    assert (line.get_xdata().tolist(), line.get_ydata().tolist()) == ([1, 32], [1, 32])
    assert "rank by validation perplexity of rnn2-ptb | rank by validation perplexity of rnn2-austen" in words(figure)
    assert "Ranks of 32 cells by two tables (1 is best)\nKendall's tau 0.82" in words(figure)


def test_where_all_cells_are_among_the_best_none_is_left_for_the_others() -> None:
    (axes,) = plot_transfer(compared(A, B)).axes
    (best,) = axes.collections
    assert len(offsets(best)) == len(A)


def test_many_ranks_stand_on_logarithmic_axes_and_a_tau_that_does_not_exist_is_none() -> None:
    table = open_table("nasbench101-v5-digits")
    (axes,) = plot_transfer(transfer_study(table, table)).axes
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert "Kendall's tau none" in words(plot_transfer(compared([5.0] * 4, [1.0, 2.0, 3.0, 4.0])))
