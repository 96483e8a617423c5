"""What the figures show: the numbers of their content, not their pixels."""

from __future__ import annotations

import numpy as np
import pytest

from harness.reproduce.cells import MeasuredValue, Missing, ReproducedCell, ReproducedRow, ReproducedSection
from harness.reproduce.comparison_figure import comparison_figure
from harness.reproduce.figure2_curves import Figure2Data, PolicyCurves, plot_figure2
from harness.reproduce.published import Printed

SECTION = ReproducedSection(
    "ours at quick scale",
    ("mean", "best"),
    (
        ReproducedRow(
            "nao",
            (ReproducedCell(MeasuredValue("85.48 ± 1.14", 85.48, 1.14), Printed("92.59 ± 0.59")), ReproducedCell(None)),
        ),
        ReproducedRow(
            "enas",
            (ReproducedCell(Missing("not measured yet", "harness run"), Printed("91.83 ± 0.42")), ReproducedCell(None)),
        ),
    ),
    "NAS-Bench-101",
)


def test_the_paper_stands_on_the_left_and_ours_on_the_right() -> None:
    figure = comparison_figure((SECTION,))
    left, right = figure.axes
    bars = [[tuple(bar.lines[0].get_xydata()[0]) for bar in axes.containers] for axes in (left, right)]
    assert bars == [[(92.59, 0), (91.83, 1)], [(85.48, 0)]]
    assert [label.get_text() for label in left.get_yticklabels()] == ["nao", "enas"]
    (reach,) = right.containers[0].lines[2]
    (segment,) = reach.get_segments()
    assert segment[:, 0] == pytest.approx([85.48 - 1.14, 85.48 + 1.14])
    assert "Yu et al. 2020: NAS-Bench-101" in left.get_title(loc="left")


def test_a_policy_has_one_colour_on_both_sides() -> None:
    left, right = comparison_figure((SECTION,)).axes
    assert left.containers[0].lines[0].get_color() == right.containers[0].lines[0].get_color()
    assert left.containers[0].lines[0].get_color() != left.containers[1].lines[0].get_color()


def test_where_nothing_was_measured_the_panel_says_so() -> None:
    nothing = ReproducedSection("ours: not measured", SECTION.columns, SECTION.rows[1:], SECTION.printed)
    _, right = comparison_figure((nothing,)).axes
    assert [text.get_text() for text in right.texts] == ["not measured"]


def curves(policy: str, *courses: list[float]) -> PolicyCurves:
    mean = np.mean(courses, axis=0).tolist() if courses else []
    best = min(courses, key=lambda course: course[-1], default=[])
    return PolicyCurves(policy=policy, seeds=2, courses=list(courses), mean=mean, best=best)


CONTENT = Figure2Data(
    metric="validation_perplexity",
    told="space rnn2: mean of 10 repeats, table rnn2-austen",
    epochs=[1, 2, 3, 4],
    rows=[curves("nao", [90.0, 80.0, 70.0, 66.0], [92.0, 78.0, 72.0, 64.0]), curves("darts")],
)


def test_the_mean_of_a_policys_cells_is_on_the_left_and_its_best_cell_on_the_right() -> None:
    left, right = plot_figure2(CONTENT).axes
    named = [
        {line.get_label(): list(line.get_ydata()) for line in axes.lines if not line.get_label().startswith("_")}
        for axes in (left, right)
    ]
    assert named == [{"nao": [91.0, 79.0, 71.0, 65.0]}, {"nao": [92.0, 78.0, 72.0, 64.0]}]
    assert sum(line.get_label().startswith("_") for line in left.lines) == 2
    assert left.get_ylabel() == "validation perplexity"


def test_the_axis_shows_the_later_half_of_the_training() -> None:
    low, high = plot_figure2(CONTENT).axes[0].get_ylim()
    assert low < 64 < 80 < high < 90


def test_a_figure_of_no_course_at_all_is_empty() -> None:
    figure = plot_figure2(
        Figure2Data(metric=CONTENT["metric"], told="", epochs=CONTENT["epochs"], rows=[curves("darts")])
    )
    assert [len(axes.lines) for axes in figure.axes] == [0, 0]
