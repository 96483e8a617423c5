"""Importing NAS-Bench-201: what lands where, what stays missing, which splits never mix, and that nothing is run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backends.tabular import Table
from backends.tabular.import_csv import import_csv
from backends.tabular.import_nasbench201 import DATASETS
from backends.tabular.nasbench201_trainings import RecordedTraining, repeat_seeds
from backends.tabular.oracle import TabularOracle
from backends.tabular.verify import info, verify
from harness.core.errors import IncompatibleError, TableError
from harness.core.judgement import Verdict
from harness.core.oracle import Score, Scored
from harness.judging.judge import Judge
from harness.planning.settings import create_space
from tests.backends.tabular.nasbench201_source import (
    CELLS,
    CONVOLUTIONS,
    EVALUATIONS,
    NOTHING,
    SEEDS,
    SPACE,
    compressed,
    entry,
    folder,
    imported,
    percent,
    whole,
)

UNIQUE = "nasbench201-unique"
REPEATS = {12: {777: 0, 111: 1}, 200: {777: 0, 888: 1, 999: 2}}


def expected(table: Table, dataset: str, evaluation: str, epochs: int) -> np.ndarray[Any, Any]:
    """Fractions by row and repeat, from the numbers that the files were made of."""
    values = np.full((len(CELLS), 3), np.nan)
    for cell, text in enumerate(CELLS):
        row = table.row(SPACE.key(SPACE.parse(text)))
        for seed in SEEDS[epochs][cell]:
            values[row, REPEATS[epochs][seed]] = percent(cell, epochs, seed, dataset, evaluation) / 100
    return values


SPLITS = {
    "cifar10-valid": ("x-valid", "ori-test"),
    "cifar10": (None, "ori-test"),
    "cifar100": ("x-valid", "x-test"),
    "ImageNet16-120": ("x-valid", "x-test"),
}
"""Validation and test by the benchmark's own words (NAS-Bench-201, README; api_utils.py, remap_dataset_set_names)."""


@pytest.mark.parametrize("epochs", [12, 200])
@pytest.mark.parametrize("dataset", SPLITS)
def test_each_data_set_has_its_own_table_with_the_benchmarks_splits(published: Path, dataset: str, epochs: int) -> None:
    table = imported(published, dataset=dataset)
    assert (len(table), table.epochs, table.repeats) == (3, (12, 200), 3)
    validation, test = SPLITS[dataset]
    for metric, evaluation in (("train", "train"), ("validation", validation), ("test", test)):
        if evaluation is not None:
            found = table.values(f"{metric}_accuracy", epochs)
            np.testing.assert_allclose(found, expected(table, dataset, evaluation, epochs), rtol=1e-15)


def test_a_seed_that_was_never_trained_stays_missing(published: Path) -> None:
    table = imported(published)
    rows = [table.row(SPACE.key(SPACE.parse(text))) for text in CELLS]
    assert table.recorded(200, rows).astype(int).tolist() == [[1, 1, 1], [1, 0, 1], [0, 1, 0]]
    assert table.recorded(12, rows).astype(int).tolist() == [[1, 1, 0], [1, 0, 0], [1, 0, 0]]
    assert table.mean("test_accuracy")[rows[2]] == pytest.approx(
        percent(2, 200, 888, "cifar10-valid", "ori-test") / 100
    )


def test_seconds_are_those_of_all_epochs_of_training(published: Path) -> None:
    table = imported(published)
    row = [table.row(SPACE.key(SPACE.parse(CELLS[1])))]
    assert table.values("training_seconds", 12, row)[0, 0] == 12 * 3.0
    assert table.values("training_seconds", 200, row)[0, 2] == 200 * 3.0


def test_parameters_are_whole_numbers_again(published: Path) -> None:
    table = imported(published)
    assert table.parameters is not None
    rows = [table.row(SPACE.key(SPACE.parse(text))) for text in CELLS]
    assert table.parameters[rows].tolist() == [73_306, 1_531_331, 5]


def test_a_table_of_cifar10_cannot_be_searched_by_validation(published: Path) -> None:
    table = imported(published, dataset="cifar10")
    assert table.metrics == ("train_accuracy", "test_accuracy", "training_seconds")
    with pytest.raises(IncompatibleError, match="has no validation_accuracy"):
        TabularOracle(SPACE, 1, table=str(table.path))


def test_recipe_and_provenance_say_which_images_are_which(published: Path) -> None:
    valid, full = (info(imported(published, dataset=name)) for name in ("cifar10-valid", "cifar10"))
    assert "cifar10-valid: trained on 25,000" in valid["recipe"]
    assert "no validation" in full["recipe"]
    assert valid["provenance"]["evaluations"] == {"train": "train", "validation": "x-valid", "test": "ori-test"}
    assert full["provenance"]["evaluations"] == {"train": "train", "test": "ori-test"}
    assert valid["provenance"]["seeds"] == {"12": [777, 111, 999], "200": [777, 888, 999]}
    assert valid["provenance"]["dataset"] == "cifar10-valid"
    assert valid["digest"] != full["digest"]


def test_every_data_set_of_the_files_can_be_imported() -> None:
    assert set(DATASETS) == set(EVALUATIONS) == set(SPLITS)


def test_trainings_that_were_evaluated_on_test_at_their_end_alone_are_complete(tmp_path: Path) -> None:
    new = imported(folder(tmp_path / "new")).digest
    old = imported(folder(tmp_path / "old", lambda cell: entry(cell, old=True))).digest
    assert new == old


def test_all_published_forms_give_the_same_table(published: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    compressed(tmp_path / "NATS-tss-v1_0-3ffb9.pickle.pbz2", whole())
    of_201 = whole(("less", "full"))
    torch.save(of_201, tmp_path / "archive.pth")
    torch.save(of_201, tmp_path / "older.pth", _use_new_zipfile_serialization=False)
    names = ("NATS-tss-v1_0-3ffb9.pickle.pbz2", "archive.pth", "older.pth")
    assert len({imported(path).digest for path in (published, *(tmp_path / name for name in names))}) == 1


def test_trained_weights_are_let_go_of(published: Path, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    weights = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4)).state_dict()

    def with_weights(cell: int) -> dict[str, Any]:
        content = entry(cell)
        for each in content["200"]["all_results"].values():
            each["net_state_dict"], each["latency"] = weights, np.arange(3.0)
        return content

    full = whole()
    full["arch2infos"] = {cell: with_weights(cell) for cell in range(3)}
    torch.save(full, tmp_path / "full.pth")
    torch.save(full, tmp_path / "older.pth", _use_new_zipfile_serialization=False)
    sources = (published, folder(tmp_path / "full", with_weights), tmp_path / "full.pth", tmp_path / "older.pth")
    assert len({imported(source).digest for source in sources}) == 1


def test_verify_finds_the_missing_repeats_and_nothing_else(published: Path) -> None:
    found = verify(imported(published), SPACE)
    assert found == [
        "3 of 3 cells lack some of their 3 repeats at 12 epochs",
        "2 of 3 cells lack some of their 3 repeats at 200 epochs",
    ]


@pytest.mark.parametrize("name", ["nasbench201", "nasbench201-unique"])
def test_one_table_serves_both_spaces(published: Path, name: str) -> None:
    table, space = imported(published), create_space(name)
    oracle, cell = TabularOracle(space, 1, table=str(table.path)), space.parse(NOTHING)
    (answer,) = oracle.answer([Score(cell, 12)])
    assert isinstance(answer, Scored)
    assert answer.value == pytest.approx(percent(2, 12, 777, "cifar10-valid", "x-valid") / 100)
    verdict = Judge(table, space).judge(space.parse(CONVOLUTIONS))
    assert isinstance(verdict, Verdict)
    assert verdict.value == pytest.approx(
        np.mean([percent(0, 200, s, "cifar10-valid", "ori-test") / 100 for s in SEEDS[200][0]])
    )


def test_a_csv_of_architecture_strings_is_a_table_as_well(tmp_path: Path) -> None:
    rows = [f"{text},200,{repeat},{0.5 + repeat / 10},{0.4 + repeat / 10}" for text in CELLS for repeat in (0, 2)]
    source = tmp_path / "cells.csv"
    source.write_text("\n".join(["arch,epochs,repeat,valid_accuracy,test_accuracy", *rows]))
    import_csv(source, SPACE, tmp_path / "table.h5")
    with Table.open(tmp_path / "table.h5") as table:
        row = table.row(SPACE.key(SPACE.parse(CONVOLUTIONS)))
        assert table.recorded(200, [row]).tolist() == [[True, False, True]]
        assert table.values("test_accuracy", 200, [row])[0, 2] == pytest.approx(0.6)
    source.write_text("adjacency,operations,epochs,test_accuracy\n0100,a,4,0.5\n")
    with pytest.raises(TableError, match="space 'nasbench201' has no adjacency matrices"):
        import_csv(source, SPACE, tmp_path / "table.h5")


def training(epochs: int, seed: int) -> RecordedTraining:
    return RecordedTraining(0, NOTHING, epochs, seed, (0.5,), 1.0, 5)


@pytest.mark.parametrize(
    ("used", "seated"),
    [
        ([777], (777, 888, 999)),
        ([999, 888, 777], (777, 888, 999)),
        ([777, 111], (777, 111, 999)),
        ([888, 111], (111, 888, 999)),
        ([111, 777, 888], (777, 888, 111)),
        ([777, 888, 999, 111], (777, 888, 999, 111)),
    ],
)
def test_a_seed_has_one_place_whatever_a_cell_lacks(used: list[int], seated: tuple[int, ...]) -> None:
    assert repeat_seeds([training(12, seed) for seed in used])[12] == seated


def test_in_the_unique_space_search_and_judge_see_the_same_training_of_a_class(tmp_path: Path) -> None:
    """Both texts are one class: an operation on a node that is nothing."""
    pair = [f"|none~0|+|none~0|none~1|+|nor_conv_3x3~0|{name}~1|none~2|" for name in ("none", "avg_pool_3x3")]
    rows = [f"{text},200,0.{n},0.{n}5" for n, text in enumerate(pair, start=1)]
    (tmp_path / "cells.csv").write_text("\n".join(["arch,epochs,validation_accuracy,test_accuracy", *rows]))
    import_csv(tmp_path / "cells.csv", SPACE, tmp_path / "table.h5")
    with Table.open(tmp_path / "table.h5") as table:
        for space, seen, judged in (
            (SPACE, (0.1, 0.2), (0.15, 0.25)),
            (create_space(UNIQUE), (0.1, 0.1), (0.15, 0.15)),
        ):
            cells = [space.parse(text) for text in pair]
            answers = TabularOracle(space, 1, table=str(tmp_path / "table.h5")).answer([Score(cell) for cell in cells])
            assert [answer.value for answer in answers if isinstance(answer, Scored)] == pytest.approx(seen)
            verdicts = [Judge(table, space).judge(cell) for cell in cells]
            assert [verdict.value for verdict in verdicts if isinstance(verdict, Verdict)] == pytest.approx(judged)
