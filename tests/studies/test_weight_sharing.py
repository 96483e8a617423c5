"""The study of weight sharing: its numbers, and its runs."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import kendalltau

from harness.core.errors import HarnessError, TableError
from harness.core.measures import PERPLEXITY
from harness.judging.recorded_truth import TruthSource
from harness.planning.experiment import Experiment
from harness.planning.plan import build_truth
from harness.planning.settings import create_space
from harness.storage.store import Store
from harness.studies.uniform_sharing_runs import FinishedRuns, sharing_plan
from harness.studies.weight_sharing.measure import WeightSharingResult, study_weight_sharing, weight_sharing_result
from harness.studies.weight_sharing.page import weight_sharing_page
from tests.fakes.scored_runs import judged, scorings
from tests.fakes.watch import Watch

CELLS = ("a", "b", "c", "d")
SPACE = create_space("nasbench101-v4")


def study(
    *runs: Any, metric: str = "test_accuracy", truth: tuple[float, ...] = (0.9, 0.8, 0.7, 0.6)
) -> WeightSharingResult:
    told = FinishedRuns(runs, {9: "the GPU has no memory left"})
    return weight_sharing_result(told, judged(metric, truth), space=SPACE, search_metric="validation", factors={})


def test_every_scoring_has_its_statistics_and_every_epoch_their_spread() -> None:
    first = scorings(1, CELLS, {0: [0.1] * 4, 5: [0.4, 0.3, 0.2, 0.1]})
    second = scorings(2, CELLS, {0: [0.1, 0.2, 0.3, 0.4], 5: [0.4, 0.3, 0.1, 0.2]})
    found = study(first, second)
    assert [(row["seed"], row["epoch"], row["tau"]) for row in found["scorings"]] == [
        (1, 0, None),
        (1, 5, pytest.approx(1.0)),
        (2, 0, pytest.approx(-1.0)),
        (2, 5, pytest.approx(4 / 6)),  # five of six pairs in order
    ]
    assert "does not vary" in found["scorings"][0]["reasons"]["tau"]
    before, after = found["summary"]
    assert (before["tau"]["seeds"], before["tau"]["mean"], before["tau"]["std"]) == (1, pytest.approx(-1), None)
    assert (after["tau"]["best_seed"], after["tau"]["worst_seed"]) == (1, 2)
    assert after["tau"]["mean"] == pytest.approx(5 / 6)
    assert after["deviation"]["best_seed"] == 1  # the smallest
    assert found["failed"] == {"9": "the GPU has no memory left"}


def test_cells_stand_by_true_rank_with_the_scores_of_the_last_epoch() -> None:
    one = scorings(1, CELLS, {0: [0.0] * 4, 3: [0.4, math.nan, 0.2, 0.1]})
    two = scorings(2, CELLS, {0: [0.0] * 4, 3: [0.2, 0.3, 0.2, 0.1]})
    found = study(one, two, truth=(0.7, 0.9, math.nan, 0.8))
    assert [(row["cell"], row["rank"]) for row in found["cells"]] == [("b", 1), ("d", 2), ("a", 3), ("c", None)]
    assert found["cells"][0]["scores"] == [None, 0.3]
    assert found["cells"][2]["score_mean"] == pytest.approx(0.3)
    assert found["cells"][2]["score_std"] == pytest.approx(np.std([0.4, 0.2], ddof=1))
    assert [row["cells"] for row in found["scorings"] if row["epoch"] == 3] == [2, 3]


def test_of_perplexities_the_smallest_is_the_best_and_scores_are_shown_as_perplexities() -> None:
    found = study(
        scorings(1, CELLS, {2: [-5.0, -5.1, -5.2, -5.3]}), metric="validation_perplexity", truth=(300, 310, 305, 320)
    )
    assert [row["cell"] for row in found["cells"]] == ["a", "c", "b", "d"]
    assert found["scorings"][0]["tau"] == pytest.approx(4 / 6)
    assert found["cells"][0]["scores"] == [pytest.approx(math.exp(5))]
    assert (found["score_metric"], found["larger_is_better"]) == ("validation_perplexity", False)


def test_the_true_top_ten_are_followed_for_the_best_the_worst_and_the_average_seed() -> None:
    cells = tuple(map(str, range(12)))
    truth = tuple(1 - i / 20 for i in range(12))
    swapped = [1.0 - i for i in range(12)]
    swapped[0], swapped[6] = swapped[6], swapped[0]
    orders = {1: [1.0 - i for i in range(12)], 2: [float(i) for i in range(12)], 3: swapped}
    found = study(*(scorings(seed, cells, {1: scores}) for seed, scores in orders.items()), truth=truth)
    runs = {each["run"]: each for each in found["displacements"]}
    assert {name: each["seed"] for name, each in runs.items()} == {"best": 1, "worst": 2, "average": 3}
    assert [(pair["true"], pair["shared"]) for pair in runs["best"]["ranks"]] == [(i, i) for i in range(1, 11)]
    assert [pair["shared"] for pair in runs["worst"]["ranks"]] == list(range(12, 2, -1))
    assert runs["average"]["ranks"][0] == {"cell": "0", "true": 1, "shared": 7}


@pytest.mark.parametrize("scores", [[math.nan] * 4, [0.1] * 4, [-math.inf, 0.1, math.nan, math.nan]])
def test_scores_that_rank_nothing_make_a_page_with_reasons(scores: list[float]) -> None:
    found = study(scorings(1, CELLS, {0: scores}))
    json.dumps(found, allow_nan=False)
    page = weight_sharing_page(found)
    assert found["displacements"] == []
    assert any(note.startswith("–: ") for note in page.notes)


def synthetic(folder: Path, **changes: Any) -> Experiment:
    settings = {"oracle.sharing": 20.0, "policy.epochs": 4, "policy.updates": 5, "policy.scored": 12}
    fields = {"oracles": ("synthetic",), "space": "nasbench101-v4", "seeds": (1, 2), "settings": settings}
    return Experiment.model_validate({**fields, "store": f"sqlite:///{folder}/runs.db", "workers": 1, **changes})


def test_the_scores_of_a_study_are_those_of_its_runs_and_the_truth_is_the_table_s(tmp_path: Path) -> None:
    experiment = synthetic(tmp_path)
    found = study_weight_sharing(experiment, Watch(), score_epochs=(0, 2))
    assert (found["epochs"], found["seeds"]) == ([0, 2, 4], [1, 2])
    plan = sharing_plan(experiment, (0, 2))
    table = build_truth(plan.specs[0], SPACE)
    with Store.read(experiment.store) as store:
        rows = store.trials(plan.specs[1].digest)[-12:]
        (look,) = store.looks(plan.specs[1].digest)
    keys = SPACE.canonical_keys(SPACE.require([SPACE.parse(row.architecture) for row in rows]))
    truth = table.mean("test_accuracy")[table.rows(keys)]
    expected = kendalltau([row.value for row in rows], truth).statistic
    assert found["scorings"][-1]["tau"] == pytest.approx(expected)
    assert look.architecture == "12 scored cells"


def test_a_study_that_was_interrupted_goes_on_and_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.execution.engine.CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr("harness.execution.engine.CHECKPOINT_SHARE", 0)
    whole = study_weight_sharing(synthetic(tmp_path / "whole"), Watch())
    for stop in (2, 3, 4):
        with pytest.raises(KeyboardInterrupt):
            study_weight_sharing(synthetic(tmp_path / "cut"), Watch(stop))
    last = Watch()
    assert study_weight_sharing(synthetic(tmp_path / "cut"), last) == whole
    again = Watch()
    assert study_weight_sharing(synthetic(tmp_path / "cut"), again) == whole
    assert (len(last.jobs) > 0, again.jobs, again.notes) == (True, [], [])


def test_the_number_of_workers_changes_nothing(tmp_path: Path) -> None:
    one, two = (
        study_weight_sharing(synthetic(tmp_path / str(n), workers=n), watch) for n, watch in enumerate([Watch()] * 2, 1)
    )
    assert one == two


def test_the_cost_is_told_before_anything_runs(tmp_path: Path) -> None:
    watch = Watch()
    study_weight_sharing(synthetic(tmp_path), watch)
    (note,) = watch.notes
    # five scorings of 12 cells, and the 91 of the probe at the end
    assert note.startswith("less than a minute on 1 worker: 2 runs of 20 updates (")
    assert "and 151 scores (" in note


def test_a_run_without_memory_is_left_out_and_a_study_without_runs_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    live = {"oracles": ("tests.fakes.live:SharedOracle",), "table": "nasbench101-v5-digits", "device": "cpu"}
    settings = {"policy.epochs": 2, "policy.updates": 2, "policy.scored": 5}
    Path("full").write_text("2")
    found = study_weight_sharing(synthetic(tmp_path, settings=settings, **live), Watch())
    assert (found["seeds"], found["failed"]) == ([1], {"2": "the GPU has no memory left; lower the batch size"})
    with pytest.raises(HarnessError, match="no run finished, so there is nothing to rank: the GPU has no memory left"):
        study_weight_sharing(synthetic(tmp_path, settings=settings, seeds=(2,), **live), Watch())


def test_the_truth_is_the_published_split_of_the_measure_unless_another_is_asked_for() -> None:
    accuracies, perplexities = (
        type("Known", (), {"name": "known", "metrics": metrics})
        for metrics in (("validation_accuracy", "test_accuracy"), ("validation_perplexity", "test_perplexity"))
    )
    assert TruthSource.of(accuracies).metric == "test_accuracy"
    assert TruthSource.of(perplexities).metric == "validation_perplexity"
    assert TruthSource.of(perplexities, "test").measure is PERPLEXITY
    with pytest.raises(TableError, match="table 'known' has no test or validation accuracy or perplexity; it has x"):
        TruthSource.of(type("Known", (), {"name": "known", "metrics": ("x",)}))
