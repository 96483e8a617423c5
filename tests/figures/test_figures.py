"""What the figures draw is what the contents say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_hex

from backends.tabular.named_tables import open_table
from harness.core.errors import IncompatibleError
from harness.figures.ranks import ranks, ranks_data
from harness.output.figure_style import COLOURS, LIGHT, rank_ticks, spaced
from harness.studies.early_stopping.figure import plot_early_stopping
from harness.studies.early_stopping.measure import study_early_stopping as early_stopping_study
from harness.studies.penalty.figure import plot_penalty
from harness.studies.penalty.measure import compare_oracles
from harness.studies.sharing_amount.figure import plot_sharing_amount
from harness.studies.weight_sharing.figure import plot_weight_sharing
from tests.fakes.judged_runs import COURSES, SCRATCH, board, perplexity, runs
from tests.figures import contents

SEEDS = (1, 2, 3)
RANKS = {"nao": [4, 4, 9], "random": [30, 12, 7]}


def of_perplexities(policy: str, places: list[Any], **changes: Any) -> Any:
    told = [place if isinstance(place, str) else perplexity(62.0 + place, place) for place in places]
    return runs(policy, told, SEEDS, **changes)


def points(line: Any) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in line.get_xydata()]


def words(figure: Any) -> str:
    """Titles and labels of all axes."""
    texts = [text for axes in figure.axes for text in (axes.get_title("left"), axes.get_xlabel(), axes.get_ylabel())]
    return " | ".join(texts)


def test_each_seeds_rank_is_one_mark_in_the_row_of_its_policy() -> None:
    made = board(*(of_perplexities(policy, places) for policy, places in RANKS.items()), truth=COURSES)
    content = ranks_data(made)
    assert {row["policy"]: row["ranks"] for row in content["rows"]} == RANKS
    (axes,) = ranks(content).axes
    marks = [line for line in axes.lines if line.get_marker() == "o"]
    assert [list(line.get_xdata()) for line in marks] == [row["ranks"] for row in content["rows"]]
    for row, line in enumerate(marks):
        heights = line.get_ydata()
        assert len(set(heights)) == len(SEEDS)
        assert all(abs(height - row) < 0.5 for height in heights)
    assert [label.get_text() for label in axes.get_yticklabels()] == [row["policy"] for row in content["rows"]]
    text = words(ranks(content))
    assert "rank of 32" in text
    assert "test perplexity, mean of 10 repeats at 1000 epochs" in text
    assert "3 seeds" in text


def test_a_run_without_a_rank_leaves_a_gap() -> None:
    content = ranks_data(board(of_perplexities("nao", [4, "diverged", 9]), truth=COURSES))
    assert content["rows"][0]["ranks"] == [4, None, 9]
    (line,) = (line for line in ranks(content).axes[0].lines if line.get_marker() == "o")
    assert np.isnan(line.get_xdata()).tolist() == [False, True, False]


def test_a_policy_keeps_its_colour_on_every_oracle() -> None:
    groups = [of_perplexities("nao", [1, 2, 3]), of_perplexities("nao", [7, 8, 9], oracle="supernet")]
    content = ranks_data(board(*groups, truth=COURSES))
    lines = [line for line in ranks(content).axes[0].lines if line.get_marker() in ("o", "s")]
    assert [line.get_marker() for line in lines] == ["o", "s"]
    assert len({line.get_color() for line in lines}) == 1


def test_a_judge_that_trains_has_no_ranks_to_draw() -> None:
    with pytest.raises(IncompatibleError, match="no ranks to draw: recipe 'nasbench101-cifar10'"):
        ranks_data(board(runs("nao", [0.9], [1]), truth=SCRATCH))


def test_many_ranks_stand_on_a_logarithmic_axis() -> None:
    content = ranks_data(board(runs("nao", [0.9, 0.91], [1, 2])))
    assert ranks(content).axes[0].get_xscale() == "log"


def test_every_cell_is_a_line_of_its_ranks_and_the_final_best_are_coloured() -> None:
    content = early_stopping_study(open_table("rnn2-ptb"), top=5)
    (axes,) = plot_early_stopping(content).axes
    coloured = [line for line in axes.lines if line.get_color() != LIGHT]
    assert len(axes.lines) == 32
    assert [list(line.get_ydata()) for line in coloured] == [cell["ranks"] for cell in content["cells"][:5]]
    assert [line.get_label() for line in coloured] == [
        f"{place}: {cell['cell']}" for place, cell in enumerate(content["cells"][:5], 1)
    ]
    grey = {tuple(line.get_ydata()) for line in axes.lines if line.get_color() == LIGHT}
    assert grey == {tuple(cell["ranks"]) for cell in content["cells"][5:]}
    assert all(list(line.get_xdata()) == content["epochs"] for line in axes.lines)
    assert axes.yaxis_inverted()
    assert "validation perplexity, mean of 10 repeats" in words(plot_early_stopping(content))


def test_the_penalty_joins_the_two_means_of_a_policy() -> None:
    without, shared = of_perplexities("nao", [1, 2, 3]), of_perplexities("nao", [11, 22, 30], oracle="supernet")
    made = board(of_perplexities("random", [20, 21, 22]), without, shared, truth=COURSES)
    figure = plot_penalty(compare_oracles(made, ["nao"], "supernet"))
    (axes,) = figure.axes
    joint = axes.lines[0]
    assert list(joint.get_xdata()) == pytest.approx([64.0, 83.0])
    middles = [points(bar.lines[0])[0][0] for bar in axes.containers]
    assert middles == pytest.approx([64.0, 83.0])
    seeds = [
        collection.get_offsets()[:, 0].tolist() for collection in axes.collections if len(collection.get_offsets())
    ]
    assert [63.0, 64.0, 65.0] in seeds
    assert [73.0, 84.0, 92.0] in seeds
    dashed = next(line for line in axes.lines if line.get_linestyle() == "--")
    assert dashed.get_xdata()[0] == pytest.approx(83.0)
    assert "test perplexity of the recommended cell" in words(figure)


def test_accuracies_are_drawn_in_per_cent() -> None:
    without, shared = runs("nao", [0.9, 0.92], [1, 2]), runs("nao", [0.8, 0.82], [1, 2], oracle="supernet")
    made = board(runs("random", [0.7, 0.72], [1, 2]), without, shared)
    figure = plot_penalty(compare_oracles(made, ["nao"], "supernet"))
    assert list(figure.axes[0].lines[0].get_xdata()) == pytest.approx([91.0, 81.0])
    assert "test accuracy (%)" in words(figure)


def test_a_policy_without_values_on_one_side_still_has_its_row() -> None:
    shared = of_perplexities("nao", ["gone"] * 3, oracle="supernet")
    made = board(of_perplexities("random", [20, 21, 22]), of_perplexities("nao", [1, 2, 3]), shared, truth=COURSES)
    figure = plot_penalty(compare_oracles(made, ["nao"], "supernet"))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["nao"]


def test_tau_is_a_thin_line_for_each_seed_and_a_thick_one_for_their_mean() -> None:
    content: Any = contents.weight_sharing()
    axes = plot_weight_sharing(content).axes[0]
    thin = [line for line in axes.lines if line.get_color() == LIGHT]
    assert len(thin) == len(content["seeds"])
    for seed, line in zip(content["seeds"], thin, strict=True):
        taus = [(row["epoch"], row["tau"]) for row in content["scorings"] if row["seed"] == seed]
        assert points(line) == taus
    mean = next(line for line in axes.lines if line.get_label() == "mean")
    assert points(mean) == [(row["epoch"], row["tau"]["mean"]) for row in content["summary"]]
    assert mean.get_linewidth() > thin[0].get_linewidth()


def test_the_true_top_ten_lead_from_their_true_to_their_shared_rank() -> None:
    content: Any = contents.weight_sharing()
    figure = plot_weight_sharing(content)
    for axes, run in zip(figure.axes[1:4], ("best", "average", "worst"), strict=True):
        shown = next(each for each in content["displacements"] if each["run"] == run)
        assert f"seed {shown['seed']}" in axes.get_title("left")
        assert f"tau {shown['tau']:.3f}" in axes.get_title("left")
        lines = {tuple(map(int, line.get_ydata())) for line in axes.lines}
        assert lines == {(pair["true"], pair["shared"]) for pair in shown["ranks"]}


def test_bars_are_the_truth_and_the_line_is_the_mean_shared_score() -> None:
    content: Any = contents.weight_sharing()
    figure = plot_weight_sharing(content)
    truth, scores = figure.axes[4:]
    heights = [bar.get_y() + bar.get_height() for bar in truth.patches]
    assert heights == pytest.approx([cell["truth"] for cell in content["cells"]])
    assert list(scores.lines[0].get_ydata()) == pytest.approx([cell["score_mean"] for cell in content["cells"]])
    text = words(figure)
    assert "truth: validation perplexity" in text
    assert "10 repeats of table rnn2-ptb" in text


def test_statistics_that_do_not_exist_leave_gaps() -> None:
    content: Any = contents.weight_sharing()
    content["scorings"][0]["tau"] = content["summary"][0]["tau"]["mean"] = None
    content["cells"][3] |= {"score_mean": None, "score_std": None, "truth_std": None}
    content["cells"][-1] |= {"truth": None, "truth_std": None}
    content["displacements"] = []
    figure = plot_weight_sharing(content)
    taus, truth, scores = figure.axes
    assert np.isnan(taus.lines[0].get_ydata()).tolist() == [True, False, False, False]
    assert len(truth.patches) == len(content["cells"]) - 1
    assert np.isnan(scores.lines[0].get_ydata(orig=False)).nonzero()[0].tolist() == [3]
    figure.draw_without_rendering()


def test_the_groups_are_bars_of_mean_tau_with_a_mark_for_each_seed() -> None:
    content: Any = contents.sharing_amount()
    axes = plot_sharing_amount(content).axes[0]
    assert [bar.get_height() for bar in axes.patches] == pytest.approx([g["tau"]["mean"] for g in content["groups"]])
    marks = [line for line in axes.lines if len(line.get_xdata()) == len(content["seeds"])]
    assert [list(line.get_ydata()) for line in marks] == [group["taus"] for group in content["groups"]]


def test_a_group_without_any_tau_has_no_bar() -> None:
    content: Any = contents.sharing_amount()
    content["groups"][1] |= {"taus": [None] * 10, "tau": {"seeds": 0, "mean": None, "std": None}}
    assert len(plot_sharing_amount(content).axes[0].patches) == 3


def test_cells_are_coloured_by_how_many_matrices_they_share() -> None:
    content: Any = contents.sharing_amount()
    axes = plot_sharing_amount(content).axes[1]
    for place in range(4):
        line = next(line for line in axes.lines if line.get_label() == f"{place} shared")
        group = [cell for cell in content["cells"] if cell["shared"] == place]
        assert points(line) == [(cell["true_rank"], cell["shared_rank"]) for cell in group]
        assert to_hex(line.get_color()).upper() == COLOURS[place]


def test_rank_ticks_begin_at_one_and_are_few() -> None:
    assert rank_ticks(32) == [1, 5, 10, 15, 20, 25, 30]
    assert rank_ticks(8) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert all(len(rank_ticks(size)) <= 11 for size in range(1, 201))


def test_offsets_are_even_and_about_the_middle() -> None:
    assert spaced(1, 0.6) == [0]
    assert spaced(3, 0.6) == pytest.approx([-0.2, 0, 0.2])
