"""The study of how much is shared: the 12 cells, their truth, and tau inside each group."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from backends.networks.adapters import DataKind
from backends.tabular.journal import read_journal
from harness.core.errors import HarnessError, TableError
from harness.planning.experiment import Experiment
from harness.planning.settings import create_space
from harness.spaces.nasbench101_keys import matrix_of_key
from harness.statistics import tukey_distance
from harness.storage.store import Store
from harness.studies.sharing_amount.cells import SPACES, twelve_cells
from harness.studies.sharing_amount.measure import SharingAmountResult, sharing_amount_result, study_sharing_amount
from harness.studies.sharing_amount.page import sharing_amount_page
from harness.studies.uniform_sharing_runs import FinishedRuns
from tests.backends.standalone.recipe import TINY
from tests.fakes.scored_runs import judged, scorings
from tests.fakes.watch import Watch

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"


def adjacency(group: int) -> list[list[int]]:
    """The last interior vertex follows vertex ``group``; those up to it are connected upward; then the output."""
    matrix = np.zeros((group + 3, group + 3), int)
    matrix[: group + 1, : group + 1] = np.triu(np.ones((group + 1, group + 1), int), 1)
    matrix[group, group + 1] = matrix[group + 1, group + 2] = 1
    return matrix.tolist()


def test_image_cells_are_the_published_groups_of_three() -> None:
    space = create_space(SPACES["images"])
    found = twelve_cells("images")
    assert [member.shared for member in found] == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3
    for member in found:
        matrix, operations = matrix_of_key(space.key(space.parse(member.cell)))
        assert [list(row) for row in matrix] == adjacency(member.shared)
        assert set(operations[:-1]) <= {0}  # conv3x3
    assert len({space.key(space.canonical(space.parse(member.cell))) for member in found}) == 12


def test_recurrent_cells_search_node_3_and_count_the_fixed_matrices_before_it() -> None:
    space = create_space(SPACES["text"])
    cells = {member.cell: member.shared for member in twelve_cells("text")}
    assert len({space.key(space.parse(cell)) for cell in cells}) == 12
    choices = {space.parse(cell).choices[:4] for cell in cells}
    assert choices == {(0, 0, 1, 0)}
    for cell, shared in cells.items():
        sources = [int(word.partition("@")[2]) for word in cell.split()]
        node, passed = sources[2], 0
        while node:
            node, passed = sources[node - 1], passed + 1
        assert passed == shared
    assert sorted(cells.values()) == [0] * 4 + [1] * 4 + [2] * 4


@pytest.mark.parametrize("kind", ["images", "text"])
def test_cells_are_written_as_their_space_writes_them(kind: DataKind) -> None:
    space = create_space(SPACES[kind])
    for member in twelve_cells(kind):
        assert space.format(space.canonical(space.parse(member.cell))) == member.cell


def by_hand(*columns: list[float]) -> SharingAmountResult:
    mine = twelve_cells("images")
    runs = tuple(scorings(seed, [m.cell for m in mine], {7: each}) for seed, each in enumerate(columns, 1))
    truth = judged("test_accuracy", [0.9 - i / 100 for i in range(12)])
    told = {"space": "nasbench101-v6", "search_metric": "validation", "factors": {}}
    return sharing_amount_result(mine, FinishedRuns(runs, {}), truth, **told)  # type: ignore[arg-type]


def test_tau_is_taken_inside_each_group_and_over_all_cells() -> None:
    right = [1 - i / 20 for i in range(12)]
    swapped = [*right[:3], *right[3:6][::-1], right[7], right[6], *right[8:]]
    found = by_hand(right, swapped)
    assert [group["taus"] for group in found["groups"]] == [
        pytest.approx(taus) for taus in ([1, 1], [1, -1], [1, 1 / 3], [1, 1])
    ]
    assert [group["tau"]["mean"] for group in found["groups"]] == pytest.approx([1, 0, 2 / 3, 1])
    assert found["taus"] == pytest.approx([1, 1 - 2 * 4 / 66])  # four of 66 pairs are turned round
    assert found["cells"][3]["shared_ranks"] == [4, 6]
    assert found["cells"][3]["shared_rank"] == 5


def test_the_page_says_which_taus_three_cells_can_have_beside_the_published_ones() -> None:
    page = sharing_amount_page(by_hand([float(i) for i in range(12)]))
    assert "can only be -1, -1/3, 1/3 or 1" in " ".join(page.notes)
    assert [row[-1] for row in page.grids[0].rows] == ["0.67", "0.33", "-0.33", "0.00", "–"]


def published_digits() -> SharingAmountResult:
    """The stored figures of the study on digits, measured anew from its truths and scores."""
    stored = json.loads((RESULTS / "sharing-amount-nasbench101.json").read_text())
    by_cell = {cell["cell"]: cell for cell in stored["cells"]}
    rows = [by_cell[member.cell] for member in twelve_cells("images")]
    truth = judged("test_accuracy", [row["truth"] for row in rows], [row["truth_std"] for row in rows])
    runs = tuple(
        scorings(seed, [row["cell"] for row in rows], {1: [row["scores"][place] for row in rows]})
        for place, seed in enumerate(stored["seeds"])
    )
    told = {"space": "nasbench101-v6", "search_metric": "validation", "factors": {}}
    return sharing_amount_result(twelve_cells("images"), FinishedRuns(runs, {}), truth, **told)  # type: ignore[arg-type]


def test_the_truth_of_digits_resolves_no_pair_of_the_cells_that_share_most() -> None:
    found = published_digits()
    assert [(group["resolved"], group["pairs"]) for group in found["groups"]] == [(3, 3), (2, 3), (0, 3), (0, 3)]
    assert found["error"] == pytest.approx(0.0101, abs=1e-4)
    assert found["resolution"] == pytest.approx(0.0357, abs=1e-4)
    page = sharing_amount_page(found)
    assert [row[2] for row in page.grids[0].rows] == ["3 of 3", "2 of 3", "0 of 3", "0 of 3", "–"]
    assert "does not resolve all pairs of groups 1, 2, 3" in " ".join(page.notes)


def test_equally_good_cells_are_resolved_in_one_group_of_twenty() -> None:
    draw, wrong, unit = np.random.Generator(np.random.PCG64(3)), 0, tukey_distance(3, 1.0, 24)
    for _ in range(1_000):
        values = draw.standard_normal((12, 3))
        error = math.sqrt(float(values.var(axis=1, ddof=1).mean()) / 3)
        wrong += np.ptp(values.mean(axis=1)[:3]) > unit * error
    assert wrong / 1_000 == pytest.approx(0.05, abs=0.02)


def test_a_truth_of_single_trainings_says_that_its_noise_is_not_known() -> None:
    source, truth = judged("test_accuracy", [0.9 - i / 100 for i in range(12)])
    single = replace(truth, stds=np.full(12, np.nan), counts=np.ones(12, np.int64))
    cells = twelve_cells("images")
    runs = (scorings(1, [member.cell for member in cells], {1: [float(i) for i in range(12)]}),)
    told = {"space": "nasbench101-v6", "search_metric": "validation", "factors": {}}
    found = sharing_amount_result(cells, FinishedRuns(runs, {}), (source, single), **told)  # type: ignore[arg-type]
    assert [group["resolved"] for group in found["groups"]] == [None] * 4
    assert "no repeats" in " ".join(sharing_amount_page(found).notes)


def test_a_group_whose_scores_are_equal_or_missing_has_no_tau() -> None:
    found = by_hand([0.5] * 3 + [float("nan")] * 3 + [0.1, 0.2, 0.3, 0.3, 0.2, 0.1])
    assert [group["taus"] for group in found["groups"]] == [[None], [None], [pytest.approx(-1)], [pytest.approx(1)]]
    sharing_amount_page(found)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A recipe that trains a cell in a fraction of a second."""
    recipe = replace(TINY, epochs=(2,), train_images=64, train_accuracy_images=50, stacks=1)
    path = tmp_path / "tiny.yaml"
    path.write_text(yaml.safe_dump(asdict(recipe) | {"epochs": [2]}))
    return path


def experiment(folder: Path, **changes: Any) -> Experiment:
    settings = {"oracle.sharing": 5.0, "policy.epochs": 2, "policy.updates": 4}
    fields = {"oracles": ("synthetic",), "seeds": (1, 2), "settings": settings, "workers": 1}
    return Experiment.model_validate({**fields, "store": f"sqlite:///{folder}/runs.db", **changes})


@pytest.mark.slow(reason="trains 12 cells from scratch")
def test_only_the_12_cells_are_trained_and_scored_and_their_truth_is_trained_once(tmp_path: Path, tiny: Path) -> None:
    asked = experiment(tmp_path)
    found = study_sharing_amount("images", asked, Watch(), recipe=str(tiny))
    assert len(found["cells"]) == 12
    (journal,) = tmp_path.glob("sharing-amount-nasbench101-v6-*.journal")
    _, rows = read_journal(journal)
    assert len(rows) == 12 * TINY.repeats
    best = found["cells"][0]
    mine = [row["final"]["test_accuracy"] for row in rows if len(row["operations"]) == best["shared"] + 1]
    assert best["truth"] == pytest.approx(max(np.mean([mine[i : i + 2] for i in range(0, len(mine), 2)], axis=1)))
    with Store.read(asked.store) as store:
        runs = store.runs()
        assert {len(store.trials(run.id)) for run in runs} == {12}
        assert {len(store.probe(run.id)) for run in runs} == {0}
    journal.unlink()
    again = Watch()
    assert study_sharing_amount("images", asked, again, recipe=str(tiny)) == found
    assert (journal.exists(), again.jobs) == (False, [])
    (path,) = tmp_path.glob("*.h5")
    named = experiment(tmp_path, table=str(path))
    assert study_sharing_amount("images", named, Watch(), recipe="nasbench101-v5-digits")["cells"] == found["cells"]


def test_a_table_must_hold_all_12_cells(tmp_path: Path, tiny: Path) -> None:
    asked = experiment(tmp_path, table="nasbench101-v5-digits")
    with pytest.raises(TableError, match=r"lacks 3 of the 12 cells, such as 'conv3x3@0 conv3x3@0,1 conv3x3@0,1,2"):
        study_sharing_amount("images", asked, Watch(), recipe=str(tiny))
    assert not list(tmp_path.glob("*.db"))


def test_a_recipe_of_the_other_kind_is_refused_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="is a recipe of task 'language'; expected one of task 'image'"):
        study_sharing_amount("images", experiment(tmp_path), Watch(), recipe="rnn2-austen")
    assert not list(tmp_path.iterdir())
