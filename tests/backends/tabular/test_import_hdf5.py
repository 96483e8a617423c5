"""Importing the shared HDF5 form of NAS-Bench-101 and the journal of a built table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from backends.tabular import Table
from backends.tabular.import_hdf5 import import_hdf5
from backends.tabular.import_journal import import_journal
from backends.tabular.importers import FORMATS, import_table, importer
from harness.core.errors import SettingError, TableError, UnknownNameError
from harness.spaces.nasbench101 import NASBench101
from harness.spaces.nasbench101_keys import key_of_matrix

HASHES = ("b49ac8c578b4561d79ac7087988f1c61", "1af995a92568cf42af2c2668f72834ea")
CHAIN = key_of_matrix([[0, 1, 0], [0, 0, 1], [0, 0, 0]], [0])


@pytest.fixture
def shared_file(tmp_path: Path) -> Path:
    """A nasbench.hdf5 of two cells, as the script tfrecord_2_hdf5.py lays it out."""
    adjacency = np.zeros((2, 7, 7), dtype=np.int8)
    adjacency[0, 0, 1] = adjacency[0, 1, 2] = 1
    adjacency[1, 0, 1] = adjacency[1, 0, 2] = adjacency[1, 1, 3] = adjacency[1, 2, 3] = 1
    metrics = np.zeros((2, 4, 3, 2, 4), dtype=np.float32)
    metrics[..., 1:] = np.linspace(0.1, 0.9, 144, dtype=np.float32).reshape(2, 4, 3, 2, 3)
    metrics[..., 0] = np.array([4, 12, 36, 108])[None, :, None, None] * np.array([0.5, 1])
    with h5py.File(tmp_path / "nasbench.hdf5", "w") as file:
        file["hash"] = np.array([text.encode() for text in HASHES])
        file["num_vertices"] = np.array([3, 4], dtype=np.int8)
        file["trainable_parameters"] = np.array([10177674, 5], dtype=np.int32)
        file["adjacency"] = adjacency
        file["operations"] = np.array([[-1, 0, -2, 0, 0, 0, 0], [-1, 0, 1, -2, 0, 0, 0]], dtype=np.int8)
        file["metrics"] = metrics
    return tmp_path / "nasbench.hdf5"


def test_the_shared_hdf5_form_imports_with_all_its_numbers(shared_file: Path) -> None:
    output = shared_file.with_name("table.h5")
    calls: list[tuple[int, int]] = []
    import_hdf5(shared_file, NASBench101(), output, lambda done, total: calls.append((done, total)))
    table = Table.open(output)
    rows = table.rows(np.array([CHAIN]))
    with h5py.File(shared_file) as file:
        theirs = file["metrics"][0]
    assert (len(table), table.epochs, table.repeats) == (2, (4, 12, 36, 108), 3)
    for place, metric in enumerate(("training_seconds", "train_accuracy", "validation_accuracy", "test_accuracy")):
        for budget, epochs in enumerate(table.epochs):
            assert (table.values(metric, epochs, rows)[0] == theirs[budget, :, 1, place]).all()
            assert (table.values(metric, epochs, rows, halfway=True)[0] == theirs[budget, :, 0, place]).all()
    assert table.parameters is not None
    assert table.parameters[rows[0]] == 10177674
    assert table.hashes is not None
    assert table.hashes[rows[0]].tobytes().hex() == HASHES[0]
    assert calls == [(2, 2), (2, 2)]  # read, checked


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("metrics", None, "is no nasbench.hdf5: it lacks metrics"),
        ("metrics", np.zeros((2, 3, 3, 2, 4)), "metrics has the shape"),
        ("adjacency", np.zeros((2, 5, 5)), r"adjacency has the shape \(2, 5, 5\), expected \(cells, 7, 7\)"),
        ("operations", np.full((2, 7), 9), r"cell 1: operations is \[9, 9.*\], but must be whole, from -2 to 2"),
        ("hash", np.array([HASHES[0].encode()] * 2), "cell 2: the hash b49ac8.* is there twice"),
        (
            "hash",
            np.array([text.encode() for text in HASHES[::-1]]),
            "cell 1: the hash 1af995.* is not that of its cell",
        ),
        ("num_vertices", np.array([3, 3]), "cell 2: the labels of a cell run from"),
    ],
)
def test_other_layouts_and_contents_are_refused(shared_file: Path, name: str, content: Any, words: str) -> None:
    with h5py.File(shared_file, "r+") as file:
        del file[name]
        if content is not None:
            file[name] = content
    with pytest.raises(TableError, match=words):
        import_hdf5(shared_file, NASBench101(), shared_file.with_name("table.h5"))


def test_a_truncated_hdf5_file_is_refused_in_one_line(shared_file: Path) -> None:
    shared_file.write_bytes(shared_file.read_bytes()[:3000])
    with pytest.raises(TableError, match="truncated") as caught:
        import_hdf5(shared_file, NASBench101(), shared_file.with_name("table.h5"))
    assert "\n" not in str(caught.value)


def journal_row(repeat: int, accuracy: float, *, diverged: bool = False) -> dict[str, Any]:
    moment = {"seconds": 2.0, "train_accuracy": 1.0, "validation_accuracy": accuracy, "test_accuracy": accuracy}
    return {
        "adjacency": "010001000",
        "operations": [0],
        "epochs": 8,
        "repeat": repeat,
        "half": moment | {"seconds": 1.0},
        "final": moment,
        "diverged": diverged,
        "parameters": 321,
    }


def test_a_journal_imports_with_its_recipe_and_hashes(tmp_path: Path) -> None:
    header = {
        "space": "nasbench101-v5",
        "recipe_digest": "d",
        "data_digest": "e",
        "recipe": {"epochs": [8]},
        "repeats": 2,
    }
    rows = [journal_row(0, 0.5), journal_row(1, 0.1, diverged=True)]
    lines = [json.dumps(line) for line in (header, *rows, journal_row(0, 0.9))]  # the last group is torn
    (tmp_path / "a.journal").write_text("\n".join(lines) + "\n")
    import_journal(tmp_path / "a.journal", NASBench101(vertices=5), tmp_path / "table.h5")
    table = Table.open(tmp_path / "table.h5")
    assert table.keys.tolist() == [CHAIN]
    np.testing.assert_array_equal(table.values("validation_accuracy"), [[0.5, np.nan]])
    assert table.recorded().tolist() == [[True, True]]
    assert table.values("training_seconds", halfway=True).tolist() == [[1.0, 1.0]]
    assert table.hashes is not None
    assert table.hashes[0].tobytes().hex() == HASHES[0]
    assert json.loads(table.recipe) == {"epochs": [8]}
    assert (table.provenance["recipe_digest"], table.provenance["data_digest"]) == ("d", "e")


def test_a_journal_row_of_another_kind_is_named(tmp_path: Path) -> None:
    lines = [json.dumps({"recipe": {}, "repeats": 1}), json.dumps({"adjacency": "0100", "operations": [], "epochs": 4})]
    (tmp_path / "a.journal").write_text("\n".join(lines) + "\n")
    with pytest.raises(TableError, match=r"row 1 \(line 2\): no row of a journal: key 'repeat' is missing; the 0 rows"):
        import_journal(tmp_path / "a.journal", NASBench101(vertices=5), tmp_path / "table.h5")


@pytest.mark.parametrize("content", ["{", "no JSON\n", "[1]\n", "{}\n", '{"recipe": {}}\n'])
def test_a_file_that_is_no_journal_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.journal").write_text(content)
    with pytest.raises(TableError, match=r"is no(t a)? journal") as caught:
        import_journal(tmp_path / "a.journal", NASBench101(vertices=5), tmp_path / "table.h5")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_has_its_importer(name: str, tmp_path: Path) -> None:
    assert callable(importer(name))
    with pytest.raises(TableError, match="there is no file"):
        import_table(name, tmp_path / "none", NASBench101(), tmp_path / "table.h5")


def test_options_and_folders_are_checked_before_the_source_is_read(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="unknown option of table format 'csv' 'meanof'; did you mean 'mean_of'"):
        import_table("csv", tmp_path / "none", NASBench101(), tmp_path / "table.h5", meanof=3)
    with pytest.raises(UnknownNameError, match="known: none"):
        import_table("journal", tmp_path / "none", NASBench101(), tmp_path / "table.h5", mean_of=3)
    with pytest.raises(TableError, match="its folder does not exist"):
        import_table("csv", tmp_path / "none", NASBench101(), tmp_path / "no" / "table.h5")


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("csv", {"mean_of": "three"}),
        ("csv", {"mean_of": 0}),
        ("csv", {"mean_of": True}),
        ("csv", {"recipe": 3}),
        ("nasbench201", {"dataset": ["cifar10"]}),
        ("nasbench201", {"epochs": [12]}),
    ],
)
def test_an_option_of_another_type_is_refused(tmp_path: Path, form: str, options: dict[str, Any]) -> None:
    (tmp_path / "a.csv").write_text("architecture,epochs,test_accuracy\n")
    with pytest.raises(SettingError, match=f"option '{next(iter(options))}' cannot be"):
        import_table(form, tmp_path / "a.csv", NASBench101(), tmp_path / "table.h5", **options)


def test_an_unknown_format_is_named_with_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'nasbench-tfrecord'"):
        importer("nasbench-tfrecords")
